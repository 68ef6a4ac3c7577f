// The unified endpoint between the eras: clients of MCP 2026-07-28 there are clients of 2026-07-28 towards
// the server that their call leads to, and everybody there hears of changes.
#include "support/diary.hpp"
#include "support/eventually.hpp"
#include "support/gateway.hpp"
#include "support/modern_client.hpp"
#include "support/remote_server.hpp"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view last_chunk = "0\r\n\r\n";

server_entry remote(std::string name, const remote_server& server) {
    return {std::move(name), R"({"type":"http","url":")" + server.url() + "\"}"};
}

std::string method_of(const remote_request& request) {
    return request.method == "POST" ? text_at(parse(request.body), "method") : std::string();
}

std::string result(const remote_request& request, std::string_view raw) {
    const auto id = boost::json::serialize(*find(parse(request.body), "id"));
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + std::string(raw) + "}";
}

std::string note(std::string_view method, std::string_view params) {
    return R"({"jsonrpc":"2.0","method":"notifications/)" + std::string(method) + R"(","params":)" +
           std::string(params) + "}";
}

remote_answer plain(std::string body) {
    remote_answer told;
    told.body = std::move(body);
    return told;
}

remote_answer stream(const std::vector<std::string>& messages) {
    remote_answer told;
    told.type = "text/event-stream";
    for (const auto& each : messages)
        told.body += "event: message\ndata: " + each + "\n\n";
    return told;
}

remote_answer nothing_of_its_own() {
    remote_answer told;
    told.status = 0;
    return told;
}

// Of 2026-07-28. Its one tool wants to know the guest's name before it does anything.
remote_answer restaurant(const remote_request& request) {
    const auto method = method_of(request);
    const auto message = request.body.empty() ? boost::json::value() : parse(request.body);
    if (method == "server/discover")
        return plain(result(request, R"({"resultType":"complete","supportedVersions":["2026-07-28"],)"
                                     R"("capabilities":{"tools":{},"logging":{}},"ttlMs":0,)"
                                     R"("cacheScope":"private"})"));
    if (request.body.find(R"("io.modelcontextprotocol/protocolVersion":"2026-07-28")") == std::string::npos)
        return remote_answer{400, "", "text/plain", ""};
    if (method == "tools/list")
        return plain(result(request,
                            R"({"resultType":"complete","ttlMs":5000,"cacheScope":"public","tools":[)"
                            R"({"name":"book a table","inputSchema":{"type":"object","properties":{"place":)"
                            R"({"type":"string","x-mcp-header":"Place"}}}}]})"));
    if (method != "tools/call") return plain(result(request, R"({"resultType":"complete"})"));
    const auto guest = text_at(message, "params.inputResponses.guest.content.name");
    const auto state = text_at(message, "params.requestState");
    if (!guest.empty())
        return plain(result(request, R"({"resultType":"complete","content":[{"type":"text","text":)" +
                                         json_string(guest + " after " + state) + "}]}"));
    return stream(
        {note("message", R"({"level":"info","data":"thinking"})"),
         note("message", R"({"level":"debug","data":"too much"})"),
         result(request, R"({"resultType":"input_required","requestState":"round \"one\"","inputRequests":)"
                         R"({"guest":{"method":"elicitation/create","params":{"message":"Who?",)"
                         R"("requestedSchema":{"type":"object"}}}}})")});
}

// Of an older revision. A call of "change" changes all it has, says so, and logs.
remote_answer changing(const remote_request& request) {
    const auto method = method_of(request);
    if (method == "initialize")
        return plain(result(request, R"({"protocolVersion":"2025-11-25","serverInfo":{"name":"changing",)"
                                     R"("version":"1"},"capabilities":{"tools":{"listChanged":true},)"
                                     R"("resources":{"subscribe":true},"logging":{}}})"));
    if (method == "resources/subscribe" && request.body.find("test://nothing") != std::string::npos)
        return plain(R"({"jsonrpc":"2.0","id":)" + boost::json::serialize(*find(parse(request.body), "id")) +
                     R"(,"error":{"code":-32602,"message":"no such resource"}})");
    if (method != "tools/call") return nothing_of_its_own();
    return stream({note("message", R"({"level":"warning","data":"all new"})"),
                   note("tools/list_changed", "{}"), note("prompts/list_changed", "{}"),
                   note("resources/updated", R"({"uri":"test://a/b","_meta":{"x":1}})"),
                   note("resources/updated", R"({"uri":"test://other"})"),
                   result(request, R"({"content":[{"type":"text","text":"changed"}]})")});
}

modern_request listening(const std::string& wanted) {
    modern_request what;
    what.method = "subscriptions/listen";
    what.params = R"("notifications":)" + wanted;
    what.id = R"("my listen")";
    return what;
}

modern_request again(modern_request call, const std::string& state, const std::string& responses) {
    call.id = R"("again")";
    call.params += R"(,"inputResponses":)" + responses + R"(,"requestState":)" + json_string(state);
    return call;
}

// The whole answer where it is a stream.
std::string streamed(const gateway& gate, const modern_request& what, const http_headers& headers) {
    http_client client(gate.port());
    client.write(request_text("POST", "/mcp", what.text(), headers));
    return client.read_until(last_chunk);
}

// As another client does it.
void change(const gateway& gate) {
    CHECK(send_modern(gate, "/mcp/far", modern_call("change")).body.find("changed") != std::string::npos);
}

std::size_t times(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1))
        ++count;
    return count;
}

} // namespace

