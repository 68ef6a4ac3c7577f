#include "health/meters.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <random>
#include <set>
#include <string>

using namespace drawbridge;
using namespace drawbridge::health;
using mcp::fault_kind;
using namespace std::chrono_literals;

TEST_CASE("meters: methods by class") {
    CHECK(class_of("initialize") == method_class::initialize);
    CHECK(class_of("server/discover") == method_class::initialize);
    CHECK(class_of("tools/call") == method_class::tools_call);
    CHECK(class_of("tools/list") == method_class::tools_list);
    CHECK(class_of("prompts/list") == method_class::prompts);
    CHECK(class_of("prompts/get") == method_class::prompts);
    CHECK(class_of("resources/templates/list") == method_class::resources);
    CHECK(class_of("resources/read") == method_class::resources);
    CHECK(class_of("completion/complete") == method_class::completion);
    CHECK(class_of("logging/setLevel") == method_class::logging);
    for (const auto* each : {"", "ping", "tools/", "tools/callx", "Tools/call", "initialize ", "prompts",
                             "notifications/initialized", "\n\"}", "server/", "server/discoverx",
                             "subscriptions/listen", "tasks/get"})
        CHECK(class_of(each) == method_class::other);
}

TEST_CASE("meters: every value of an enumeration has a word of its own") {
    std::set<std::string_view> methods;
    for (std::size_t i = 0; i < method_class_count; ++i)
        methods.insert(to_string(static_cast<method_class>(i)));
    CHECK(methods.size() == method_class_count);
    std::set<std::string_view> outcomes;
    for (std::size_t i = 0; i < call_outcome_count; ++i)
        outcomes.insert(to_string(static_cast<call_outcome>(i)));
    CHECK(outcomes.size() == call_outcome_count);
    std::set<std::string_view> routes;
    for (std::size_t i = 0; i < route_class_count; ++i)
        routes.insert(to_string(static_cast<route_class>(i)));
    CHECK(routes.size() == route_class_count);
}

TEST_CASE("meters: faults by outcome") {
    const auto of = [](fault_kind kind) { return outcome_of(mcp::fault(kind, "")); };
    for (const auto kind : {fault_kind::tool_not_allowed, fault_kind::overloaded, fault_kind::closing,
                            fault_kind::unknown_session, fault_kind::session_required,
                            fault_kind::stream_conflict, fault_kind::too_many_sessions})
        CHECK(of(kind) == call_outcome::refused);
    CHECK(of(fault_kind::unavailable) == call_outcome::unavailable);
    CHECK(of(fault_kind::backend_unauthorized) == call_outcome::unavailable);
    CHECK(of(fault_kind::timed_out) == call_outcome::timed_out);
    CHECK(of(fault_kind::call_interrupted) == call_outcome::interrupted);
    for (const auto kind : {fault_kind::parse_error, fault_kind::invalid_request, fault_kind::unknown_name,
                            fault_kind::bad_credentials, fault_kind::bad_http, fault_kind::answer_too_large,
                            fault_kind::answer_lost})
        CHECK(of(kind) == call_outcome::fault);
    CHECK(outcome_of(mcp::fault()) == call_outcome::fault);
}

TEST_CASE("meters: which ends are failures") {
    for (const auto how : {call_outcome::ok, call_outcome::tool_error, call_outcome::cancelled})
        CHECK_FALSE(is_failure(how));
    for (const auto how : {call_outcome::error, call_outcome::refused, call_outcome::unavailable,
                           call_outcome::timed_out, call_outcome::interrupted, call_outcome::fault})
        CHECK(is_failure(how));
}

