#include "backend/rounds.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>

using namespace drawbridge;
using namespace std::chrono_literals;
using backend::pending;
using backend::rounds;

namespace {

using words = std::vector<std::string>;
const core::time_point noon{std::chrono::hours(12)};

pending::entry call_of(const backend::client_ref& from, std::uint64_t ticket, std::string id = "1") {
    pending::entry one;
    one.id_token = std::move(id);
    one.from = from;
    one.ticket = ticket;
    return one;
}

mcp::needed_input needs(std::vector<mcp::input_request> requests, std::string state = "\"s\"") {
    return {std::move(requests), std::move(state)};
}

const mcp::input_request roots{"where", "roots/list", ""};
const mcp::input_request who{"who", "elicitation/create", R"({"message":"a" })"};
const mcp::input_request sample{"w\"rds", "sampling/createMessage", R"({"messages":[]})"};

std::string id_of(const std::string& request) {
    return std::string(jsonrpc::scan(request).id.in(request));
}

std::optional<rounds::waiting> answer(rounds& all, const std::string& id, const std::string& rest) {
    const auto text = R"({"jsonrpc":"2.0","id":)" + id + "," + rest + "}";
    return all.answer(id, text, jsonrpc::scan(text));
}

} // namespace

TEST_CASE("rounds: questions become requests with names that no server uses") {
    rounds all;
    const auto client = std::make_shared<backend::client>();
    const auto first = all.begin(call_of(client, 1), needs({roots, who}), noon);
    const auto second = all.begin(call_of(client, 2), needs({who}), noon);
    REQUIRE(first.size() == 2);
    REQUIRE(second.size() == 1);
    CHECK(all.size() == 2);
    std::set<std::string> ids;
    for (const auto& text : {first[0], first[1], second[0]}) {
        const auto id = id_of(text);
        CHECK(id.front() == '"'); // the other ids on a link are numbers
        CHECK(all.knows(id));
        ids.insert(id);
    }
    CHECK(ids.size() == 3);
    CHECK_FALSE(all.knows("1"));
    CHECK(first[0] == R"({"jsonrpc":"2.0","id":)" + id_of(first[0]) + R"(,"method":"roots/list"})");
    CHECK(first[1] == R"({"jsonrpc":"2.0","id":)" + id_of(first[1]) +
                          R"(,"method":"elicitation/create","params":{"message":"a" }})");
}

TEST_CASE("rounds: mode url has the elicitationId that sessions know") {
    rounds all;
    const mcp::input_request go{"go", "elicitation/create", R"({"mode":"url","url":"https://x"})"};
    const auto asked = all.begin(call_of(nullptr, 1), needs({go}), noon);
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].find(R"("elicitationId":)" + id_of(asked[0])) != std::string::npos);
}

TEST_CASE("rounds: the call comes back with the last answer") {
    rounds all;
    const auto client = std::make_shared<backend::client>();
    const auto asked =
        all.begin(call_of(client, 5, "\"mine\""), needs({roots, who, sample}, R"("\u0061")"), noon);
    REQUIRE(asked.size() == 3);
    CHECK_FALSE(answer(all, "\"input-99\"", R"("result":{})"));
    CHECK_FALSE(answer(all, id_of(asked[1]), R"("result":{"action":"accept", "content":{}})"));
    CHECK_FALSE(all.knows(id_of(asked[1])));
    CHECK_FALSE(answer(all, id_of(asked[1]), R"("result":{"action":"cancel"})")); // a second time
    CHECK_FALSE(answer(all, id_of(asked[0]), R"("result":{"roots":[]})"));
    const auto done = answer(all, id_of(asked[2]), R"("result":{"model":"m"})");
    REQUIRE(done);
    CHECK_FALSE(done->refused);
    CHECK(done->call.id_token == "\"mine\"");
    CHECK(done->call.ticket == 5);
    CHECK(done->needs.state_token == R"("\u0061")");
    CHECK(done->answers == std::map<std::string, std::string>{{"where", R"({"roots":[]})"},
                                                              {"who", R"({"action":"accept", "content":{}})"},
                                                              {"w\"rds", R"({"model":"m"})"}});
    CHECK(all.size() == 0);
    CHECK_FALSE(all.next_deadline());
}

