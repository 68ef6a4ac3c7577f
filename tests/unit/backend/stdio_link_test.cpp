// A link to a real child process: a shell script with fixed answers stands where the container's client
// would.
#include "backend/stdio_link.hpp"

#include "core/run.hpp"
#include "jsonrpc/envelope.hpp"
#include "version.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::backend;
using namespace std::chrono_literals;
using kind = link_report::kind;

namespace {

// hear: the next line, kept in $LOG; say: one line; shake: a good handshake. The first call has the id 2.
const std::string prelude = R"(
hear() { read -r line || exit 0; printf '%s\n' "$line" >>"$LOG"; }
say() { printf '%s\n' "$1"; }
shake() {
    hear
    say '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{}}}'
    hear
}
serve() {
    while hear; do
        id=${line#*\"id\":}; id=${id%%,*}
        case "$line" in
        *'"method":"slow"'*) ;;
        *'"id":'*) say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}' ;;
        esac
    done
}
)";

// What follows the reason where a call was in flight.
const std::string interrupted =
    " while it worked on this call, which may or may not have been carried out; it was "
    "not repeated";

struct scene {
    explicit scene(const std::string& script, std::vector<std::string> argv = {})
        : arrived(loop.get_executor())
        , group(loop.get_executor(), nullptr) {
        char name[] = "/tmp/drawbridge-test-XXXXXX";
        folder = ::mkdtemp(name);
        settings.server = "test";
        settings.client.path = "/bin/true";
        settings.talk.startup_timeout = 15s;
        settings.talk.tool_timeout = 15s;
        settings.stop_grace = 1s;
        settings.max_message_bytes = 4096;
        settings.talk.max_queued_calls = 100;
        plan.argv =
            argv.empty() ? std::vector<std::string>{"/bin/sh", "-c", prelude + script} : std::move(argv);
        plan.environment = {"PATH=/usr/bin:/bin", "LOG=" + folder + "/heard"};
        plan.container_name = "test";
    }
    scene(const scene&) = delete;
    ~scene() {
        if (server) server->stop();
        testing::run(loop, group.join());
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    void start() {
        const auto report = [this](link_report what) {
            reports.push_back(std::move(what));
            arrived.set();
        };
        server = std::make_unique<stdio_link>(loop.get_executor(), 7, settings, plan, nullptr, nullptr,
                                              report, telemetry::log());
        group.spawn("link", server->run());
    }
    // Starts it and waits until it is up, or its life is over.
    void up() {
        start();
        testing::run(loop, wait_for(kind::initialized));
        REQUIRE(reports.back().what == kind::initialized);
    }
    void end() { testing::run(loop, wait_for(kind::closed)); }

    core::task<> wait_for(kind what) {
        const auto seen = [&](kind wanted) {
            for (const auto& each : reports)
                if (each.what == wanted) return true;
            return false;
        };
        while (!seen(what)) {
            if (seen(kind::closed)) co_return;
            arrived.reset();
            co_await arrived.wait();
        }
    }

    reply_sink::receiver submit(std::string text) {
        auto [sender, receiver] = reply_sink::make(loop.get_executor());
        const auto message = jsonrpc::scan(text);
        const auto id = message.id;
        std::string method(message.method_name);
        server->talk().submit(call(std::move(text), id, std::move(method), std::move(sender)));
        return std::move(receiver);
    }
    outcome answer(reply_sink::receiver& from) {
        auto next = testing::run(loop, from.next());
        REQUIRE(next.index() == 1);
        return std::get<1>(std::move(next));
    }
    outcome ask(const std::string& id, const std::string& method) {
        auto receiver = submit(request(id, method));
        return answer(receiver);
    }
    static std::string request(const std::string& id, const std::string& method) {
        return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + "\"}";
    }

    std::vector<kind> kinds() const {
        std::vector<kind> all;
        for (const auto& each : reports)
            all.push_back(each.what);
        return all;
    }
    std::string reason_of(kind what) const {
        for (const auto& each : reports)
            if (each.what == what) return each.reason;
        return "(not reported)";
    }
    std::vector<std::string> heard() const {
        std::vector<std::string> lines;
        std::ifstream file(folder + "/heard");
        for (std::string line; std::getline(file, line);)
            lines.push_back(line);
        return lines;
    }

    core::asio::io_context loop{1};
    core::event arrived;
    std::vector<link_report> reports;
    std::string folder;
    stdio_settings settings;
    process::launch_plan plan;
    std::unique_ptr<stdio_link> server;
    core::task_group group;
};

using kinds = std::vector<kind>;

bool failed_with(const outcome& end, mcp::fault_kind what) {
    return end.failure && end.failure->kind == what;
}

} // namespace

