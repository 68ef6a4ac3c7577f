// One JSON-RPC message of a client in, one answer out; the test plays the backend.
#include "http/mcp_endpoint.hpp"

#include "core/run.hpp"
#include "core/task_group.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::http;
using namespace std::chrono_literals;

namespace {

struct desk {
    explicit desk(std::vector<std::string> tools = {"*"}, telemetry::log log = {})
        : endpoint(loop.get_executor(), endpoint_settings(), payloads, std::move(log)) {
        endpoint.add(
            session::upstream("time", backend::handle(box.address()), mcp::tool_filter(std::move(tools))));
        mine.spawn("backend", play());
    }
    desk(const desk&) = delete;
    ~desk() {
        box.address().send(backend::message(backend::stop_message(core::clock::now())));
        testing::run(loop, mine.join());
    }

    // The backend: notes what it gets, answers with `next_answer`, or with the fault, or not at all.
    core::task<> play() {
        for (;;) {
            auto message = co_await box.next();
            if (std::holds_alternative<backend::stop_message>(message)) co_return;
            if (auto* note = std::get_if<backend::notification_message>(&message)) got.push_back(note->text);
            auto* asked = std::get_if<backend::call>(&message);
            if (!asked) continue;
            got.push_back(asked->text);
            asked->reply.message("progress", 10);
            if (fault) {
                backend::outcome failed(*fault);
                asked->reply.finish(std::move(failed));
            } else if (!next_answer.empty()) {
                backend::outcome good(next_answer);
                asked->reply.finish(std::move(good));
            }
        }
    }
    response post(std::string body, const std::string& server = "time", std::string version = {}) {
        request_head head;
        head.protocol_version = std::move(version);
        const auto* route = endpoint.find(server);
        REQUIRE(route);
        std::optional<reply> given;
        const auto keep = [&](request_head asked, std::string text) -> core::task<> {
            auto answer = co_await endpoint.post(*route, std::move(asked), std::move(text));
            given.emplace(std::move(answer));
        };
        testing::run(loop, keep(std::move(head), std::move(body)));
        return std::move(given->answer);
    }

    core::asio::io_context loop{1};
    core::mailbox<backend::message> box{loop.get_executor(), 10};
    std::vector<std::string> got;
    std::string next_answer = R"({"jsonrpc":"2.0","id":"c","result":{"b":1, "a":1.50}})";
    std::optional<mcp::fault> fault;
    telemetry::stdout_channel payloads{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    mcp_endpoint endpoint;
    core::task_group mine{loop.get_executor(), nullptr};
};

std::string error(const std::string& id, const std::string& code, const std::string& message,
                  const std::string& detail) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + code + R"(,"message":")" + message +
           R"(","data":{"server":"time","detail":")" + detail + "\"}}}";
}

} // namespace

TEST_CASE(
    "endpoint: a request goes to the server as it came, on one line, and the answer comes back as it is") {
    desk at;
    const auto answer =
        at.post("{\"jsonrpc\":\"2.0\",\r\n \"id\":\"c\",\t\"method\":\"x\", \"params\":{\"n\":1.50}}");
    CHECK(answer.status == 200);
    CHECK(answer.content_type == "application/json");
    CHECK(answer.body == at.next_answer);
    REQUIRE(at.got.size() == 1);
    CHECK(at.got[0].find_first_of("\r\n") == std::string::npos);
    CHECK(at.got[0].find(R"("params":{"n":1.50}})") != std::string::npos);
}

TEST_CASE("endpoint: what never reaches a server") {
    struct row {
        const char* body;
        unsigned status;
        const char* code; // empty: no error
    };
    constexpr row table[] = {
        {R"({"jsonrpc":"2.0","id":1,"method":"ping"})", 200, ""},
        {R"([{"jsonrpc":"2.0","id":1,"method":"a"}])", 400, "-32600"},
        {R"([])", 400, "-32600"},
        {R"({"jsonrpc":"2.0","id":1,"method":"a")", 400, "-32700"},
        {"", 400, "-32700"},
        {R"({"jsonrpc":"1.0","id":1,"method":"a"})", 400, "-32600"},
        {R"({"jsonrpc":"2.0","id":null,"method":"a"})", 400, "-32600"},
        {R"({"jsonrpc":"2.0","id":1,"result":{}})", 400, "-32600"}, // answers nothing
        {R"({"jsonrpc":"2.0","method":"notifications/initialized"})", 202, ""},
        {R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})", 202, ""},
        {R"({"jsonrpc":"2.0","method":"notifications/progress","params":{}})", 202, ""},
        {R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})", 202, ""},
    };
    desk at;
    for (const auto& each : table) {
        CAPTURE(each.body);
        const auto answer = at.post(each.body);
        CHECK(answer.status == each.status);
        CHECK((answer.body.find(std::string("\"code\":") + each.code) != std::string::npos) ==
              (each.code[0] != 0));
        if (each.status == 202) CHECK(answer.body == "");
    }
    testing::settle(at.loop);
    CHECK(at.got.empty());
}

