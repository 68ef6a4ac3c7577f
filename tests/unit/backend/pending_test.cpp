#include "backend/pending.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::backend;
using namespace std::chrono_literals;

namespace {

const core::time_point start{1000h};

pending::entry made(std::string id, core::duration limit = 60s) {
    pending::entry call;
    call.id_token = std::move(id);
    call.method = "tools/call";
    call.since = start;
    call.deadline = start + limit;
    return call;
}

} // namespace

TEST_CASE("pending: an entry comes back once, by its number") {
    pending calls;
    CHECK(calls.empty());
    const auto id = calls.add(made("\"caller\""));
    CHECK(calls.size() == 1);
    const auto taken = calls.take(id);
    REQUIRE(taken);
    CHECK(taken->id_token == "\"caller\"");
    CHECK(taken->method == "tools/call");
    CHECK(calls.empty());
    CHECK(!calls.take(id)); // a second answer finds nobody
    CHECK(!calls.next_deadline());
}

TEST_CASE("pending: numbers are never used again") {
    pending calls;
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 300; ++i) {
        const auto id = calls.add(made("1"));
        CHECK(seen.insert(id).second);
        if (i % 3 == 0) calls.take(id);
        if (i % 50 == 0) calls.take_all();
        if (i % 70 == 0) calls.expire(start + 1h);
    }
    CHECK(*seen.begin() > 0);
}

TEST_CASE("pending: a late answer finds nobody, even when a newer call waits") {
    pending calls;
    const auto late = calls.add(made("\"a\"", 1s));
    CHECK(calls.expire(start + 1s).size() == 1);
    const auto newer = calls.add(made("\"b\""));
    CHECK(!calls.take(late));
    const auto taken = calls.take(newer);
    REQUIRE(taken);
    CHECK(taken->id_token == "\"b\"");
}

TEST_CASE("pending: by the token of a response") {
    pending calls;
    const auto id = calls.add(made("1"));
    const auto text = std::to_string(id);
    for (const auto& foreign :
         {"\"" + text + "\"", text + ".0", text + "e0", " " + text, text + " ", "+" + text, "-" + text,
          std::string("null"), std::string(), std::string("0"), "0" + text,
          std::string("99999999999999999999999999"), text + "0", std::string("true")}) {
        CAPTURE(foreign);
        CHECK(!calls.take(std::string_view(foreign)));
    }
    CHECK(calls.size() == 1);
    CHECK(calls.take(std::string_view(text)));
}

TEST_CASE("pending: expire gives those whose time is up, earliest first") {
    pending calls;
    calls.add(made("30", 30s));
    calls.add(made("10", 10s));
    calls.add(made("20", 20s));
    calls.add(made("10 again", 10s));
    CHECK(calls.next_deadline() == start + 10s);
    CHECK(calls.expire(start + 9999ms).empty());

    const auto first = calls.expire(start + 20s); // the deadline itself counts as passed
    REQUIRE(first.size() == 3);
    CHECK(first[0].second.id_token == "10");
    CHECK(first[1].second.id_token == "10 again"); // of equal ones the older
    CHECK(first[2].second.id_token == "20");
    CHECK(first[0].first < first[1].first);
    CHECK(calls.next_deadline() == start + 30s);
    CHECK(calls.expire(start + 20s).empty());
    CHECK(calls.expire(start + 1h).size() == 1);
    CHECK(calls.empty());
    CHECK(!calls.next_deadline());
}

TEST_CASE("pending: an answered call does not expire") {
    pending calls;
    const auto answered = calls.add(made("a", 1s));
    calls.add(made("b", 2s));
    calls.take(answered);
    CHECK(calls.next_deadline() == start + 2s);
    const auto expired = calls.expire(start + 1h);
    REQUIRE(expired.size() == 1);
    CHECK(expired[0].second.id_token == "b");
}

TEST_CASE("pending: take_all gives everyone, in order of arrival, once") {
    pending calls;
    calls.add(made("a", 3s));
    calls.add(made("b", 1s));
    calls.add(made("c", 2s));
    const auto all = calls.take_all();
    REQUIRE(all.size() == 3);
    CHECK(all[0].id_token == "a");
    CHECK(all[1].id_token == "b");
    CHECK(all[2].id_token == "c");
    CHECK(calls.empty());
    CHECK(!calls.next_deadline());
    CHECK(calls.expire(start + 1h).empty());
    CHECK(calls.take_all().empty());
}

TEST_CASE("pending: a client's calls, by its ticket and all of them") {
    pending calls;
    const auto a = std::make_shared<const client>();
    const auto b = std::make_shared<const client>();
    const auto add = [&](const client_ref& from, std::uint64_t ticket) {
        auto call = made("1");
        call.from = from;
        call.ticket = ticket;
        return calls.add(std::move(call));
    };
    CHECK(calls.only_caller() == nullptr);
    add(nullptr, 1);
    CHECK(calls.only_caller() == nullptr);
    const auto first = add(a, 1);
    const auto second = add(a, 2);
    CHECK(calls.only_caller() == a); // the gateway's own calls do not count
    const auto others = add(b, 1);
    CHECK(calls.only_caller() == nullptr);
    CHECK(calls.find(*a, 1) == first);
    CHECK(calls.find(*a, 2) == second);
    CHECK(calls.find(*b, 1) == others);
    CHECK(!calls.find(*b, 2));
    CHECK(!calls.find(client(), 1));
    CHECK(calls.of(*a) == std::vector<std::uint64_t>{first, second});
    CHECK(calls.of(client()).empty());
    CHECK(calls.has(first));
    calls.take(first);
    CHECK(!calls.has(first));
    CHECK(!calls.find(*a, 1));
    CHECK(calls.of(*a) == std::vector<std::uint64_t>{second});
    calls.take(second);
    CHECK(calls.only_caller() == b);
}

TEST_CASE("pending: a call that goes on is found by the token that it was given") {
    pending calls;
    const auto id = calls.add(made("\"caller\""));
    const auto text = std::to_string(id);
    for (const auto& each : {text, text}) {
        auto* found = calls.find(std::string_view(each));
        REQUIRE(found != nullptr);
        CHECK(found->id_token == "\"caller\"");
    }
    for (const auto& foreign :
         {"\"" + text + "\"", text + ".0", "0" + text, std::string("null"), std::string()})
        CHECK(calls.find(std::string_view(foreign)) == nullptr);
    CHECK(calls.size() == 1);
}

TEST_CASE("pending: time that does not count moves every deadline") {
    pending calls;
    const auto early = calls.add(made("a", 1s));
    calls.add(made("b", 2s));
    calls.postpone(10s);
    CHECK(calls.next_deadline() == start + 11s);
    CHECK(calls.expire(start + 10s).empty());
    calls.take(early); // nothing of its old or new deadline is left
    CHECK(calls.next_deadline() == start + 12s);
    const auto expired = calls.expire(start + 12s);
    REQUIRE(expired.size() == 1);
    CHECK(expired[0].second.id_token == "b");
    calls.postpone(1s);
    CHECK(!calls.next_deadline());
}
