// A server of an older revision asks a client of MCP 2026-07-28 in the middle of its call: the call is
// parked, and goes on with the client's retry.
#include "support/diary.hpp"
#include "support/eventually.hpp"
#include "support/gateway.hpp"
#include "support/modern_client.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <map>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view other_agent = "test-agent-other-51c2";

modern_request asking(int questions, const std::string& capabilities = R"({"elicitation":{}})") {
    auto call = modern_call("ask", R"({"questions":)" + std::to_string(questions) + "}");
    call.capabilities = capabilities;
    return call;
}

// What the client is asked: the key of each question by its text.
struct interim {
    std::string state;
    std::map<std::string, std::string> keys;
};

interim read_interim(const http_answer& answer) {
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    const auto all = parse(answer.body);
    REQUIRE(text_at(all, "result.resultType") == "input_required");
    CHECK(answer.body.find("ttlMs") == std::string::npos);
    interim asked;
    asked.state = text_at(all, "result.requestState");
    CHECK_FALSE(asked.state.empty());
    const auto* requests = find(all, "result.inputRequests");
    REQUIRE(requests != nullptr);
    for (const auto& [key, what] : requests->as_object()) {
        CHECK(text_at(what, "method") == "elicitation/create");
        asked.keys[text_at(what, "params.message")] = key;
    }
    return asked;
}

std::string accepting(const std::string& key, const std::string& name) {
    return json_string(key) + R"(:{"action":"accept","content":{"name":)" + json_string(name) + "}}";
}

modern_request retry(modern_request call, const std::string& state, const std::string& responses) {
    call.id = R"("again")";
    call.params += R"(,"inputResponses":{)" + responses + R"(},"requestState":)" + json_string(state);
    return call;
}

std::string last_key(const interim& asked) {
    REQUIRE_FALSE(asked.keys.empty());
    return asked.keys.rbegin()->second;
}

// Refused as a retry that leads nowhere.
void check_refused(const http_answer& answer) {
    CAPTURE(answer.body);
    CHECK(answer.status == 200);
    CHECK(number_at(parse(answer.body), "error.code") == -32602);
    CHECK(text_at(parse(answer.body), "id") == "again");
}

gateway_options two_agents(const std::vector<server_entry>& servers) {
    gateway_options options;
    options.port = free_port();
    std::string text = R"({"mcpServers":{)";
    for (const auto& each : servers)
        text += (text.back() == '{' ? "" : ",") + json_string(each.name) + ":" + each.json;
    options.configuration = text + R"(},"gateway":{"port":)" + std::to_string(*options.port) +
                            R"(,"domain":"localhost","agentIds":[)" + json_string(agent) + "," +
                            json_string(other_agent) + "]}}";
    return options;
}

} // namespace

TEST_CASE("a call that needs the client's input: asked, answered, done, and run once") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("asks")};
    const gateway gate(std::move(options));
    const auto call = asking(1);
    const auto asked = read_interim(send_modern(gate, "/mcp/asks", call));
    REQUIRE(asked.keys.contains("Question 1?"));
    const auto done =
        send_modern(gate, "/mcp/asks", retry(call, asked.state, accepting(last_key(asked), "Ann")));
    CHECK(done.status == 200);
    const auto result = parse(done.body);
    CHECK(tool_text(result) == R"({"action":"accept","content":{"name":"Ann"}})");
    CHECK(text_at(result, "result.resultType") == "complete");
    CHECK(text_at(result, "id") == "again");
    CHECK(notes.count("tools/call ask") == 1);
    CHECK(notes.count("answer") == 1);
}

TEST_CASE("several questions come in one round; what is not answered is asked again, what is not asked is "
          "ignored") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("several")};
    const gateway gate(std::move(options));
    const auto call = asking(3);
    const auto first = read_interim(send_modern(gate, "/mcp/several", call));
    REQUIRE(first.keys.size() == 3);
    const auto part = accepting(first.keys.at("Question 2?"), "two") + "," + accepting("nobody-asked", "x");
    const auto second = read_interim(send_modern(gate, "/mcp/several", retry(call, first.state, part)));
    CHECK(second.keys.size() == 2);
    CHECK_FALSE(second.keys.contains("Question 2?"));
    CHECK(second.state != first.state);
    const auto rest = accepting(second.keys.at("Question 1?"), "one") + "," +
                      json_string(second.keys.at("Question 3?")) + R"(:{"action":"decline"})";
    check_refused(send_modern(gate, "/mcp/several", retry(call, first.state, rest))); // of an earlier round
    const auto done = send_modern(gate, "/mcp/several", retry(call, second.state, rest));
    CHECK(tool_text(parse(done.body)) ==
          R"({"action":"accept","content":{"name":"one"}} {"action":"accept","content":{"name":"two"}} )"
          R"({"action":"decline"})");
    CHECK(notes.count("tools/call ask") == 1);
}

