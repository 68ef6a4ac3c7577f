// Canaries: a unique secret in every place where a secret can stand, every error that can be provoked, and
// then none of them anywhere in what the gateway itself says, writes and runs.
#include "support/eventually.hpp"
#include "support/gateway.hpp"
#include "support/remote_server.hpp"

#include <boost/json/serialize.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

// Empty where the file, or the process behind it, has gone meanwhile.
std::string file_text(const std::filesystem::path& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string base64(std::string_view text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        unsigned bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8U | (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            out += at + i > text.size() ? '=' : digits[bits >> (18 - 6 * i) & 63U];
    }
    return out;
}

// Letters and digits as a generator of keys makes them: no escaping changes them, so they are found in every
// spelling but base64.
std::string random_key() {
    constexpr std::string_view signs = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static std::random_device device;
    std::string key;
    while (key.size() < 24)
        key += signs[device() % signs.size()];
    return key + "7q"; // a digit and a letter in any case
}

struct canary {
    std::string place;
    std::string key = random_key();

    // Whole, or in base64, wherever it begins there.
    bool is_in(std::string_view text) const {
        if (text.find(key) != text.npos) return true;
        for (std::size_t before = 0; before < 3; ++before) {
            const auto coded = base64(std::string(before, ' ') + key);
            const auto first = (before * 8 + 5) / 6;
            const auto last = (before + key.size()) * 8 / 6;
            if (text.find(coded.substr(first, last - first)) != text.npos) return true;
        }
        return false;
    }
};

// What the gateway has been entrusted with.
struct entrusted {
    canary agent{"agent id"}, second_agent{"second agent id"};
    canary plain{"value in env"}, passed{"variable passed on"}, through{"variable in env"};
    canary entry{"variable in entrypointArgs"}, argument{"variable in args"}, env_argument{"--env in args"};
    canary header{"header"}, bearer{"bearer header"}, basic{"basic header"};
    canary user{"user of a url"}, password{"password of a url"}, query{"query of a url"};
    canary upstream{"session id of a remote server"};
    canary trace_header{"header for traces"}, trace_query{"query of the url for traces"};

    std::vector<canary> all() const {
        return {agent,  second_agent, plain, passed,   through, entry,    argument,     env_argument, header,
                bearer, basic,        user,  password, query,   upstream, trace_header, trace_query};
    }
    // With signs that JSON, URLs and shells spell differently.
    std::string plain_value() const { return "p\"a\\s/ %+" + plain.key + "&=é"; }
    std::string password_spelled() const { return "p%40%2F" + password.key; }
    std::string query_spelled() const { return query.key + "%3D%2F%20x"; }
};

// What clients send.
struct sent {
    canary argument{"argument of a call"}, authorization{"wrong credentials"}, cookie{"cookie"};
    canary session{"made-up session id"}, query{"query of a client"}, header{"header of a client"};
    canary body{"bad JSON"}, refused_agent{"wrong credentials at /close"};

    std::vector<canary> all() const {
        return {argument, authorization, cookie, session, query, header, body, refused_agent};
    }
};

// Everything that was said, with a name for the place.
class evidence {
  public:
    void add(std::string where, std::string text) {
        const std::lock_guard lock(mutex_);
        said_.emplace_back(std::move(where), std::move(text));
    }
    void add(const std::string& where, const http_answer& answer) {
        std::string text;
        for (const auto& [name, value] : answer.headers)
            text += name + ": " + value + "\n";
        add(where, text + answer.body);
    }
    std::size_t size() const { return said_.size(); }

    // One line for each canary and place.
    std::string leaks(const std::vector<canary>& canaries) const {
        std::set<std::string> found;
        for (const auto& [where, text] : said_)
            for (const auto& each : canaries)
                if (each.is_in(text)) found.insert(each.place + " in " + where + around(text, each.key));
        std::string all;
        for (const auto& line : found)
            all += line + "\n";
        return all;
    }

  private:
    static std::string around(const std::string& text, const std::string& key) {
        const auto at = text.find(key);
        if (at == text.npos) return " (in base64)";
        const auto from = std::max<std::size_t>(text.rfind('\n', at) + 1, at < 160 ? 0 : at - 160);
        return ": " + text.substr(from, at - from) + "<here>";
    }

    std::mutex mutex_;
    std::vector<std::pair<std::string, std::string>> said_;
};

// Looks at the command lines of all processes of this machine, over and over.
class process_watch {
  public:
    process_watch()
        : watcher_([this] {
            while (!done_)
                look();
        }) {}
    ~process_watch() { finish(); }

    std::set<std::string> finish() {
        done_ = true;
        if (watcher_.joinable()) watcher_.join();
        return seen_;
    }

  private:
    void look() {
        std::error_code ignored;
        for (const auto& each : std::filesystem::directory_iterator("/proc", ignored)) {
            const auto name = each.path().filename().string();
            if (name.find_first_not_of("0123456789") != name.npos) continue;
            auto line = file_text(each.path() / "cmdline");
            std::replace(line.begin(), line.end(), '\0', ' ');
            if (!line.empty()) seen_.insert(std::move(line));
        }
        std::this_thread::sleep_for(10ms); // between two looks
    }

    std::set<std::string> seen_;
    std::atomic<bool> done_ = false;
    std::thread watcher_;
};

class temporary_folder {
  public:
    temporary_folder() {
        std::string pattern = "/tmp/drawbridge-test-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string path(const std::string& name = {}) const { return path_ + "/" + name; }
    void collect(evidence& into) const {
        std::error_code ignored;
        for (const auto& each : std::filesystem::recursive_directory_iterator(path_, ignored)) {
            into.add("name of a file", each.path().string());
            if (each.is_regular_file(ignored))
                into.add("file " + each.path().string(), file_text(each.path()));
        }
    }

  private:
    std::string path_;
};

// --- servers that tell what they know

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

server_entry remote(const std::string& kind, const std::string& place, const entrusted& known) {
    const auto basic = "Basic " + base64("name:" + known.basic.key);
    const auto authorization = kind == "403" ? "Bearer ${CANARY_BEARER}" : basic;
    return {"remote-" + kind, R"({"type":"http","url":"http://)" + known.user.key + ":" +
                                  known.password_spelled() + "@" + place + "/" + kind +
                                  "?key=" + known.query_spelled() + "&mode=1" + R"(","headers":{"X-Key":")" +
                                  known.header.key + R"(","Authorization":")" + authorization +
                                  R"("},"drawbridge":{"startupTimeout":5}})"};
}

// --- what happens to them

// Every request is one that a client could send; the answers are kept as evidence. `own` is what the answer
// may repeat because its client sent it.
struct stage {
    entrusted known;
    sent from_clients;
    evidence said;    // by the gateway: nothing of anybody's may be in it
    evidence answers; // to clients: what they sent themselves may be in it
};

// A request with a client's secrets in every part that the gateway does not need.
http_headers client_headers(const stage& on, std::string_view authorization) {
    auto headers = rpc_headers(authorization);
    headers.emplace_back("Cookie", "session=" + on.from_clients.cookie.key);
    headers.emplace_back("X-Secret", on.from_clients.header.key);
    return headers;
}

http_answer request(const gateway& gate, stage& on, std::string_view method, const std::string& path,
                    std::string_view body, const http_headers& headers) {
    http_client client(gate.port());
    auto answer = client.send(method, path, body, headers);
    on.answers.add(std::string(method) + " " + path, answer);
    return answer;
}

http_answer call(const gateway& gate, stage& on, const std::string& server, std::string_view tool,
                 const std::string& arguments = {}) {
    const auto with = R"({"text":")" + on.from_clients.argument.key + "\"" + arguments + "}";
    return request(gate, on, "POST", "/mcp/" + server + "?token=" + on.from_clients.query.key,
                   call_text(tool, with, "1"), client_headers(on, on.known.agent.key));
}

