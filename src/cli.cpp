#include "cli.hpp"

#include <getopt.h>

#include <array>

namespace drawbridge {
namespace {

enum option_id {
    id_config = 256,
    id_listen,
    id_runtime,
    id_client_config,
    id_strict,
    id_explain,
    id_log_level,
    id_log_format,
    id_help,
    id_version
};

constexpr std::array<option, 11> long_options{{
    {"config", required_argument, nullptr, id_config},
    {"listen", required_argument, nullptr, id_listen},
    {"runtime", required_argument, nullptr, id_runtime},
    {"client-config", required_argument, nullptr, id_client_config},
    {"strict", no_argument, nullptr, id_strict},
    {"explain", no_argument, nullptr, id_explain},
    {"log-level", required_argument, nullptr, id_log_level},
    {"log-format", required_argument, nullptr, id_log_format},
    {"help", no_argument, nullptr, id_help},
    {"version", no_argument, nullptr, id_version},
    {nullptr, 0, nullptr, 0},
}};

std::optional<command> find_command(std::string_view name) {
    if (name == "serve") return command::serve;
    if (name == "check") return command::check;
    if (name == "reap") return command::reap;
    if (name == "help") return command::help;
    return std::nullopt;
}

void take_log_level(options& into, const char* value) {
    if (const auto level = telemetry::parse_severity(value))
        into.log_level = *level;
    else
        into.error = std::string("--log-level ") + value + ": use debug, info, warning, error or critical";
}

void take_log_format(options& into, const char* value) {
    if (const auto format = telemetry::parse_log_format(value))
        into.log_format = *format;
    else
        into.error = std::string("--log-format ") + value + ": use auto, readable, systemd or plain";
}

void take_option(options& into, int id, const char* value, const char* spelled) {
    switch (id) {
    case id_config:
        into.config_file = value;
        break;
    case id_listen:
        into.listen = value;
        break;
    case id_runtime:
        into.runtime = value;
        break;
    case id_client_config:
        into.client_config = value;
        break;
    case id_strict:
        into.strict = true;
        break;
    case id_explain:
        into.explain = true;
        break;
    case id_log_level:
        take_log_level(into, value);
        break;
    case id_log_format:
        take_log_format(into, value);
        break;
    case 'h':
    case id_help:
        into.what = command::help;
        break;
    case id_version:
        into.what = command::version;
        break;
    case ':':
        into.error = std::string(spelled) + " needs a value; see drawbridge --help";
        break;
    default:
        into.error = std::string(spelled) + ": no such option; see drawbridge --help";
        break;
    }
}

} // namespace

options parse_command_line(int argc, char** argv) {
    options parsed;
    int first = 1;
    if (argc > 1 && argv[1][0] != '-') {
        const auto named = find_command(argv[1]);
        if (!named) {
            parsed.error =
                std::string("no command \"") + argv[1] + "\"; the commands are serve, check and reap";
            return parsed;
        }
        parsed.what = *named;
        first = 2;
    }
    argc -= first - 1; // the command stands where getopt looks for the program's name
    argv += first - 1;
    optind = 0; // starts anew: getopt remembers where it was in the last array
    opterr = 0;
    while (parsed.error.empty()) {
        const int before = optind == 0 ? 1 : optind;
        const int id = ::getopt_long(argc, argv, "+:h", long_options.data(), nullptr);
        if (id < 0) break;
        take_option(parsed, id, optarg, argv[before]);
    }
    if (parsed.error.empty() && optind < argc)
        parsed.error = std::string("\"") + argv[optind] + "\" is one word too many; see drawbridge --help";
    if (parsed.error.empty() && parsed.explain && parsed.what != command::check)
        parsed.error = "--explain goes with drawbridge check";
    if (parsed.error.empty() && parsed.strict && parsed.what != command::serve)
        parsed.error = "--strict goes with drawbridge serve";
    return parsed;
}

std::string_view help_text() {
    return R"(drawbridge - an MCP gateway: one HTTP service in front of many MCP servers

  drawbridge [serve] [options] < config.json     run the gateway
  drawbridge check [--explain] < config.json     validate the configuration, start nothing
  drawbridge reap --listen ADDR:PORT             remove what a killed gateway left behind

Clients send MCP to POST /mcp/{server} with the agent id in the Authorization header;
GET /health tells how every server really is. Each server runs in a container of its own.

Options
  --config FILE         read the configuration from FILE instead of stdin
  --listen ADDR:PORT    where to listen; default: 127.0.0.1 and gateway.port
  --runtime NAME|PATH   docker, podman, or the path of a client; default: the environment's
                        MCP_GATEWAY_CONTAINER_RUNTIME, else the first that works
  --client-config FILE  write the client configuration to FILE (mode 0600) instead of stdout:
                        for services whose stdout is a journal, since it holds the agent id
  --strict              serve: start every server first; if one fails, print why and exit 1
  --explain             check: print the exact container command for each server, secrets hidden
  --log-level LEVEL     debug, info (default), warning, error, critical
  --log-format FORMAT   auto (default), readable, systemd, plain
  -h, --help            this text
  --version             the version

Streams
  stdout  one JSON document with the client configuration once the gateway is ready,
          error payloads as JSON lines
  stderr  the log

Signals and status
  SIGTERM, SIGINT and POST /close end the gateway in order: running calls finish, then every
  container is stopped. A second signal does not wait for running calls.
  Exit status 0: ended in order; 1: bad configuration, taken port, no container runtime, or
  a server that did not start under --strict; 2: wrong command line.

A smallest configuration
  {"mcpServers": {"time": {"container": "docker.io/mcp/time"}},
   "gateway": {"port": 8080, "domain": "localhost", "agentId": "${MCP_AGENT_ID}"}}
)";
}

} // namespace drawbridge