TEST_CASE("meters: a call from its beginning to its end") {
    server_meters server;
    server.began();
    server.began();
    CHECK(server.in_flight == 2);
    CHECK(server.total() == 0);
    server.ended(method_class::tools_call, call_outcome::ok, 20ms);
    CHECK(server.in_flight == 1);
    CHECK(server.total() == 1);
    CHECK(server.failed() == 0);
    server.ended(method_class::tools_call, call_outcome::timed_out, 2s);
    CHECK(server.in_flight == 0);
    CHECK(server.total() == 2);
    CHECK(server.failed() == 1);
    CHECK(server.count(method_class::tools_call, call_outcome::ok) == 1);
    CHECK(server.count(method_class::tools_call, call_outcome::timed_out) == 1);
    CHECK(server.count(method_class::tools_list, call_outcome::ok) == 0);
    const auto& latency = server.latency[static_cast<std::size_t>(method_class::tools_call)];
    CHECK(latency.count() == 2);
    CHECK(latency.sum() == doctest::Approx(2.02));
    CHECK(latency.count_up_to(0.025) == 1);
    CHECK(server.all.quantile(1) == 2.0);
}

TEST_CASE("meters: an end without a beginning does not make the gauge huge") {
    server_meters server;
    server.ended(method_class::other, call_outcome::fault, 0ms);
    CHECK(server.in_flight == 0);
    CHECK(server.total() == 1);
}

TEST_CASE("meters: random calls add up") {
    std::mt19937 random(11); // NOLINT(cert-msc51-cpp): the same data every time
    server_meters server;
    std::uint64_t failures = 0;
    for (int i = 0; i < 5000; ++i) {
        const auto how = static_cast<call_outcome>(random() % call_outcome_count);
        server.began();
        server.ended(static_cast<method_class>(random() % method_class_count), how,
                     std::chrono::microseconds(random() % 3'000'000));
        if (is_failure(how)) ++failures;
    }
    CHECK(server.total() == 5000);
    CHECK(server.failed() == failures);
    CHECK(server.in_flight == 0);
    std::uint64_t timed = 0;
    for (std::size_t i = 0; i < method_class_count; ++i) {
        const auto& row = server.calls[i];
        CHECK(server.latency[i].count() == std::accumulate(row.begin(), row.end(), std::uint64_t{0}));
        timed += server.latency[i].count();
    }
    CHECK(timed == 5000);
}

TEST_CASE("meters: checks, and how many failed in a row") {
    const core::time_point start{1000h};
    server_meters server;
    CHECK_FALSE(server.last_check);
    server.checked(false, start, 5s);
    server.checked(false, start + 10s, 4s);
    CHECK(server.consecutive_check_failures == 2);
    CHECK(server.last_check == start + 10s);
    CHECK(server.last_check_took == core::duration(4s));
    server.checked(true, start + 20s, 3ms);
    CHECK(server.consecutive_check_failures == 0);
    CHECK(server.checks_passed == 1);
    CHECK(server.checks_failed == 2);
    CHECK(server.last_check_took == core::duration(3ms));
}

TEST_CASE("meters: paths by class") {
    CHECK(route_of("/mcp") == route_class::mcp);
    CHECK(route_of("/mcp/time") == route_class::mcp);
    CHECK(route_of("/health") == route_class::health);
    CHECK(route_of("/health/servers/time") == route_class::health);
    CHECK(route_of("/livez") == route_class::probe);
    CHECK(route_of("/readyz") == route_class::probe);
    CHECK(route_of("/startupz") == route_class::probe);
    CHECK(route_of("/metrics") == route_class::metrics);
    CHECK(route_of("/status") == route_class::page);
    for (const auto* each : {"", "/", "/mcpx", "/healthy", "/metrics/", "/close", "/.env"})
        CHECK(route_of(each) == route_class::other);
}

TEST_CASE("meters: HTTP answers by route and status") {
    meters all(2);
    CHECK(all.servers.size() == 2);
    const auto count = [&](route_class route, unsigned first) {
        return all.http_requests[static_cast<std::size_t>(route)][first - 1];
    };
    all.answered(route_class::mcp, 200);
    all.answered(route_class::mcp, 202);
    all.answered(route_class::mcp, 101);
    all.answered(route_class::other, 404);
    all.answered(route_class::other, 599);
    for (const unsigned odd : {0U, 99U, 600U, 4294967295U})
        all.answered(route_class::page, odd);
    CHECK(count(route_class::mcp, 1) == 1);
    CHECK(count(route_class::mcp, 2) == 2);
    CHECK(count(route_class::other, 4) == 1);
    CHECK(count(route_class::other, 5) == 1);
    CHECK(count(route_class::page, 5) == 4);
}
