// The servers that the canaries are entrusted to: each tells in its own way what it knows.
#include "integration/canary.hpp"

namespace drawbridge::test::canaries {
namespace {

std::string object(const std::string& members) {
    return "{" + members + "}";
}

// A shell script in a container that has every secret a container can have.
server_entry shell(std::string name, const std::string& script, const entrusted& known,
                   const std::string& more) {
    const auto image = environment_or("DRAWBRIDGE_IMAGE_BUSYBOX", "localhost/drawbridge-test/busybox");
    return {std::move(name), object(R"("container":)" + json_string(image) +
                                    R"(,"entrypoint":"sh","entrypointArgs":["-c",)" + json_string(script) +
                                    R"(,"sh","${CANARY_ENTRY}"],"args":["--label=note=${CANARY_ARGUMENT}",)" +
                                    R"("--env=FROM_ARGS=${CANARY_ENV_ARGUMENT}"],"env":{"PLAIN":)" +
                                    json_string(known.plain_value()) +
                                    R"(,"CANARY_PASSED":"","THROUGH":"${CANARY_THROUGH}"},)" +
                                    R"("drawbridge":{"startupTimeout":5,"pull":"never"})" + more)};
}

// On stderr: all it knows, plain, as base64 of one long line, and its command line.
constexpr std::string_view repeat =
    "env >&2; env | base64 -w0 >&2; echo >&2; printf 'user:%s' \"$THROUGH\" | base64 -w0 >&2; echo >&2; "
    "tr '\\000' ' ' < /proc/$$/cmdline >&2; echo \"$1\" >&2; ";
// Answers the line on stdin with the rest of a JSON-RPC message.
constexpr std::string_view answers =
    "answer() { read -r line || exit; id=$(echo \"$line\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/'); "
    "printf '{\"jsonrpc\":\"2.0\",\"id\":%s,%s}\\n' \"$id\" \"$1\"; }; ";

std::vector<server_entry> containers(const entrusted& known) {
    const auto script = [](std::string_view text) { return std::string(answers) + std::string(text); };
    const std::string good =
        R"(answer "\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},)"
        R"(\"serverInfo\":{\"name\":\"shell $THROUGH\",\"version\":\"$1\"},\"instructions\":\"$THROUGH\"}"; )"
        "read -r line; ";
    return {
        shell("exits", std::string(repeat) + "exit 3", known, ""),
        shell("refuses",
              script(R"(answer "\"error\":{\"code\":-32603,\"message\":\"no: $THROUGH $1\"}"; )") +
                  "cat > /dev/null",
              known, ""),
        shell("version",
              script(R"(answer "\"result\":{\"protocolVersion\":\"$THROUGH\",\"capabilities\":{},)"
                     R"(\"serverInfo\":{\"name\":\"$1\",\"version\":\"1\"}}"; )") +
                  "cat > /dev/null",
              known, ""),
        shell(
            "babbles",
            "env; echo \"$1\"; env | base64 -w0; echo; echo '{\"jsonrpc\":\"2.0\",\"'\"$1\"; cat > /dev/null",
            known, ""),
        // Speaks when nobody waits for it any more.
        shell("notifies",
              script(good) +
                  "read -r line; sleep 3; "
                  R"(echo "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/$THROUGH\",\"params\":{}}"; )"
                  R"(echo "{\"jsonrpc\":\"2.0\",\"id\":\"$THROUGH\",\"method\":\"$1\",\"params\":{}}"; )"
                  R"(echo "{\"jsonrpc\":\"2.0\",\"id\":\"$THROUGH\",\"result\":{}}"; )" +
                  "cat > /dev/null",
              known, R"(,"toolTimeout":2)"),
        shell("dies", script(good) + "read -r line; " + std::string(repeat) + "kill -9 $$", known, ""),
        {"absent",
         R"({"container":"localhost/drawbridge-test/absent:1","env":{"THROUGH":"${CANARY_THROUGH}"}})"},
        {"command", R"({"container":"localhost/drawbridge-test/busybox","entrypoint":"/no/${CANARY_ENTRY}",)"
                    R"("env":{"THROUGH":"${CANARY_THROUGH}"}})"},
        {"flag",
         R"({"container":"localhost/drawbridge-test/busybox","args":["--memory=${CANARY_ARGUMENT}"]})"},
        scripted("scripted", {}, R"("toolTimeout":1,"env":{"THROUGH":"${CANARY_THROUGH}","PASSED":""})")};
}

server_entry remote(const std::string& kind, const std::string& place, const entrusted& known) {
    const auto basic = "Basic " + base64("name:" + known.basic.key);
    const auto authorization = kind == "403" ? "Bearer ${CANARY_BEARER}" : basic;
    return {"remote-" + kind, R"({"type":"http","url":"http://)" + known.user.key + ":" +
                                  known.password_spelled() + "@" + place + "/" + kind +
                                  "?key=" + known.query_spelled() + "&mode=1" + R"(","headers":{"X-Key":")" +
                                  known.header.key + R"(","Authorization":")" + authorization +
                                  R"("},"drawbridge":{"startupTimeout":5}})"};
}

} // namespace

