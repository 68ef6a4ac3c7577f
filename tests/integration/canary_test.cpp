// Canaries: a unique secret in every place where a secret can stand, every error that can be provoked, and
// then none of them anywhere in what the gateway itself says, writes and runs.
#include "integration/canary.hpp"

#include <boost/json/serialize.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

using namespace drawbridge::test;
using namespace drawbridge::test::canaries;
using namespace std::chrono_literals;

namespace {

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

// --- what happens to the servers

// A request with a client's secrets in every part that the gateway does not need.
http_headers client_headers(const stage& on, std::string_view authorization) {
    auto headers = rpc_headers(authorization, json_only);
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