TEST_CASE("stdio link: a whole life in order") {
    scene stage("shake; serve");
    stage.up();
    CHECK(stage.server->talk().initialize_result().protocol_version() == "2025-06-18");
    CHECK(stage.server->talk().in_flight() == 0);
    stage.server->stop();
    stage.end();
    CHECK(stage.kinds() == kinds{kind::spawned, kind::initialized, kind::lost, kind::closed});
    CHECK(stage.reason_of(kind::lost) == "it was stopped");
    CHECK(stage.reason_of(kind::closed) == "the container exited with status 0");
    for (const auto& each : stage.reports)
        CHECK(each.incarnation == 7);
    const auto heard = stage.heard();
    REQUIRE(heard.size() == 2);
    CHECK(
        heard[0] ==
        R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"drawbridge","version":")" +
            std::string(gateway_version) + R"("}}})");
    CHECK(heard[1] == R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
}

TEST_CASE("stdio link: answers out of order find their callers, ids come back byte for byte") {
    scene stage(R"(shake; hear; hear; hear
        say '{"jsonrpc":"2.0","id":4,"result":{"n": 4}}'
        say '{"id":2,"result":{"id":2},"jsonrpc":"2.0"}'
        say '{"jsonrpc":"2.0","error":{"code":-1,"message":"no"},"id":3}'
        serve)");
    stage.up();
    const std::string odd = R"("a\u00e9 \\ \" \/id ")";
    auto first = stage.submit(scene::request(odd, "a"));
    auto second = stage.submit(scene::request("-12345678901234567890123", "b"));
    auto third = stage.submit(scene::request("1", "c"));
    CHECK(stage.server->talk().in_flight() == 3);
    CHECK(stage.answer(third).response == R"({"jsonrpc":"2.0","id":1,"result":{"n": 4}})");
    CHECK(stage.answer(first).response == R"({"id":)" + odd + R"(,"result":{"id":2},"jsonrpc":"2.0"})");
    CHECK(stage.answer(second).response ==
          R"({"jsonrpc":"2.0","error":{"code":-1,"message":"no"},"id":-12345678901234567890123})");
    CHECK(stage.server->talk().in_flight() == 0);
    const auto heard = stage.heard();
    REQUIRE(heard.size() == 5);
    CHECK(heard[2] == scene::request("2", "a")); // nothing of the caller's id reaches the server
    CHECK(heard[4] == scene::request("4", "c"));
}

TEST_CASE("stdio link: calls in flight are answered when the server exits") {
    scene stage("shake; hear; exit 3");
    stage.up();
    auto waiting = stage.submit(scene::request("1", "a"));
    const auto end = stage.answer(waiting);
    CHECK(failed_with(end, mcp::fault_kind::call_interrupted));
    CHECK(end.failure->detail == stage.reason_of(kind::lost) + interrupted);
    stage.end();
    CHECK(stage.kinds() == kinds{kind::spawned, kind::initialized, kind::lost, kind::closed});
    CHECK(stage.reason_of(kind::closed) == "the container exited with status 3");
    CHECK(failed_with(stage.ask("2", "late"), mcp::fault_kind::unavailable));
}

TEST_CASE("stdio link: the last answer of a server that exits is not lost, with or without a line break") {
    for (const std::string ending : {"\\n", ""}) {
        CAPTURE(ending);
        scene stage("shake; hear; printf '{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}" + ending +
                    "'; exit 0");
        stage.up();
        CHECK(stage.ask("\"x\"", "a").response == R"({"jsonrpc":"2.0","id":"x","result":{}})");
        stage.end();
    }
}