TEST_CASE("a requestState is good for its agent, its server, its call, unchanged, and once") {
    const diary notes, beside;
    const gateway gate(two_agents({notes.server("bound"), beside.server("beside")}));
    const auto call = asking(1);
    const auto asked = read_interim(send_modern(gate, "/mcp/bound", call));
    const auto answer = accepting(last_key(asked), "Ann");
    const auto good = retry(call, asked.state, answer);
    for (std::size_t at = 0; at < asked.state.size(); at += asked.state.size() / 7) {
        auto changed = asked.state;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        check_refused(send_modern(gate, "/mcp/bound", retry(call, changed, answer)));
    }
    for (const auto& state : {asked.state.substr(1), asked.state + "A", std::string("made up")})
        check_refused(send_modern(gate, "/mcp/bound", retry(call, state, answer)));
    check_refused(send_modern(gate, "/mcp/bound", good, other_agent));
    check_refused(send_modern(gate, "/mcp/beside", good));
    check_refused(send_modern(gate, "/mcp/bound", retry(asking(2), asked.state, answer)));
    auto echo = modern_call("echo", R"({"text":"a"})");
    echo.capabilities = call.capabilities;
    check_refused(send_modern(gate, "/mcp/bound", retry(echo, asked.state, answer)));
    // None of that has harmed the call.
    CHECK(tool_text(parse(send_modern(gate, "/mcp/bound", good).body)).find("Ann") != std::string::npos);
    check_refused(send_modern(gate, "/mcp/bound", good));
    CHECK(notes.count("tools/call ask") == 1);
    CHECK(notes.count("tools/call echo") == 0);
    CHECK(notes.count("answer") == 1);
    CHECK(beside.count("tools/call ask") == 0);
}

TEST_CASE("a requestState where links are shared by everybody is refused, and the call is not run") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("everybody", {}, R"("drawbridge":{"sessions":"shared"})")};
    const gateway gate(std::move(options));
    check_refused(
        send_modern(gate, "/mcp/everybody", retry(asking(1), "made up", accepting("input-1", "Ann"))));
    CHECK(notes.count("tools/call ask") == 0);
}

TEST_CASE(
    "a requestState that nobody gave is refused at the unified endpoint, too, and the call is not run") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("united")};
    const gateway gate(std::move(options));
    auto call = retry(asking(1), "made up", accepting("input-1", "Ann"));
    call.name = "united__ask";
    call.params.replace(call.params.find("\"ask\""), 5, "\"united__ask\"");
    check_refused(send_modern(gate, "/mcp", call));
    CHECK(notes.count("tools/call ask") == 0);
}

TEST_CASE("what a server asks in one client's call is not put to another client") {
    const diary notes;
    auto options =
        two_agents({notes.server("mixed", {}, R"("toolTimeout":4,"drawbridge":{"sessions":"shared"})")});
    const gateway gate(std::move(options));
    auto waiting = modern_call("silent");
    waiting.capabilities = R"({"elicitation":{}})";
    http_client client(gate.port());
    client.write(request_text("POST", "/mcp/mixed", waiting.text(), waiting.headers(other_agent)));
    REQUIRE(eventually(30s, [&] { return notes.count("tools/call silent") == 1; }));
    // A client of sessions that declares nothing; the server asks nevertheless.
    CHECK(tool_text(gate.call("mixed", "ask")) == "refused");
    const auto other = client.read();
    CHECK(other.body.find("Question") == std::string::npos);
    CHECK(other.body.find("not answered within") != std::string::npos);
}

TEST_CASE("a parked call does not hold up the end of the gateway") {
    gateway_options options;
    options.servers = {scripted("ending")};
    gateway gate(std::move(options));
    read_interim(send_modern(gate, "/mcp/ending", asking(1)));
    gate.signal(SIGTERM);
    CHECK(gate.wait_exit(15s) == 0); // its client could not come back: drainTimeout is 30 s
}