// Each container fails in its own way, all at the same time.
void provoke_containers(const gateway& gate, stage& on) {
    std::vector<std::thread> threads;
    for (const auto* server :
         {"exits", "refuses", "version", "babbles", "notifies", "dies", "absent", "command", "flag"})
        threads.emplace_back([&, name = std::string(server)] {
            const auto answer = call(gate, on, name, "echo");
            CAPTURE(name);
            CAPTURE(answer.body);
            CHECK(answer.body.find("\"error\"") != std::string::npos);
        });
    for (auto& thread : threads)
        thread.join();
    // What a server tells its own caller is no leak, but shows that it had the secret.
    const auto environment = tool_text(
        parse(gate.post("/mcp/scripted", call_text("environment", "{}", "1"), on.known.agent.key).body));
    CHECK(on.known.through.is_in(environment));
    call(gate, on, "scripted", "unknown_tool");
    call(gate, on, "scripted", "silent");
    call(gate, on, "scripted", "babble");
    gate.post("/mcp/scripted", call_text("stderr", R"({"text":)" + json_string(environment) + "}", "1"),
              on.known.agent.key);
    call(gate, on, "scripted", "crash", R"(,"code":3)");
    call(gate, on, "scripted", "kill_self");
}

void provoke_remotes(const gateway& gate, stage& on) {
    for (const auto& kind : remote_kinds)
        call(gate, on, "remote-" + kind, "echo");
    for (const auto* server : {"remote-closed", "remote-tls"})
        CHECK(call(gate, on, server, "echo").body.find("\"error\"") != std::string::npos);
}