TEST_CASE("stdio link: lines that are no messages are skipped") {
    scene stage(R"(say 'Welcome to the server'; say ''; say '[1,2]'; say '{"a":'; say '{}'
        shake; say 'debug: about to serve'
        say '{"jsonrpc":"2.0","id":99,"result":{"to":"nobody"}}'
        say '{"jsonrpc":"2.0","id":"2","result":{"to":"nobody"}}'
        say '{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"x"}}'
        say '{"jsonrpc":"2.0","method":"notifications/message","params":{}}'
        serve)");
    stage.up();
    CHECK(stage.ask("5", "a").response == R"({"jsonrpc":"2.0","id":5,"result":{}})");
    CHECK(stage.kinds() == kinds{kind::spawned, kind::initialized});
}

TEST_CASE("stdio link: much at once, noise and messages, is read to its end in order") {
    scene stage(R"(shake; hear
        yes '{"this is": no message' | head -n 10000
        yes '{"jsonrpc":"2.0","method":"notifications/x"}' | head -n 10000
        say '{"jsonrpc":"2.0","id":2,"result":{}}'
        serve)");
    stage.up();
    CHECK(stage.ask("1", "a").response == R"({"jsonrpc":"2.0","id":1,"result":{}})");
    CHECK(stage.ask("2", "b").response == R"({"jsonrpc":"2.0","id":2,"result":{}})");
    CHECK(stage.kinds() == kinds{kind::spawned, kind::initialized});
}

TEST_CASE("stdio link: an answer over the limit fails its own call only") {
    scene stage(R"(shake; hear
        printf '{"jsonrpc":"2.0","result":{"text":"%09000d"},"id":2}\n' 0
        serve)");
    stage.up();
    const auto end = stage.ask("1", "big");
    CHECK(failed_with(end, mcp::fault_kind::answer_too_large));
    CHECK(end.failure->detail ==
          "the answer has 9045 bytes, more than the limit of 4096 (gateway.drawbridge.maxMessageBytes)");
    CHECK(stage.ask("2", "a").response == R"({"jsonrpc":"2.0","id":2,"result":{}})");
}

TEST_CASE("stdio link: a call that takes too long is cancelled, the server lives on") {
    scene stage("shake; serve");
    stage.settings.talk.tool_timeout = 1s;
    stage.up();
    const auto end = stage.ask("\"caller\"", "slow");
    CHECK(failed_with(end, mcp::fault_kind::timed_out));
    CHECK(end.failure->detail.find("a request was not answered within 1") == 0);
    CHECK(stage.ask("2", "a").response == R"({"jsonrpc":"2.0","id":2,"result":{}})");
    const auto heard = stage.heard();
    REQUIRE(heard.size() >= 4);
    CHECK(
        heard[3] ==
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"timed out"}})");
    CHECK(stage.kinds() == kinds{kind::spawned, kind::initialized});
}

TEST_CASE("stdio link: a server that does not even answer a ping is lost") {
    scene stage("shake; while hear; do :; done");
    stage.settings.talk.tool_timeout = 1s;
    stage.up();
    CHECK(failed_with(stage.ask("1", "a"), mcp::fault_kind::timed_out));
    stage.end();
    CHECK(stage.reason_of(kind::lost) == "it stopped answering");
    const auto heard = stage.heard();
    REQUIRE(heard.size() >= 5);
    CHECK(heard[4].find(R"("method":"ping")") != std::string::npos);
}

TEST_CASE("stdio link: requests of the server are answered") {
    scene stage(R"(shake; say '{"jsonrpc":"2.0","id":"p\u0031","method":"ping"}'
        say '{"jsonrpc":"2.0","id":0,"method":"roots/list"}'; serve)");
    stage.up();
    CHECK(stage.ask("1", "a").response != ""); // so both were read, and their answers go before the next call
    CHECK(stage.ask("2", "a").response != "");
    const auto heard = stage.heard();
    REQUIRE(heard.size() >= 4);
    bool pinged = false, refused = false;
    for (const auto& line : heard) {
        pinged = pinged || line == R"({"jsonrpc":"2.0","id":"p\u0031","result":{}})";
        refused = refused ||
                  line == R"({"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"Method not found"}})";
    }
    CHECK(pinged);
    CHECK(refused);
}

TEST_CASE("stdio link: a notification of a client reaches the server as it is") {
    scene stage("shake; serve");
    stage.up();
    const std::string text = R"({"jsonrpc":"2.0", "method":"notifications/x","params":{"a": 1}})";
    stage.server->talk().notify(text);
    CHECK(stage.ask("1", "a").response != "");
    const auto heard = stage.heard();
    REQUIRE(heard.size() == 4);
    CHECK(heard[2] == text);
}

