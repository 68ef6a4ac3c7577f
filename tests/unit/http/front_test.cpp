// The front without sockets: who is refused before the body is read, and what the gateway answers by itself.
#include "http/front.hpp"

#include "core/run.hpp"
#include "version.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace drawbridge;
using namespace drawbridge::http;
using namespace std::chrono_literals;

namespace {

config::gateway made_settings(config::gateway::health_status health) {
    config::gateway settings;
    settings.agent_ids = {"agent-one", "agent-two"};
    settings.health = health;
    return settings;
}

struct desk {
    explicit desk(config::gateway::health_status told = config::gateway::health_status::always_200)
        : settings(made_settings(told)) {
        endpoint.add(session::upstream("time", backend::handle(), mcp::tool_filter({"*"})));
    }

    static request_head head(std::string method, std::string path, std::string id = {},
                             std::string type = {}) {
        request_head made;
        made.method = std::move(method);
        made.path = std::move(path);
        made.authorization_count = id.empty() ? 0 : 1;
        made.authorization = std::move(id);
        made.content_type = std::move(type);
        return made;
    }
    // The status with which it is refused; 0: it is not.
    unsigned screened(request_head asked) {
        const auto refused = door.screen(asked);
        return refused ? refused->status : 0;
    }
    std::optional<response> screen(request_head asked) { return door.screen(asked); }
    reply serve(request_head asked, std::string body = {}) {
        std::optional<reply> given;
        const auto keep = [&](request_head what, std::string with) -> core::task<> {
            auto answer = co_await door.serve(std::move(what), std::move(with));
            given.emplace(std::move(answer));
        };
        testing::run(loop, keep(std::move(asked), std::move(body)));
        return std::move(*given);
    }
    response get(const std::string& path) { return serve(head("GET", path)).answer; }

    void servers(std::vector<std::pair<std::string, backend::status>> list) {
        health::snapshot now;
        for (auto& [name, word] : list) {
            health::server_health server;
            server.name = name;
            server.status = word;
            server.why.text = "TOKEN=secret";
            now.servers.push_back(std::move(server));
        }
        board.publish(std::make_shared<const health::snapshot>(std::move(now)));
    }

    core::asio::io_context loop{1};
    config::gateway settings;
    health::board board{loop.get_executor()};
    telemetry::stdout_channel payloads{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    mcp_endpoint endpoint{loop.get_executor(), endpoint_settings(), payloads, telemetry::log()};
    int closed = 0;
    health::feed events{loop.get_executor()};
    health::meters counted{2};
    health_endpoint health{settings, board, events, counted, nullptr};
    front door{loop.get_executor(),  settings,        board, health, endpoint, counted,
               [this] { ++closed; }, telemetry::log()};
};

constexpr auto json = "application/json";

} // namespace

TEST_CASE("front: what is refused by the head alone, in the specification's order") {
    desk at;
    struct row {
        const char *method, *path, *id, *type;
        unsigned status;
    };
    constexpr row table[] = {
        {"POST", "/mcp/time", "agent-one", json, 0},
        {"POST", "/mcp/time/", "Bearer agent-two", json, 0},
        // Credentials first: a stranger learns nothing about servers, methods and media types.
        {"POST", "/mcp/time", "", json, 401},
        {"POST", "/mcp/time", "agent-three", json, 401},
        {"POST", "/mcp/other", "", json, 401},
        {"GET", "/mcp/time", "", json, 401},
        {"POST", "/mcp/time", "agent-three", "text/plain", 401},
        {"POST", "/mcp/time", "agent\x01", json, 400},
        // Then the method, the server, the media type.
        {"PUT", "/mcp/time", "agent-one", json, 405},
        {"GET", "/mcp/time", "agent-one", "", 0},
        {"DELETE", "/mcp/time", "agent-one", "", 0},
        {"POST", "/mcp", "agent-one", json, 0},
        {"GET", "/mcp", "", "", 401},
        {"GET", "/mcp/time/sse", "agent-one", "", 404}, // switched off
        {"PATCH", "/mcp/other", "agent-one", json, 405},
        {"POST", "/mcp/other", "agent-one", json, 404},
        {"POST", "/mcp/Time", "agent-one", json, 404},
        {"POST", "/mcp/time", "agent-one", "text/plain", 415},
        {"POST", "/mcp/other", "agent-one", "text/plain", 404},
        {"POST", "/mcp/", "agent-one", json, 0}, // all servers
        {"POST", "/", "", json, 404},
        {"GET", "/metrics", "", "", 401},
        {"GET", "/metrics", "agent-one", "", 0},
        {"GET", "/health/servers", "", "", 401},
        {"GET", "/health/servers", "agent-one", "", 0},
        {"GET", "/health/servers/time", "", "", 401},
        {"GET", "/health/events", "wrong", "", 401},
        {"POST", "/health/servers", "agent-one", json, 405},
        // Open to everybody.
        {"GET", "/health", "", "", 0},
        {"HEAD", "/health", "wrong", "", 0},
        {"GET", "/livez", "", "", 0},
        {"GET", "/readyz", "", "", 0},
        {"GET", "/startupz", "", "", 0},
        {"GET", "/status", "", "", 0}, // holds no data
        {"POST", "/health", "", "", 405},
        {"POST", "/close", "agent-one", "", 0},
        {"POST", "/close", "", "", 401},
        {"POST", "/close", "wrong", "", 401},
        {"GET", "/close", "agent-one", "", 405},
    };
    for (const auto& each : table) {
        CAPTURE(each.method);
        CAPTURE(each.path);
        CAPTURE(each.id);
        CHECK(at.screened(desk::head(each.method, each.path, each.id, each.type)) == each.status);
    }
}

TEST_CASE("front: a refusal says what to do, and never what was sent") {
    desk at;
    const auto wrong = at.screen(desk::head("POST", "/mcp/time", "agent-three", json));
    REQUIRE(wrong);
    CHECK(wrong->body.find("agent-three") == std::string::npos);
    CHECK(wrong->body.find("-32003") != std::string::npos);
    const auto method = at.screen(desk::head("PUT", "/mcp/time", "agent-one", json));
    REQUIRE(method);
    CHECK(serialize_head(*method, true).find("\r\nAllow: POST, GET, DELETE\r\n") != std::string::npos);
    const auto server = at.screen(desk::head("POST", "/mcp/other", "agent-one", json));
    REQUIRE(server);
    CHECK(
        server->body ==
        R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"Unknown server","data":{"server":"other","detail":"no server of this name is configured"}}})");
}