// What clients do wrong.
void provoke_clients(const gateway& gate, stage& on) {
    const auto& wrong = on.from_clients;
    const auto good = client_headers(on, on.known.agent.key);
    for (const auto& id :
         {wrong.authorization.key, "Bearer " + wrong.authorization.key,
          "Basic " + base64("user:" + wrong.authorization.key), "a b " + wrong.authorization.key})
        request(gate, on, "POST", "/mcp/scripted", "{}", client_headers(on, id));
    request(gate, on, "POST", "/close", "", client_headers(on, wrong.refused_agent.key));
    for (const auto& body : {"{\"" + wrong.body.key, "[" + wrong.body.key + "]",
                             R"({"jsonrpc":"1","id":")" + wrong.body.key + "\"}",
                             R"({"jsonrpc":"2.0","id":5,"method":")" + wrong.body.key + "\"}",
                             R"({"jsonrpc":"2.0","method":"notifications/)" + wrong.body.key + "\"}"})
        request(gate, on, "POST", "/mcp/scripted", body, good);
    request(gate, on, "POST", "/mcp/" + wrong.query.key, "{}", good);
    request(gate, on, "PUT", "/" + wrong.query.key + "?" + wrong.query.key, "{}", good);
    auto headers = good;
    headers.emplace_back("Mcp-Session-Id", wrong.session.key);
    for (const auto* method : {"POST", "DELETE", "GET"})
        request(gate, on, method, "/mcp/scripted", call_text("echo", "{}", "1"), headers);
    headers = good;
    headers.emplace_back("Origin", "https://" + wrong.header.key + ".example");
    request(gate, on, "POST", "/mcp/scripted", "{}", headers);
    headers = good;
    headers.emplace_back("X-Large", std::string(100'000, 'x') + wrong.header.key);
    request(gate, on, "POST", "/mcp/scripted", "{}", headers);
    http_client raw(gate.port());
    on.answers.add("garbage",
                   raw.send_raw("GET " + wrong.query.key + "\r\n" + wrong.header.key + "\r\n\r\n"));
}

// A method of the client's own that its server never answers.
void provoke_timeout(const gateway& gate, stage& on) {
    request(gate, on, "POST", "/mcp/notifies", rpc_text("x/" + on.from_clients.body.key, "{}", "1"),
            client_headers(on, on.known.agent.key));
}

// A session at every kind of endpoint. Gives the session's id, which only its owner may read.
canary use_session(const gateway& gate, stage& on, const std::string& path) {
    const auto headers = client_headers(on, on.known.agent.key);
    const auto hello =
        rpc_text("initialize",
                 R"({"protocolVersion":"2025-11-25","capabilities":{"sampling":{}},"clientInfo":)"
                 R"({"name":")" +
                     on.from_clients.argument.key + R"(","version":"1"}})",
                 "1");
    http_client client(gate.port());
    const auto opened = client.send("POST", path, hello, headers);
    canary id{"session id of " + path,
              opened.headers.contains("mcp-session-id") ? opened.headers.at("mcp-session-id") : ""};
    REQUIRE(id.key.size() > 16);
    auto own = headers;
    own.emplace_back("Mcp-Session-Id", id.key);
    for (const auto& method : {"tools/list", "prompts/list", "resources/list"})
        request(gate, on, "POST", path, rpc_text(method, "{}", "2"), own);
    request(gate, on, "POST", path, R"({"jsonrpc":"2.0","id":"late","result":{}})", own);
    request(gate, on, "POST", path, call_text("crash", "{}", "3"), own);
    request(gate, on, "DELETE", path, "", own);
    request(gate, on, "POST", path, call_text("echo", "{}", "4"), own);
    return id;
}

// All that tells how the gateway is; what a version does not have answers 404.
void look_at_health(const gateway& gate, stage& on) {
    std::vector<std::string> paths = {
        "/health",   "/health/servers", "/metrics",        "/status",           "/livez",         "/readyz",
        "/startupz", "/livez?verbose",  "/readyz?verbose", "/startupz?verbose", "/health?verbose"};
    for (const auto* server : {"exits", "refuses", "version", "babbles", "notifies", "dies", "absent",
                               "command", "flag", "scripted"})
        paths.push_back(std::string("/health/servers/") + server);
    for (const auto& kind : remote_kinds)
        paths.push_back("/health/servers/remote-" + kind);
    for (const auto& path : paths) {
        http_client client(gate.port());
        on.said.add(path, client.send("GET", path, {}, client_headers(on, on.known.agent.key)));
        http_client stranger(gate.port());
        on.said.add(path + " for a stranger",
                    stranger.send("GET", path, {}, client_headers(on, on.from_clients.authorization.key)));
    }
}