TEST_CASE("calls that are parked at the same time do not get each other's answers") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("crowd")};
    const gateway gate(std::move(options));
    const auto call = asking(1);
    std::vector<interim> all;
    for (int i = 0; i < 3; ++i)
        all.push_back(read_interim(send_modern(gate, "/mcp/crowd", call)));
    for (const auto i : {1U, 0U, 2U}) {
        const auto name = "client-" + std::to_string(i);
        const auto done =
            send_modern(gate, "/mcp/crowd", retry(call, all[i].state, accepting(last_key(all[i]), name)));
        CHECK(tool_text(parse(done.body)).find(name) != std::string::npos);
    }
    CHECK(notes.count("tools/call ask") == 3);
    // Links that are free again are used again.
    const auto starts = notes.count("start");
    const auto next = read_interim(send_modern(gate, "/mcp/crowd", call));
    CHECK(notes.count("start") == starts);
    const auto done =
        send_modern(gate, "/mcp/crowd", retry(call, next.state, accepting(last_key(next), "d")));
    CHECK(tool_text(parse(done.body)).find("\"d\"") != std::string::npos);
}

TEST_CASE("the server dies while a call is parked: the retry is refused, and the call is not run again") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("parked")};
    const gateway gate(std::move(options));
    const auto call = asking(1);
    const auto asked = read_interim(send_modern(gate, "/mcp/parked", call));
    for (const auto& name : gate.containers("parked"))
        runtime_command({"kill", name});
    REQUIRE(eventually(30s, [&] { return gate.log().find("closed: the container") != std::string::npos; }));
    const auto again = retry(call, asked.state, accepting(last_key(asked), "Ann"));
    check_refused(send_modern(gate, "/mcp/parked", again));
    CHECK(gate.becomes("parked", "running"));
    check_refused(send_modern(gate, "/mcp/parked", again));
    CHECK(notes.count("tools/call ask") == 1);
    http_answer interim_answer; // the first ones may be told that its link comes up again
    REQUIRE(eventually(30s, [&] {
        interim_answer = send_modern(gate, "/mcp/parked", call);
        return interim_answer.body.find("requestState") != std::string::npos;
    }));
    const auto anew = read_interim(interim_answer);
    const auto done =
        send_modern(gate, "/mcp/parked", retry(call, anew.state, accepting(last_key(anew), "b")));
    CHECK(tool_text(parse(done.body)).find("\"b\"") != std::string::npos);
    CHECK(notes.count("tools/call ask") == 2);
}

TEST_CASE(
    "the gateway is started anew while a call is parked: the retry is refused, and the call is not run") {
    const diary notes;
    const auto call = asking(1);
    interim asked;
    {
        gateway_options options;
        options.servers = {notes.server("anew")};
        options.gateway_extra = R"("drawbridge":{"drainTimeout":1})";
        const gateway gate(std::move(options));
        asked = read_interim(send_modern(gate, "/mcp/anew", call));
    }
    gateway_options options;
    options.servers = {notes.server("anew")};
    const gateway gate(std::move(options));
    check_refused(
        send_modern(gate, "/mcp/anew", retry(call, asked.state, accepting(last_key(asked), "Ann"))));
    CHECK(notes.count("tools/call ask") == 1);
}

TEST_CASE("a client is never asked for what it did not declare") {
    const diary notes;
    gateway_options options;
    options.servers = {notes.server("quiet")};
    const gateway gate(std::move(options));
    // On a link that declares nothing it is the server that is refused: whose call it asks in is not known.
    const auto nothing = send_modern(gate, "/mcp/quiet", asking(1, "{}"));
    CHECK(tool_text(parse(nothing.body)) == "refused");
    for (const auto* declared : {R"({"sampling":{}})", R"({"elicitation":{"url":{}}})"}) {
        CAPTURE(declared);
        const auto answer = send_modern(gate, "/mcp/quiet", asking(1, declared));
        CHECK(answer.status == 400);
        const auto told = parse(answer.body);
        CHECK(number_at(told, "error.code") == -32021);
        CHECK(find(told, "error.data.requiredCapabilities.elicitation") != nullptr);
    }
    CHECK(eventually(10s, [&] { return notes.count("answer") == 3; })); // the server does not wait for it
}