std::string echo(const remote_request& request) {
    std::string all = request.path;
    for (const auto& [name, value] : request.headers)
        all += " | " + name + ": " + value;
    return all;
}

// Says back in every way what it was sent. The last part of the path tells how.
remote_answer remote_answers(const remote_request& request, const entrusted& known) {
    const auto is = [&](std::string_view what) {
        return request.path.starts_with("/" + std::string(what) + "?");
    };
    const auto all = echo(request);
    remote_answer told;
    told.headers = "X-Echo: " + all + "\r\n";
    told.body = all;
    told.type = "text/plain";
    if (is("traces")) {
        told.type = "application/json";
        told.body = R"({"partialSuccess":{"rejectedSpans":1,"errorMessage":)" + json_string(all) + "}}";
    }
    const bool begins = request.body.find("\"initialize\"") != request.body.npos;
    const bool good = is("later") || is("gone") || is("resets");
    if (good && request.body.find("tools/call") == request.body.npos) {
        told.status = 0;
        if (!begins) return told;
        const auto id = request.body.substr(request.body.find("\"id\":") + 5);
        told.status = 200;
        told.type = "application/json";
        told.headers += "Mcp-Session-Id: " + known.upstream.key + "\r\n";
        told.body = R"({"jsonrpc":"2.0","id":)" + id.substr(0, id.find_first_of(",}")) +
                    R"(,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":)" +
                    R"({"name":)" + json_string("remote " + all) + R"(,"version":"1"}}})";
        return told;
    }
    if (is("401")) told.status = 401, told.headers += "WWW-Authenticate: Bearer realm=\"" + all + "\"\r\n";
    if (is("403")) told.status = 403;
    if (is("500") || is("later")) told.status = 500;
    if (is("gone")) told.status = 404;
    if (is("moved"))
        told.status = 307, told.headers += "Location: http://127.0.0.1:1" + request.path + "\r\n";
    if (is("broken")) told.headers += "no colon in " + all + "\r\n";
    if (is("length")) told.headers += "Content-Length: " + known.header.key + "\r\n";
    if (is("json")) told.type = "application/json", told.body = "{\"jsonrpc\":\"2.0\"," + all;
    if (is("events")) told.type = "text/event-stream", told.body = "event: message\ndata: " + all + "\n\n";
    if (is("refuses")) {
        const auto id = request.body.find("\"id\":");
        told.type = "application/json";
        told.body = R"({"jsonrpc":"2.0","id":)" +
                    (id == request.body.npos
                         ? "null"
                         : request.body.substr(id + 5, request.body.find_first_of(",}", id) - id - 5)) +
                    R"(,"error":{"code":-32000,"message":)" + json_string(all) + "}}";
    }
    return told;
}

const std::vector<std::string> remote_kinds = {"401",  "403",    "500",    "later",   "gone",   "moved",
                                               "json", "events", "broken", "refuses", "length", "plain"};

gateway_options options_of(const stage& on, const remote_server& far, const temporary_folder& folder,
                           const std::string& format) {
    const auto& known = on.known;
    gateway_options options;
    options.port = free_port();
    std::string servers;
    const auto add = [&](const server_entry& each) {
        servers += (servers.empty() ? "" : ",") + json_string(each.name) + ":" + each.json;
    };
    for (const auto& each : containers(known))
        add(each);
    const auto place = "127.0.0.1:" + std::to_string(far.port());
    for (const auto& kind : remote_kinds)
        add(remote(kind, place, known));
    add(remote("closed", "127.0.0.1:" + std::to_string(free_port()), known));
    auto tls = remote("tls", place, known);
    tls.json.replace(tls.json.find("http://"), 7, "https://");
    add(tls);
    options.configuration =
        R"({"mcpServers":{)" + servers + R"(},"gateway":{"port":)" + std::to_string(*options.port) +
        R"(,"domain":"localhost","agentIds":["${CANARY_AGENT}",)" + json_string(known.second_agent.key) +
        R"(],"opentelemetry":{"endpoint":"http://)" + place + "/traces?key=" + known.trace_query.key +
        "\"}}}";
    options.arguments = {"--log-level", "debug", "--log-format", format};
    options.environment = {{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20" + known.trace_header.key},
                           {"CANARY_AGENT", known.agent.key},
                           {"CANARY_PASSED", known.passed.key},
                           {"CANARY_THROUGH", known.through.key},
                           {"CANARY_ENTRY", known.entry.key},
                           {"CANARY_ARGUMENT", known.argument.key},
                           {"CANARY_ENV_ARGUMENT", known.env_argument.key},
                           {"CANARY_BEARER", known.bearer.key},
                           {"RUNTIME_DIRECTORY", folder.path("run")},
                           {"TMPDIR", folder.path("tmp")}};
    return options;
}

} // namespace drawbridge::test::canaries