TEST_CASE("front: a header that stands twice is malformed") {
    desk at;
    auto twice = desk::head("POST", "/mcp/time", "agent-one", json);
    twice.authorization_count = 2;
    CHECK(at.screened(twice) == 400);
}

TEST_CASE("front: media types") {
    desk at;
    for (const auto* type : {"application/json", "APPLICATION/Json", "application/json; charset=utf-8",
                             "application/json ;x=y"}) {
        CAPTURE(type);
        CHECK(at.screened(desk::head("POST", "/mcp/time", "agent-one", type)) == 0);
    }
    for (const auto* type : {"", "application/jsonx", "application/jso", "text/json", "application/json-seq",
                             "text/plain; application/json"}) {
        CAPTURE(type);
        CHECK(at.screened(desk::head("POST", "/mcp/time", "agent-one", type)) == 415);
    }
}

TEST_CASE("front: livez asks nobody") {
    desk at;
    at.servers({{"a", backend::status::error}});
    CHECK(at.get("/livez").status == 200);
    CHECK(at.get("/livez").body == R"({"status":"alive"})");
}

TEST_CASE("front: health is told by its body, and by its status only where that was asked for") {
    for (const auto style :
         {config::gateway::health_status::always_200, config::gateway::health_status::unhealthy_503}) {
        desk at(style);
        const bool by_status = style == config::gateway::health_status::unhealthy_503;
        CHECK(at.get("/health").status == 200);
        at.servers({{"a", backend::status::stopped}, {"b", backend::status::running}});
        CHECK(at.get("/health").status == 200);
        at.servers({{"a", backend::status::error}});
        const auto answer = at.get("/health");
        CHECK(answer.status == (by_status ? 503 : 200));
        CHECK(answer.body == R"({"status":"unhealthy","specVersion":"1.17.0","gatewayVersion":")" +
                                 std::string(gateway_version) +
                                 R"(","servers":{"a":{"status":"error","uptime":0}}})");
        CHECK(answer.content_type == json);
    }
}

TEST_CASE("front: ready while it serves and one server can be used") {
    desk at;
    CHECK(at.get("/readyz").body == R"({"ready":true,"reasons":[]})");
    at.servers({{"a", backend::status::error}, {"b", backend::status::stopped}});
    const auto one = at.get("/readyz");
    CHECK(one.status == 200);
    CHECK(one.body == R"({"ready":true,"reasons":["server a is in error"]})"); // why stays inside
    at.servers({{"a", backend::status::error}, {"b", backend::status::error}});
    const auto none = at.get("/readyz");
    CHECK(none.status == 503);
    CHECK(none.body == R"({"ready":false,"reasons":["server a is in error","server b is in error"]})");
    at.servers({{"a", backend::status::running}});
    at.door.close();
    const auto closing = at.get("/readyz");
    CHECK(closing.status == 503);
    CHECK(closing.body == R"({"ready":false,"reasons":["the gateway is shutting down"]})");
}

TEST_CASE("front: close works once, counts what runs, and is waited for") {
    desk at;
    at.servers(
        {{"a", backend::status::running}, {"b", backend::status::stopped}, {"c", backend::status::error}});
    {
        const auto first = at.serve(desk::head("POST", "/close", "agent-one"));
        CHECK(first.answer.status == 200);
        CHECK(first.answer.body ==
              R"({"status":"closed","message":"Gateway shutdown initiated","serversTerminated":1})");
        CHECK(at.closed == 1);
        CHECK(at.door.closing());
        // Until the answer has been written nobody hangs up.
        CHECK_FALSE(testing::run(at.loop, at.door.wait_idle(core::clock::now())));
    }
    CHECK(testing::run(at.loop, at.door.wait_idle(core::clock::now())));
    const auto second = at.serve(desk::head("POST", "/close", "agent-one"));
    CHECK(second.answer.status == 410);
    CHECK(second.answer.body == R"({"error":"Gateway has already been closed"})");
    CHECK(at.closed == 1);
}

TEST_CASE("front: closed, it serves no RPC any more, neither by the head nor behind a body that came late") {
    desk at;
    const auto call = desk::head("POST", "/mcp/time", "agent-one", json);
    CHECK(at.screened(call) == 0);
    at.door.close();
    CHECK(at.screened(call) == 503);
    CHECK(at.screened(desk::head("POST", "/mcp/other", "agent-one", json)) == 503);
    CHECK(at.screened(desk::head("POST", "/mcp/time", "", json)) == 401);
    CHECK(at.serve(call, R"({"jsonrpc":"2.0","id":1,"method":"ping"})").answer.status == 503);
    CHECK(at.get("/health").status == 200);
    CHECK(at.get("/livez").status == 200);
}