// Listens to the transitions until the gateway ends.
void listen_to_events(std::uint16_t port, stage& on) {
    http_client client(port);
    const auto head =
        client.send("GET", "/health/events?after=0", {}, client_headers(on, on.known.agent.key));
    on.said.add("/health/events", head);
    if (head.status == 200) on.said.add("/health/events", client.read_until("nothing that an event holds"));
}

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

// The configuration for clients holds the first agent id, and nothing else does.
void check_output(stage& on, const gateway& gate) {
    auto lines = gate.stdout_lines();
    REQUIRE(!lines.empty());
    auto document = parse(lines.front());
    for (auto& server : document.at("mcpServers").as_object()) {
        auto& authorization = server.value().at("headers").at("Authorization");
        CHECK(authorization.as_string() == on.known.agent.key);
        authorization = "";
    }
    lines.front() = boost::json::serialize(document);
    for (const auto& line : lines)
        on.said.add("stdout", line);
    CHECK(lines.size() > 10);
}

// What comes into `args` and `entrypointArgs` stands in command lines: that is what these fields are. Nothing
// else does, and the gateway's own line has nothing.
void check_command_lines(const stage& on, const std::set<std::string>& lines) {
    evidence seen;
    for (const auto& line : lines)
        seen.add("command line", line);
    auto hidden = on.known.all();
    std::erase_if(hidden, [](const canary& each) {
        return each.place == "variable in entrypointArgs" || each.place == "variable in args";
    });
    CHECK(seen.size() > 20);
    CHECK(seen.leaks(hidden) == "");
    CHECK(seen.leaks(on.from_clients.all()) == "");
    evidence own;
    for (const auto& line : lines)
        if (line.starts_with(program_path())) own.add("the gateway's command line", line);
    CHECK(own.size() > 0);
    CHECK(own.leaks(on.known.all()) == "");
}

// Every line one valid object with what a line has to have.
void check_json_log(const std::string& log) {
    for (const auto& line : lines_of(log)) {
        CAPTURE(line);
        const auto record = parse(line);
        CHECK(text_at(record, "time").ends_with("Z"));
        CHECK(!text_at(record, "level").empty());
        CHECK(!text_at(record, "message").empty());
    }
}

void play(const std::string& format) {
    stage on;
    const temporary_folder folder;
    std::filesystem::create_directory(folder.path("run"));
    std::filesystem::create_directory(folder.path("tmp"));
    std::filesystem::permissions(folder.path("run"), std::filesystem::perms::owner_all);
    const remote_server far([&](const remote_request& request) { return remote_answers(request, on.known); });
    process_watch processes;
    std::vector<canary> sessions;
    std::string log;
    {
        gateway gate(options_of(on, far, folder, format));
        std::thread events([&] { listen_to_events(gate.port(), on); });
        provoke_containers(gate, on);
        provoke_remotes(gate, on);
        provoke_clients(gate, on);
        provoke_timeout(gate, on);
        for (const auto* path : {"/mcp/scripted", "/mcp/remote-later", "/mcp"})
            sessions.push_back(use_session(gate, on, path));
        look_at_health(gate, on);
        folder.collect(on.said); // while it runs
        gate.post("/close", {}, on.known.second_agent.key);
        CHECK(gate.wait_exit(90s) == 0);
        events.join();
        log = gate.log();
        check_output(on, gate);
    }
    folder.collect(on.said);
    on.said.add("log", log);
    for (const auto& line : lines_of(log))
        if (format == "json") CHECK(line.starts_with("{"));
    if (format == "json") check_json_log(log);
    // The secrets were really there, and the errors really happened.
    const auto seen = far.seen();
    REQUIRE(seen.size() > 20);
    const auto first = std::find_if(seen.begin(), seen.end(), [](const remote_request& each) {
        return !each.path.starts_with("/traces");
    });
    REQUIRE(first != seen.end());
    for (const auto& each : {on.known.header, on.known.basic, on.known.query})
        CHECK(each.is_in(echo(*first)));
    for (const auto& each : seen)
        if (each.path.starts_with("/traces")) on.said.add("traces", each.body);
    CHECK(log.find("THROUGH=***") != log.npos);
    CHECK(log.find("stderr") != log.npos);

    auto everything = on.known.all();
    const auto clients = on.from_clients.all();
    CHECK(on.answers.leaks(everything) == "");
    everything.insert(everything.end(), clients.begin(), clients.end());
    everything.insert(everything.end(), sessions.begin(), sessions.end());
    CHECK(on.said.leaks(everything) == "");
    check_command_lines(on, processes.finish());
}

} // namespace

