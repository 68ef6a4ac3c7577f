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
    id_control_socket,
    id_url,
    id_socket,
    id_agent_id_file,
    id_json,
    id_watch,
    id_ready,
    id_log_level,
    id_log_format,
    id_help,
    id_version
};

constexpr std::array<option, 18> long_options{{
    {"config", required_argument, nullptr, id_config},
    {"listen", required_argument, nullptr, id_listen},
    {"runtime", required_argument, nullptr, id_runtime},
    {"client-config", required_argument, nullptr, id_client_config},
    {"strict", no_argument, nullptr, id_strict},
    {"explain", no_argument, nullptr, id_explain},
    {"control-socket", required_argument, nullptr, id_control_socket},
    {"url", required_argument, nullptr, id_url},
    {"socket", required_argument, nullptr, id_socket},
    {"agent-id-file", required_argument, nullptr, id_agent_id_file},
    {"json", no_argument, nullptr, id_json},
    {"watch", no_argument, nullptr, id_watch},
    {"ready", no_argument, nullptr, id_ready},
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
    if (name == "status") return command::status;
    if (name == "healthcheck") return command::healthcheck;
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
        into.error = std::string("--log-format ") + value + ": use auto, readable, systemd, plain or json";
}

void take_text(options& into, std::string& text, const char* value, const char* name) {
    text = value;
    if (text.empty()) into.error = std::string(name) + " needs a value; see drawbridge --help";
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
    case id_control_socket:
        take_text(into, into.control_socket, value, "--control-socket");
        break;
    case id_url:
        take_text(into, into.url, value, "--url");
        break;
    case id_socket:
        take_text(into, into.socket, value, "--socket");
        break;
    case id_agent_id_file:
        take_text(into, into.agent_id_file, value, "--agent-id-file");
        break;
    case id_json:
        into.json = true;
        break;
    case id_watch:
        into.watch = true;
        break;
    case id_ready:
        into.ready = true;
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

// An option that would do nothing is a mistake. Empty: all of them fit the command and each other.
std::string misfit(const options& given) {
    if (given.what == command::help || given.what == command::version) return {};
    const bool status = given.what == command::status;
    const bool healthcheck = given.what == command::healthcheck;
    const bool asks = status || healthcheck;
    struct rule {
        bool given;
        bool fits;
        const char* mistake;
    };
    const std::array<rule, 11> rules{{
        {given.explain, given.what == command::check, "--explain goes with drawbridge check"},
        {given.strict, given.what == command::serve, "--strict goes with drawbridge serve"},
        {!given.control_socket.empty(), given.what == command::serve,
         "--control-socket goes with drawbridge serve"},
        {!given.url.empty(), asks, "--url goes with drawbridge status and drawbridge healthcheck"},
        {!given.socket.empty(), asks, "--socket goes with drawbridge status and drawbridge healthcheck"},
        {!given.agent_id_file.empty(), asks,
         "--agent-id-file goes with drawbridge status and drawbridge healthcheck"},
        {given.json, status, "--json goes with drawbridge status"},
        {given.watch, status, "--watch goes with drawbridge status"},
        {given.ready, healthcheck, "--ready goes with drawbridge healthcheck"},
        {!given.config_file.empty() || !given.runtime.empty() || !given.client_config.empty(), !asks,
         "--config, --runtime and --client-config don't go with drawbridge status and healthcheck: these ask "
         "a running gateway, which --url, --socket or --listen names"},
        {given.json && given.watch, false, "--json and --watch don't go together"},
    }};
    for (const auto& each : rules)
        if (each.given && !each.fits) return each.mistake;
    const int places = !given.url.empty() + !given.socket.empty() + !given.listen.empty();
    if (asks && places > 1) return "--url, --socket and --listen name the gateway: give one of them";
    return {};
}

} // namespace

options parse_command_line(int argc, char** argv) {
    options parsed;
    int first = 1;
    if (argc > 1 && argv[1][0] != '-') {
        const auto named = find_command(argv[1]);
        if (!named) {
            parsed.error = std::string("no command \"") + argv[1] +
                           "\"; the commands are serve, check, reap, status "
                           "and healthcheck";
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
    if (parsed.error.empty()) parsed.error = misfit(parsed);
    return parsed;
}

std::string_view help_text() {
    return R"(drawbridge - an MCP gateway: one HTTP service in front of many MCP servers

  drawbridge [serve] [options] < config.json     run the gateway
  drawbridge check [--explain] < config.json     validate the configuration, start nothing
  drawbridge reap --listen ADDR:PORT             remove what a killed gateway left behind
  drawbridge status [--json|--watch] [WHERE]     how a running gateway and each of its servers is
  drawbridge healthcheck [--ready] [WHERE]       the same as one line and an exit status, within 5 s

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
  --control-socket PATH serve: listen on a Unix socket too (mode 0600), where GET /health... and
                        /metrics need no agent id
  --explain             check: print the exact container command for each server, secrets hidden
  --log-level LEVEL     debug, info (default), warning, error, critical
  --log-format FORMAT   auto (default), readable, systemd, plain, json
  -h, --help            this text
  --version             the version

Status and healthcheck
  WHERE is one of --url http://HOST:PORT (default: http://127.0.0.1:8080), --listen ADDR:PORT as
  given to serve, or --socket PATH as given to --control-socket.
  --json                status: the document of GET /health/servers as it is
  --watch               status: draw it again every 2 s, until SIGINT
  --ready               healthcheck: healthy means that GET /readyz answers 200
  --agent-id-file FILE  status: the agent id; without it MCP_GATEWAY_AGENT_ID or DRAWBRIDGE_AGENT_ID
                        of the environment, without these the answer of GET /health, in less detail
  Exit status of status, 0: healthy; 1: unhealthy; 2: wrong command line; 3: no gateway answers.
  Exit status of healthcheck, 0: healthy; 1: anything else.

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