TEST_CASE("unified, modern: an older server asks in a call, the client answers, the call is run once") {
    const diary notes, beside;
    gateway_options options;
    options.servers = {beside.server("beside"), notes.server("asks")};
    const gateway gate(std::move(options));
    auto call = modern_call("asks__ask", R"({"questions":1})");
    call.capabilities = R"({"elicitation":{}})";
    const auto asked = parse(send_modern(gate, "/mcp", call).body);
    REQUIRE(text_at(asked, "result.resultType") == "input_required");
    const auto* requests = find(asked, "result.inputRequests");
    REQUIRE(requests != nullptr);
    REQUIRE(requests->as_object().size() == 1);
    CHECK(text_at(requests->as_object().begin()->value(), "params.message") == "Question 1?");
    const auto answer = "{" + json_string(requests->as_object().begin()->key()) +
                        R"(:{"action":"accept","content":{"name":"Ann"}}})";
    const auto state = text_at(asked, "result.requestState");
    // What was asked at one server is not answered at another.
    auto elsewhere = again(modern_call("beside__ask", R"({"questions":1})"), state, answer);
    elsewhere.capabilities = call.capabilities;
    CHECK(number_at(parse(send_modern(gate, "/mcp", elsewhere).body), "error.code") == -32602);
    const auto done = parse(send_modern(gate, "/mcp", again(call, state, answer)).body);
    CHECK(tool_text(done) == R"({"action":"accept","content":{"name":"Ann"}})");
    CHECK(text_at(done, "result.resultType") == "complete");
    CHECK(text_at(done, "id") == "again");
    CHECK(notes.count("tools/call ask") == 1);
    CHECK(beside.count("tools/call ask") == 0);
    // The capability that is missing is named, and the code is not translated.
    call.capabilities = R"({"sampling":{}})";
    const auto refused = send_modern(gate, "/mcp", call);
    CHECK(refused.status == 400);
    CHECK(number_at(parse(refused.body), "error.code") == -32021);
    CHECK(find(parse(refused.body), "error.data.requiredCapabilities.elicitation") != nullptr);
}