TEST_CASE(
    "endpoint: ping has the caller's id, and an invalid request gets its own back where it could be read") {
    desk at;
    CHECK(at.post(R"({"jsonrpc":"2.0","id":"\u0061","method":"ping"})").body ==
          R"({"jsonrpc":"2.0","id":"\u0061","result":{}})");
    CHECK(at.post(R"({"jsonrpc":"1.0","id":7,"method":"a"})").body.find(R"("id":7,)") != std::string::npos);
}

TEST_CASE("endpoint: other notifications are passed on") {
    desk at;
    const std::string text = R"({"jsonrpc":"2.0","method":"notifications/x","params":{"a": 1}})";
    const auto answer = at.post(text);
    CHECK(answer.status == 202);
    CHECK(answer.body == "");
    testing::settle(at.loop);
    CHECK(at.got == std::vector<std::string>{text});
}

TEST_CASE("endpoint: MCP-Protocol-Version is one that is spoken, or absent") {
    desk at;
    const std::string text = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
    for (const auto* version : {"", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"})
        CHECK(at.post(text, "time", version).status == 200);
    const auto refused = at.post(text, "time", "2099-01-01");
    CHECK(refused.status == 400);
    CHECK(refused.body ==
          error("1", "-32600", "Unsupported protocol version",
                "MCP-Protocol-Version must be one of 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05"));
}

TEST_CASE("endpoint: a fault rides on 200 with the caller's id, the server and what to do") {
    desk at;
    at.fault = mcp::fault(mcp::fault_kind::unavailable, "it exited");
    const auto answer = at.post(R"({"jsonrpc":"2.0","id":"c","method":"x"})");
    CHECK(answer.status == 200);
    CHECK(answer.body == error("\"c\"", "-32001", "Server unavailable", "it exited"));
    at.fault->kind = mcp::fault_kind::timed_out;
    CHECK(at.post(R"({"jsonrpc":"2.0","id":1,"method":"x"})").body.find("-32002") != std::string::npos);
    at.fault.reset();
    at.next_answer.clear(); // dropped on the way
    CHECK(at.post(R"({"jsonrpc":"2.0","id":1,"method":"x"})").body.find("-32603") != std::string::npos);
}

TEST_CASE("endpoint: failed calls are logged by a number of ours, and a flood of them is bounded") {
    const int file = ::memfd_create("log", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    {
        telemetry::log_options options;
        options.format = telemetry::log_format::json;
        options.descriptor = file;
        telemetry::log_backend lines(options);
        desk at({"*"}, lines.handle());
        at.fault = mcp::fault(mcp::fault_kind::unavailable, "it exited");
        for (int i = 0; i < 60; ++i)
            CHECK(at.post(R"({"jsonrpc":"2.0","id":"my secret","method":"x"})").status == 200);
        CHECK(lines.flush(10s));
    }
    std::string log(1 << 20, '\0');
    const auto size = ::pread(file, log.data(), log.size(), 0);
    ::close(file);
    REQUIRE(size > 0);
    log.resize(static_cast<std::size_t>(size));
    std::size_t told = 0;
    for (auto at = log.find("a call failed: it exited"); at != log.npos;
         at = log.find("a call failed", at + 1))
        ++told;
    CHECK(told >= 20);
    CHECK(told < 60);
    CHECK(log.find(R"("server":"time","request":"1")") != log.npos);
    CHECK(log.find(R"("server":"time","request":"20")") != log.npos);
    CHECK(log.find("my secret") == log.npos);
}

TEST_CASE("endpoint: tools that are not allowed are neither called nor listed") {
    desk at({"good", "also good"});
    const auto called = [&](const std::string& params) {
        return at.post(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":)" + params + "}");
    };
    for (const auto* params : {R"({"name":"bad"})", R"({"name":"Good"})", R"({"name":"good "})", R"({})",
                               R"({"name":7})", R"([])", R"({"arguments":{"name":"good"}})"}) {
        CAPTURE(params);
        const auto answer = called(params);
        CHECK(answer.status == 200);
        CHECK(answer.body.find("-32602") != std::string::npos);
    }
    CHECK(at.post(R"({"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{"name":"bad"}})")
              .body.find("-32602") != std::string::npos); // however the method is spelled
    CHECK(at.got.empty());
    CHECK(called(R"({"name":"good"})").body == at.next_answer);
    CHECK(called(R"({"name":"\u0067ood"})").body == at.next_answer); // the same name
    CHECK(at.got.size() == 2);

    at.next_answer =
        R"({"jsonrpc":"2.0","id":"c","result":{"tools":[{"name":"bad"},{"name":"good"}],"x":1}})";
    CHECK(at.post(R"({"jsonrpc":"2.0","id":"c","method":"tools/list"})").body ==
          R"({"jsonrpc":"2.0","id":"c","result":{"tools":[{"name":"good"}],"x":1}})");
}

TEST_CASE("endpoint: servers by their exact name") {
    desk at;
    CHECK(at.endpoint.find("time") != nullptr);
    CHECK(at.endpoint.find("Time") == nullptr);
    CHECK(at.endpoint.find("") == nullptr);
    CHECK(at.endpoint.find("time ") == nullptr);
}