TEST_CASE("canaries: no secret in what the gateway says, writes and runs, with a log for people") {
    play("plain");
}

TEST_CASE("canaries: no secret in what the gateway says, writes and runs, with a log in JSON") {
    play("json");
}

TEST_CASE("canaries: no secret in what is said about a configuration, good or bad") {
    stage on;
    const temporary_folder folder;
    const remote_server far;
    const auto good = options_of(on, far, folder, "plain");
    const auto server = [&](const std::string& members) {
        return R"({"mcpServers":{"one":{)" + members +
               R"(}},"gateway":{"port":1,"domain":"localhost","agentId":"${CANARY_AGENT}"}})";
    };
    const auto gate = [&](const std::string& members) {
        return R"({"mcpServers":{"one":{"container":"x"}},"gateway":{)" + members + "}}";
    };
    const auto& key = on.known.plain.key;
    const std::vector<std::string> bad = {
        R"({"mcpServers":{"one":{"env":{"A":")" + key,
        R"({"mcpServers":)" + key + "}",
        "[\"" + key + "\"]",
        "\"${CANARY_AGENT}\"",
        server(R"("container":"${CANARY_THROUGH} x")"),
        server(R"("container":"x","type":"${CANARY_THROUGH}")"),
        server(R"("container":"x","env":["${CANARY_THROUGH}"])"),
        server(R"("container":"x","env":{"A":7,"A B":"${CANARY_THROUGH}"})"),
        server(R"("container":"x","mounts":["${CANARY_THROUGH}","/${CANARY_ENTRY}:rel:rw"])"),
        server(
            R"("container":"x","args":["${CANARY_ARGUMENT}","--privileged=${CANARY_ENTRY}","--volume=/${CANARY_THROUGH}:/a"])"),
        server(
            R"("container":"x","args":["-${CANARY_ARGUMENT}","--${CANARY_ENTRY}","--env=${CANARY_THROUGH} x=1"])"),
        server(
            R"("container":"x","drawbridge":{"start":"${CANARY_THROUGH}","memory":"${CANARY_ENTRY}","network":"${CANARY_ARGUMENT}"})"),
        server(
            R"("type":"http","url":"https://${CANARY_THROUGH}:${CANARY_ENTRY}@h:port/?${CANARY_ARGUMENT}")"),
        server(
            R"("type":"http","url":"${CANARY_THROUGH}","headers":{"X":"${CANARY_ENTRY}\n","Host":"${CANARY_AGENT}"})"),
        server(R"("type":"http","url":"https://h/","auth":{"type":"${CANARY_THROUGH}","audience":7})"),
        server(R"("container":"x","env":{"A":"${CANARY_THROUGH}${CANARY_NOT_THERE}"})"),
        gate(R"("port":"${CANARY_AGENT}","domain":"${CANARY_THROUGH} x","agentId":"${CANARY_AGENT} ")"),
        gate(R"("port":1,"domain":"localhost","agentIds":["${CANARY_AGENT}\n"],"agentId":"${CANARY_AGENT}")"),
        gate(
            R"("port":1,"domain":"localhost","agentId":"${CANARY_AGENT}","sessionTimeout":"${CANARY_THROUGH}","drawbridge":)"
            R"({"allowedOrigins":["${CANARY_ENTRY}"],"allowedHosts":["${CANARY_ARGUMENT}/"],"healthStatus":"${CANARY_BEARER}"})"),
    };
    for (const auto& text : bad)
        for (const auto* command : {"check", "serve"}) {
            const auto told = run({program_path(), command}, 60s, good.environment, text);
            CAPTURE(told.errors);
            CHECK(told.status == 1);
            on.said.add(std::string("stdout of ") + command, told.output);
            on.said.add(std::string("stderr of ") + command, told.errors);
        }
    auto environment = good.environment;
    environment["MCP_GATEWAY_CONTAINER_RUNTIME"] = runtime();
    const auto explained = run({program_path(), "check", "--explain"}, 60s, environment, good.configuration);
    CHECK(explained.status == 0);
    CHECK(explained.output.find("THROUGH") != std::string::npos);
    on.said.add("stdout of check --explain", explained.output);
    on.said.add("stderr of check --explain", explained.errors);
    CHECK(on.said.leaks(on.known.all()) == "");
}
