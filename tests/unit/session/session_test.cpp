// A session with two servers; the test plays them.
#include "session/session.hpp"

#include "core/run.hpp"
#include "jsonrpc/message.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

using namespace drawbridge;
using session::introduction;

namespace {

struct desk {
    explicit desk(const introduction& who) {
        session::session_settings settings;
        settings.id = "s";
        settings.kept_bytes = 10000;
        settings.unified = true;
        client = std::make_shared<session::session>(loop.get_executor(), std::move(settings),
                                                    std::vector<const session::upstream*>{&a, &b},
                                                    telemetry::log());
        client->introduce(who);
    }

    std::unique_ptr<session::open_call> request(std::size_t server, std::string_view method,
                                                bool streams = false) {
        auto text = jsonrpc::request("1", method, "{}");
        const auto message = jsonrpc::scan(text);
        return client->request(server, std::move(text), message, streams);
    }
    // Where the server leaves what it says by itself, as the call in its mailbox tells it.
    std::shared_ptr<backend::port> port_in(core::mailbox<backend::message>& box) {
        std::shared_ptr<backend::port> port;
        const auto look = [&]() -> core::task<> {
            const auto call = co_await box.next();
            port = std::get<backend::call>(call).from->target.lock();
        };
        testing::run(loop, look());
        REQUIRE(port);
        return port;
    }
    static void say(backend::port& port, const std::string& what, const std::string& params = "{}") {
        const auto text = jsonrpc::notification("notifications/" + what, params);
        port.deliver(1, text, jsonrpc::scan(text));
    }
    std::string read(session::event_log::reader& from) {
        return testing::run(loop, from.next()).value_or(std::string());
    }

    core::asio::io_context loop{1};
    core::mailbox<backend::message> box_a{loop.get_executor(), 10};
    core::mailbox<backend::message> box_b{loop.get_executor(), 10};
    const session::upstream a{"a", backend::handle(box_a.address()), mcp::tool_filter({"*"})};
    const session::upstream b{"b", backend::handle(box_b.address()), mcp::tool_filter({"*"})};
    std::shared_ptr<session::session> client;
};

} // namespace

TEST_CASE("session, listening: what its filter asks for, under the endpoint's URIs, also what came before") {
    introduction who;
    who.listens = true;
    desk at(who);
    const auto asked_a = at.request(0, "initialize");
    const auto asked_b = at.request(1, "initialize");
    const auto a = at.port_in(at.box_a);
    const auto b = at.port_in(at.box_b);
    at.say(*a, "tools/list_changed");
    at.say(*a, "prompts/list_changed");
    at.say(*b, "resources/updated", R"({"n":1,"uri":"x:y","_meta":{"k":1.50}})");
    session::listening_for what;
    what.id_token = "7";
    what.filter.tools = true;
    what.filter.uris = {"drawbridge://b/x:y"};
    auto stream = at.client->listen_only(what)->attach();
    const std::string id = R"("io.modelcontextprotocol/subscriptionId":7)";
    const std::string updated =
        R"(/resources/updated","params":{"n":1,"uri":"drawbridge://b/x:y","_meta":{)" + id +
        R"(,"k":1.50}}})";
    const auto first = at.read(stream);
    CAPTURE(first);
    const auto changed = first.find(R"(/tools/list_changed","params":{"_meta":{)" + id + "}}}");
    CHECK(first.find("subscriptions/acknowledged") < changed);
    CHECK(changed < first.find(updated));
    CHECK(first.find(updated) != std::string::npos);
    CHECK(first.find("prompts") == std::string::npos);
    at.say(*a, "resources/updated", R"({"uri":"x:y"})"); // the other server's
    at.say(*b, "resources/updated", R"({"uri":"x:z"})");
    at.say(*b, "message", R"({"level":"error","data":"log"})");
    at.say(*b, "resources/updated", R"({"n":1,"uri":"x:y","_meta":{"k":1.50}})");
    const auto second = at.read(stream);
    CHECK(second.find(updated) != std::string::npos);
    CHECK(second.find("event: message", 1) == std::string::npos); // nothing else
    at.client->close();
}

TEST_CASE("session: once nobody waits for its calls they are cancelled, and no more are made") {
    introduction who;
    who.leaving_cancels = true;
    desk at(who);
    const auto first = at.request(0, "tools/list");
    CHECK(at.box_a.waiting() == 1);
    at.client->abandon_calls();
    CHECK(at.box_a.waiting() == 2);
    const auto second = at.request(1, "tools/call");
    CHECK(at.box_b.waiting() == 0);
    const auto end = testing::run(at.loop, second->next());
    REQUIRE(end.index() == 1);
    CHECK_FALSE(std::get<1>(end).failure);
    CHECK(std::get<1>(end).response.empty());
    at.client->close();
}

TEST_CASE("session: a server's question goes to a client that still reads, or waits for it") {
    introduction who;
    who.capabilities = R"({"elicitation":{}})";
    desk at(who);
    const auto cut_off = at.request(0, "tools/call", true);
    const auto port = at.port_in(at.box_a);
    const auto broken = at.client->make_stream();
    cut_off->on_stream(broken);
    { const auto connection = broken->attach(); } // and then it breaks
    auto alive = at.request(0, "tools/call", true);
    const auto ask = [&](const std::string& words) {
        const auto text = jsonrpc::request("0", "elicitation/create", R"({"message":")" + words + "\"}");
        port->deliver(1, text, jsonrpc::scan(text));
    };
    ask("first");
    const auto next = testing::run(at.loop, alive->next());
    REQUIRE(next.index() == 0);
    CHECK(std::get<0>(next).find("first") != std::string::npos);
    alive.reset();
    ask("second"); // nobody reads now; who comes back gets it
    auto back = at.client->listen(std::to_string(broken->number()) + "-0").stream->attach();
    CHECK(at.read(back).find("second") != std::string::npos);
    at.client->close();
}