TEST_CASE("rounds: what a client refuses") {
    struct row {
        mcp::input_request question;
        const char* answer;
        const char* told; // empty: the call can't go on
    };
    const row table[] = {
        {who, R"("error":{"code":-1,"message":"no"})", R"({"action":"decline"})"},
        {who, R"("result":{"action":"cancel"})", R"({"action":"cancel"})"},
        {who, R"("result":[])", ""},
        {who, R"("result":null)", ""},
        {roots, R"("error":{"code":-32601,"message":"no"})", ""},
        {sample, R"("error":{"code":-1,"message":"User rejected"})", ""},
        {sample, R"("result":"x")", ""},
    };
    for (const auto& each : table) {
        CAPTURE(each.question.method);
        CAPTURE(each.answer);
        rounds all;
        const auto asked = all.begin(call_of(nullptr, 1), needs({each.question, roots}), noon);
        CHECK_FALSE(answer(all, id_of(asked[0]), each.answer));
        const auto done = answer(all, id_of(asked[1]), R"("result":{"roots":[]})");
        REQUIRE(done);
        CHECK(done->refused == std::string(each.told).empty());
        if (done->refused) continue;
        const auto found = done->answers.find(each.question.key);
        REQUIRE(found != done->answers.end());
        CHECK(found->second == each.told);
    }
}

TEST_CASE("rounds: calls that end otherwise take their questions with them") {
    rounds all;
    const auto a = std::make_shared<backend::client>();
    const auto b = std::make_shared<backend::client>();
    const auto first = all.begin(call_of(a, 1), needs({roots}), noon + 1min);
    const auto second = all.begin(call_of(a, 2), needs({roots}), noon + 3min);
    const auto third = all.begin(call_of(b, 1), needs({roots}), noon + 2min);
    const auto fourth = all.begin(call_of(b, 2), needs({roots}), noon + 4min);
    CHECK(all.next_deadline() == noon + 1min);
    CHECK_FALSE(all.take(*a, 3));
    const auto taken = all.take(*a, 2);
    REQUIRE(taken);
    CHECK(taken->call.ticket == 2);
    CHECK_FALSE(all.knows(id_of(second[0])));
    CHECK_FALSE(answer(all, id_of(second[0]), R"("result":{})"));
    CHECK(all.take_expired(noon).empty());
    const auto late = all.take_expired(noon + 1min);
    REQUIRE(late.size() == 1);
    CHECK(late[0].call.from == a);
    CHECK_FALSE(all.knows(id_of(first[0])));
    CHECK(all.take_of(*a).empty());
    CHECK(all.take_of(*b).size() == 2);
    CHECK_FALSE(all.knows(id_of(third[0])));
    CHECK_FALSE(all.knows(id_of(fourth[0])));
    CHECK(all.size() == 0);
    all.begin(call_of(a, 1), needs({roots}), noon);
    all.begin(call_of(b, 1), needs({}), noon);
    CHECK(all.take_all().size() == 2);
    CHECK(all.take_all().empty());
}

TEST_CASE("rounds: a call that is taken away tells which questions are still open") {
    rounds all;
    const auto a = std::make_shared<backend::client>();
    auto other = roots;
    other.key = "other";
    const auto asked = all.begin(call_of(a, 1), needs({roots, other}), noon);
    const auto kept = all.begin(call_of(a, 2), needs({roots}), noon + 1min);
    const auto text = R"({"jsonrpc":"2.0","id":)" + id_of(asked[0]) + R"(,"result":{}})";
    CHECK_FALSE(all.answer(id_of(asked[0]), text, jsonrpc::scan(text)));
    const auto late = all.take_expired(noon);
    REQUIRE(late.size() == 1);
    CHECK(late[0].open == std::vector<std::string>{id_of(asked[1])});
    CHECK_FALSE(all.knows(id_of(asked[1])));
    CHECK(all.knows(id_of(kept[0])));
}