TEST_CASE("unified, modern: a server of 2026-07-28 asks, logs, and reads headers; also by a shortened name") {
    const remote_server far(restaurant);
    const auto start = [&] {
        gateway_options options;
        options.servers = {remote("far", far), scripted("near")};
        return options;
    };
    std::string name;
    {
        const gateway gate(start());
        modern_request list;
        list.method = "tools/list";
        const auto listed = parse(send_modern(gate, "/mcp", list).body);
        CHECK(text_at(listed, "result.resultType") == "complete");
        CHECK(number_at(listed, "result.ttlMs") == 0);
        CHECK(text_at(listed, "result.cacheScope") == "private");
        CHECK(text_at(listed, "result.tools.1.name") == "near__echo");
        CHECK(find(listed, "result._meta.drawbridge/unavailableServers") == nullptr);
        name = text_at(listed, "result.tools.0.name");
        http_client client(gate.port());
        const auto older = client.send("POST", "/mcp", rpc_text("tools/list", "{}", "1"), rpc_headers()).body;
        CHECK(older.find(name) != std::string::npos);
        CHECK(older.find("near__echo") != std::string::npos);
        CHECK(older.find("resultType") == std::string::npos);
    }
    REQUIRE(name.starts_with("far__book_a_table"));
    const gateway gate(start()); // one that has not seen the list
    auto call = modern_call(name, R"({"place":"bar"})");
    call.capabilities = R"({"elicitation":{}})";
    call.more_meta = R"("io.modelcontextprotocol/logLevel":"info")";
    const auto events = streamed(gate, call, with(call.headers(), "Mcp-Param-Place", "bar"));
    CHECK(times(events, "thinking") == 1);
    CHECK(events.find("too much") == std::string::npos);
    CHECK(events.find(R"("resultType":"input_required")") > events.find("thinking"));
    CHECK(events.find(R"("requestState":"round \"one\"")") != std::string::npos);
    auto retry = again(call, "round \"one\"", R"({"guest":{"action":"accept","content":{"name":"Bo"}}})");
    const auto unsaid = send_modern(gate, "/mcp", retry); // without the argument's header
    CHECK(unsaid.status == 400);
    CHECK(number_at(parse(unsaid.body), "error.code") == -32020);
    http_client client(gate.port());
    const auto booked =
        client.send("POST", "/mcp", retry.text(), with(retry.headers(), "Mcp-Param-Place", "bar"));
    CHECK(tool_text(parse(booked.body)) == "Bo after round \"one\"");
    for (const auto& each : far.seen()) {
        if (method_of(each) != "tools/call") continue;
        CHECK(each.headers.at("mcp-name") == "book a table");
        CHECK(each.headers.at("mcp-param-place") == "bar");
        CHECK(each.body.find(R"("io.modelcontextprotocol/clientCapabilities":{"elicitation":{}})") !=
              std::string::npos);
    }
}

TEST_CASE("unified, modern: log messages of an older server reach the call that asked for them") {
    const remote_server far(changing);
    gateway_options options;
    options.servers = {remote("far", far)};
    const gateway gate(std::move(options));
    auto call = modern_call("far__change");
    CHECK(send_modern(gate, "/mcp", call).body.find("all new") == std::string::npos);
    call.more_meta = R"("io.modelcontextprotocol/logLevel":"error")";
    CHECK(send_modern(gate, "/mcp", call).body.find("all new") == std::string::npos);
    call.more_meta = R"("io.modelcontextprotocol/logLevel":"info")";
    const auto events = streamed(gate, call, call.headers());
    CHECK(times(events, "all new") == 1);
    CHECK(events.find("changed") != std::string::npos);
}

TEST_CASE("unified, modern: subscriptions/listen hears every server, under the endpoint's URIs") {
    const remote_server far(changing);
    gateway_options options;
    options.servers = {
        remote("far", far), scripted("quiet"), {"gone", R"({"type":"http","url":"http://127.0.0.1:9/mcp"})"}};
    const gateway gate(std::move(options));
    const auto what = listening(
        R"({"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":)"
        R"(["drawbridge://far/test://a/b","drawbridge://far/test://nothing","drawbridge://gone/test://a/b",)"
        R"("drawbridge://quiet/test://a/b","drawbridge://nobody/test://a/b","test://a/b"]})");
    http_client client(gate.port());
    client.write(request_text("POST", "/mcp", what.text(), what.headers()));
    const auto opened = client.read_until("acknowledged");
    CHECK(opened.find(" 200 ") != std::string::npos);
    const auto agreed = client.read_until("\n\n");
    CHECK(agreed.find(R"("toolsListChanged":true)") != std::string::npos);
    CHECK(agreed.find("promptsListChanged") == std::string::npos); // nobody tells it
    CHECK(agreed.find(R"(["drawbridge://far/test://a/b"])") != std::string::npos);
    CHECK(agreed.find(R"("io.modelcontextprotocol/subscriptionId":"my listen")") != std::string::npos);
    change(gate);
    auto events = client.read_until("resources/updated");
    events += client.read_until("\n\n");
    CAPTURE(events);
    CHECK(events.find("tools/list_changed") != std::string::npos);
    CHECK(events.find("prompts/list_changed") == std::string::npos);
    CHECK(events.find("all new") == std::string::npos);
    CHECK(events.find(R"("uri":"drawbridge://far/test://a/b")") != std::string::npos);
    CHECK(events.find(R"("x":1)") != std::string::npos);
    CHECK(times(events, R"("io.modelcontextprotocol/subscriptionId":"my listen")") == 2);
}

TEST_CASE("unified, modern: what was subscribed for a client that has gone is given back") {
    const remote_server far(changing);
    gateway_options options;
    options.servers = {remote("far", far)};
    const gateway gate(std::move(options));
    {
        const auto what = listening(R"({"resourceSubscriptions":["drawbridge://far/test://a/b"]})");
        http_client client(gate.port());
        client.write(request_text("POST", "/mcp", what.text(), what.headers()));
        CHECK(client.read_until("acknowledged").find(" 200 ") != std::string::npos);
    }
    CHECK(eventually(30s, [&] {
        for (const auto& each : far.seen())
            if (method_of(each) == "resources/unsubscribe")
                return text_at(parse(each.body), "params.uri") == "test://a/b";
        return false;
    }));
}

TEST_CASE("unified, sessions: a client without capabilities hears of changes at servers that it has used") {
    const remote_server far(changing);
    gateway_options options;
    options.servers = {remote("far", far)};
    const gateway gate(std::move(options));
    const auto session = legacy_session(gate, "/mcp");
    REQUIRE_FALSE(session.empty());
    http_client client(gate.port());
    const auto subscribed = client.send(
        "POST", "/mcp", rpc_text("resources/subscribe", R"({"uri":"drawbridge://far/test://a/b"})", "1"),
        legacy_headers(session));
    CHECK(find(parse(subscribed.body), "result") != nullptr);
    const auto other = legacy_session(gate, "/mcp"); // it has only listed
    client.send("POST", "/mcp", rpc_text("tools/list", "{}", "1"), legacy_headers(other));
    http_client mine(gate.port());
    mine.write(request_text("GET", "/mcp", {}, legacy_headers(session)));
    http_client others(gate.port());
    others.write(request_text("GET", "/mcp", {}, legacy_headers(other)));
    change(gate);
    auto events = mine.read_until("resources/updated");
    events += mine.read_until("\n\n");
    CAPTURE(events);
    CHECK(events.find("tools/list_changed") != std::string::npos);
    CHECK(events.find(R"("uri":"drawbridge://far/test://a/b")") != std::string::npos);
    const auto seen = others.read_until("prompts/list_changed");
    CHECK(seen.find("tools/list_changed") != std::string::npos);
}