TEST_CASE("stdio link: more calls than may wait are refused, and idle means none is in flight") {
    scene stage("shake; serve");
    stage.settings.talk.max_queued_calls = 1;
    stage.up();
    CHECK(testing::run(stage.loop, stage.server->talk().wait_idle(core::clock::now())));
    auto slow = stage.submit(scene::request("1", "slow"));
    CHECK_FALSE(testing::run(stage.loop, stage.server->talk().wait_idle(core::clock::now())));
    const auto refused = stage.ask("2", "a");
    CHECK(failed_with(refused, mcp::fault_kind::overloaded));
    CHECK(refused.failure->retry_after == 1s);
    stage.server->stop();
    CHECK(failed_with(stage.answer(slow), mcp::fault_kind::call_interrupted));
    CHECK(testing::run(stage.loop, stage.server->talk().wait_idle(core::clock::now() + 15s)));
}

TEST_CASE("stdio link: a handshake that fails says why") {
    struct row {
        const char* script;
        const char* reason;
    };
    constexpr row table[] = {
        {R"(hear; say '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}'; serve)",
         "it refused initialize with an error"},
        {R"(hear; say '{"jsonrpc":"2.0","id":1,"result":{}}'; serve)",
         "its answer to initialize has no protocolVersion"},
        {R"(hear; say '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"1999-01-01"}}'; serve)",
         "it answered initialize with a protocol version that this gateway does not speak"},
        {"exit 127", "the container's command was not found (status 127)"},
        {"hear; exit 5", "the container exited with status 5"},
        {"kill -9 $$", "the container runtime's client was killed by signal 9 (SIGKILL)"},
    };
    for (const auto& each : table) {
        CAPTURE(each.script);
        scene stage(each.script);
        stage.start();
        stage.end();
        CHECK(stage.kinds() == kinds{kind::spawned, kind::failed, kind::closed});
        CHECK(stage.reason_of(kind::failed) == each.reason);
    }
}

TEST_CASE("stdio link: a server that does not answer initialize in time") {
    scene stage("while hear; do :; done");
    stage.settings.talk.startup_timeout = 1s;
    stage.start();
    stage.end();
    CHECK(stage.kinds() == kinds{kind::spawned, kind::failed, kind::closed});
    CHECK(stage.reason_of(kind::failed) == "it did not answer initialize within startupTimeout (1.0 s)");
    for (const auto& line : stage.heard())
        CHECK(line.find("cancelled") == std::string::npos); // initialize must not be cancelled
}

TEST_CASE("stdio link: the last words on stderr are the evidence, without secrets") {
    scene stage("echo 'cannot log in with hunter2-secret' >&2; exit 1");
    stage.settings.talk.secrets = {"hunter2-secret"};
    stage.start();
    stage.end();
    REQUIRE(stage.reports.size() == 3);
    CHECK(stage.reports[1].evidence.find("cannot log in with") == 0);
    CHECK(stage.reports[1].evidence.find("hunter2") == std::string::npos);
}

TEST_CASE("stdio link: a client that can't be executed") {
    scene stage("", {"/nowhere/podman"});
    stage.start();
    stage.end();
    CHECK(stage.kinds() == kinds{kind::failed, kind::closed});
    CHECK(stage.reason_of(kind::failed).find("the container runtime could not be started: /nowhere/podman") ==
          0);
}

TEST_CASE("stdio link: exit statuses of a container's client") {
    const auto told = [](int code, int signal = 0) {
        process::exit_status status;
        status.code = code;
        status.signal = signal;
        return describe_container_exit(status);
    };
    CHECK(told(0) == "the container exited with status 0");
    CHECK(told(125) == "the container runtime could not run the container (status 125)");
    CHECK(told(126) == "the container's command can't be executed (status 126)");
    CHECK(told(127) == "the container's command was not found (status 127)");
    CHECK(told(128) == "the container exited with status 128");
    CHECK(told(137) == "the container was killed by signal 9 (SIGKILL)");
    CHECK(told(255) == "the container exited with status 255");
    CHECK(told(-1, 15) == "the container runtime's client was killed by signal 15 (SIGTERM)");
}
