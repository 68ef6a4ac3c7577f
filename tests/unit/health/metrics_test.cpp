#include "health/metrics.hpp"

#include "version.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::health;
using backend::state;
using backend::status;
using namespace std::chrono_literals;

namespace {

const core::time_point start{1000h};

server_health made(std::string name, state where, status word) {
    server_health server;
    server.name = std::move(name);
    server.state = where;
    server.status = word;
    return server;
}

std::string render(const snapshot& now, const meters& counted,
                   const std::vector<supervision>& supervised = {}) {
    return render_metrics(now, counted, supervised, telemetry::process_figures(), start + 90500ms);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        REQUIRE(end != std::string::npos); // the last line ends, too
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

// The samples of one family, without its head.
std::string samples(const std::string& text, const std::string& name) {
    std::string found;
    bool inside = false;
    for (const auto& line : lines_of(text)) {
        if (line.starts_with("# HELP ")) inside = line.starts_with("# HELP " + name + ' ');
        if (inside && !line.starts_with('#')) found += line + '\n';
    }
    return found;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

} // namespace

TEST_CASE("metrics: a gateway without servers") {
    CHECK(render(snapshot(), meters()) ==
          "# HELP drawbridge_build_info 1, with the version as a label.\n"
          "# TYPE drawbridge_build_info gauge\n"
          "drawbridge_build_info{version=\"" +
              std::string(gateway_version) +
              "\",spec_version=\"1.17.0\"} 1\n"
              "# HELP drawbridge_healthy 1 when no server has the status error, as GET /health says it.\n"
              "# TYPE drawbridge_healthy gauge\n"
              "drawbridge_healthy 1\n"
              "# HELP drawbridge_sessions Sessions of clients.\n"
              "# TYPE drawbridge_sessions gauge\n"
              "drawbridge_sessions 0\n"
              "# HELP drawbridge_streams Event streams to clients that are open.\n"
              "# TYPE drawbridge_streams gauge\n"
              "drawbridge_streams 0\n"
              "# HELP drawbridge_connections Connections of clients.\n"
              "# TYPE drawbridge_connections gauge\n"
              "drawbridge_connections 0\n"
              "# HELP drawbridge_log_lines_dropped_total Log lines dropped because they were not taken fast "
              "enough.\n"
              "# TYPE drawbridge_log_lines_dropped_total counter\n"
              "drawbridge_log_lines_dropped_total 0\n");
}

TEST_CASE("metrics: state and status are one-hot") {
    snapshot now;
    now.servers.push_back(made("time", state::degraded, status::running));
    now.servers[0].running_since = start;
    now.servers[0].incarnation = 4;
    const auto text = render(now, meters(1));
    CHECK(samples(text, "drawbridge_server_state") ==
          "drawbridge_server_state{server=\"time\",state=\"stopped\"} 0\n"
          "drawbridge_server_state{server=\"time\",state=\"pulling\"} 0\n"
          "drawbridge_server_state{server=\"time\",state=\"starting\"} 0\n"
          "drawbridge_server_state{server=\"time\",state=\"initializing\"} 0\n"
          "drawbridge_server_state{server=\"time\",state=\"ready\"} 0\n"
          "drawbridge_server_state{server=\"time\",state=\"degraded\"} 1\n"
          "drawbridge_server_state{server=\"time\",state=\"backoff\"} 0\n"
          "drawbridge_server_state{server=\"time\",state=\"draining\"} 0\n"
          "drawbridge_server_state{server=\"time\",state=\"stopping\"} 0\n");
    CHECK(samples(text, "drawbridge_server_status") ==
          "drawbridge_server_status{server=\"time\",status=\"stopped\"} 0\n"
          "drawbridge_server_status{server=\"time\",status=\"running\"} 1\n"
          "drawbridge_server_status{server=\"time\",status=\"error\"} 0\n");
    CHECK(samples(text, "drawbridge_server_uptime_seconds") ==
          "drawbridge_server_uptime_seconds{server=\"time\"} 90.5\n");
    CHECK(samples(text, "drawbridge_server_incarnation") ==
          "drawbridge_server_incarnation{server=\"time\"} 4\n");
    CHECK(samples(text, "drawbridge_healthy") == "drawbridge_healthy 1\n");
}

TEST_CASE("metrics: exactly one state and one status, whichever it is") {
    for (std::size_t i = 0; i <= static_cast<std::size_t>(state::stopping); ++i) {
        const auto where = static_cast<state>(i);
        for (const auto word : {status::stopped, status::running, status::error}) {
            snapshot now;
            now.servers.push_back(made("a", where, word));
            const auto text = render(now, meters(1));
            for (const auto& [family, label, value] :
                 {std::tuple{"drawbridge_server_state", "state", backend::to_string(where)},
                  std::tuple{"drawbridge_server_status", "status", backend::to_string(word)}}) {
                std::vector<std::string> hot;
                for (const auto& line : lines_of(samples(text, family))) {
                    if (line.ends_with(" 1")) hot.push_back(line);
                }
                REQUIRE(hot.size() == 1);
                CHECK(hot[0] ==
                      std::string(family) + "{server=\"a\"," + label + "=\"" + std::string(value) + "\"} 1");
            }
            CHECK(samples(text, "drawbridge_healthy") ==
                  (word == status::error ? "drawbridge_healthy 0\n" : "drawbridge_healthy 1\n"));
        }
    }
}

TEST_CASE("metrics: a server that does not run has no uptime") {
    snapshot now;
    now.servers.push_back(made("a", state::stopped, status::stopped));
    CHECK(samples(render(now, meters(1)), "drawbridge_server_uptime_seconds") ==
          "drawbridge_server_uptime_seconds{server=\"a\"} 0\n");
}

TEST_CASE("metrics: what supervision counted") {
    snapshot now;
    now.servers.push_back(made("a", state::ready, status::running));
    now.servers.push_back(made("b", state::stopped, status::stopped));
    std::vector<supervision> past(2);
    past[0].transitions[static_cast<std::size_t>(cause::spawned)] = 3;
    past[0].transitions[static_cast<std::size_t>(cause::out_of_memory)] = 2;
    past[0].transitions[static_cast<std::size_t>(cause::internal)] = 1;
    past[0].restarts = 2;
    past[0].links = {state::ready, state::ready, state::initializing};
    past[1].transitions[static_cast<std::size_t>(cause::wanted)] = 1;
    const auto text = render(now, meters(2), past);
    CHECK(samples(text, "drawbridge_server_transitions_total") ==
          "drawbridge_server_transitions_total{server=\"a\",reason=\"spawned\"} 3\n"
          "drawbridge_server_transitions_total{server=\"a\",reason=\"out_of_memory\"} 2\n"
          "drawbridge_server_transitions_total{server=\"a\",reason=\"internal\"} 1\n"
          "drawbridge_server_transitions_total{server=\"b\",reason=\"wanted\"} 1\n");
    CHECK(samples(text, "drawbridge_server_restarts_total") ==
          "drawbridge_server_restarts_total{server=\"a\"} 2\n"
          "drawbridge_server_restarts_total{server=\"b\"} 0\n");
    const auto links = samples(text, "drawbridge_links");
    CHECK(lines_of(links).size() == 18);
    CHECK(links.find("drawbridge_links{server=\"a\",state=\"ready\"} 2\n") != std::string::npos);
    CHECK(links.find("drawbridge_links{server=\"a\",state=\"initializing\"} 1\n") != std::string::npos);
    CHECK(links.find("drawbridge_links{server=\"b\",state=\"ready\"} 0\n") != std::string::npos);
}

TEST_CASE("metrics: calls, with a zero for ok and nothing for what has not happened") {
    snapshot now;
    now.servers.push_back(made("a", state::ready, status::running));
    meters counted(1);
    auto& server = counted.servers[0];
    for (int i = 0; i < 4; ++i)
        server.began();
    server.ended(method_class::tools_call, call_outcome::ok, 2500us);
    server.ended(method_class::tools_call, call_outcome::tool_error, 500ms);
    server.ended(method_class::tools_list, call_outcome::interrupted, 61s);
    server.queued = 5;
    server.refused_full = 6;
    server.bytes_in = 7;
    server.bytes_out = 8;
    const auto text = render(now, counted);
    CHECK(samples(text, "drawbridge_calls_total") ==
          "drawbridge_calls_total{server=\"a\",method=\"initialize\",outcome=\"ok\"} 0\n"
          "drawbridge_calls_total{server=\"a\",method=\"tools_call\",outcome=\"ok\"} 1\n"
          "drawbridge_calls_total{server=\"a\",method=\"tools_call\",outcome=\"tool_error\"} 1\n"
          "drawbridge_calls_total{server=\"a\",method=\"tools_list\",outcome=\"ok\"} 0\n"
          "drawbridge_calls_total{server=\"a\",method=\"tools_list\",outcome=\"interrupted\"} 1\n"
          "drawbridge_calls_total{server=\"a\",method=\"prompts\",outcome=\"ok\"} 0\n"
          "drawbridge_calls_total{server=\"a\",method=\"resources\",outcome=\"ok\"} 0\n"
          "drawbridge_calls_total{server=\"a\",method=\"completion\",outcome=\"ok\"} 0\n"
          "drawbridge_calls_total{server=\"a\",method=\"logging\",outcome=\"ok\"} 0\n"
          "drawbridge_calls_total{server=\"a\",method=\"other\",outcome=\"ok\"} 0\n");
    CHECK(samples(text, "drawbridge_calls_in_flight") == "drawbridge_calls_in_flight{server=\"a\"} 1\n");
    CHECK(samples(text, "drawbridge_calls_queued") == "drawbridge_calls_queued{server=\"a\"} 5\n");
    CHECK(samples(text, "drawbridge_calls_refused_total") ==
          "drawbridge_calls_refused_total{server=\"a\"} 6\n");
    CHECK(samples(text, "drawbridge_received_bytes_total") ==
          "drawbridge_received_bytes_total{server=\"a\"} 7\n");
    CHECK(samples(text, "drawbridge_sent_bytes_total") == "drawbridge_sent_bytes_total{server=\"a\"} 8\n");

    const auto times = lines_of(samples(text, "drawbridge_call_duration_seconds"));
    REQUIRE(times.size() == 36); // two methods
    CHECK(times[0] ==
          R"(drawbridge_call_duration_seconds_bucket{server="a",method="tools_call",le="0.001"} 0)");
    CHECK(times[1] ==
          R"(drawbridge_call_duration_seconds_bucket{server="a",method="tools_call",le="0.0025"} 1)");
    CHECK(times[7] ==
          R"(drawbridge_call_duration_seconds_bucket{server="a",method="tools_call",le="0.25"} 1)");
    CHECK(times[8] ==
          R"(drawbridge_call_duration_seconds_bucket{server="a",method="tools_call",le="0.5"} 2)");
    CHECK(times[15] ==
          R"(drawbridge_call_duration_seconds_bucket{server="a",method="tools_call",le="+Inf"} 2)");
    CHECK(times[16] == R"(drawbridge_call_duration_seconds_sum{server="a",method="tools_call"} 0.5025)");
    CHECK(times[17] == R"(drawbridge_call_duration_seconds_count{server="a",method="tools_call"} 2)");
    CHECK(times[32] ==
          R"(drawbridge_call_duration_seconds_bucket{server="a",method="tools_list",le="60"} 0)");
    CHECK(times[35] == R"(drawbridge_call_duration_seconds_count{server="a",method="tools_list"} 1)");
}

TEST_CASE("metrics: checks; the duration of the last is missing before the first") {
    snapshot now;
    now.servers.push_back(made("a", state::ready, status::running));
    meters counted(1);
    CHECK(samples(render(now, counted), "drawbridge_checks_total") ==
          "drawbridge_checks_total{server=\"a\",result=\"passed\"} 0\n"
          "drawbridge_checks_total{server=\"a\",result=\"failed\"} 0\n");
    CHECK(samples(render(now, counted), "drawbridge_check_duration_seconds").empty());
    counted.servers[0].checked(true, start, 3ms);
    counted.servers[0].checked(false, start + 1s, 250ms);
    CHECK(samples(render(now, counted), "drawbridge_checks_total") ==
          "drawbridge_checks_total{server=\"a\",result=\"passed\"} 1\n"
          "drawbridge_checks_total{server=\"a\",result=\"failed\"} 1\n");
    CHECK(samples(render(now, counted), "drawbridge_check_duration_seconds") ==
          "drawbridge_check_duration_seconds{server=\"a\"} 0.25\n");
}

TEST_CASE("metrics: clients and the log") {
    meters counted;
    counted.sessions = 1;
    counted.streams = 2;
    counted.connections = 3;
    counted.log_drops = 4;
    counted.answered(route_class::mcp, 202);
    counted.answered(route_class::mcp, 503);
    counted.answered(route_class::other, 404);
    const auto text = render(snapshot(), counted);
    CHECK(samples(text, "drawbridge_sessions") == "drawbridge_sessions 1\n");
    CHECK(samples(text, "drawbridge_streams") == "drawbridge_streams 2\n");
    CHECK(samples(text, "drawbridge_connections") == "drawbridge_connections 3\n");
    CHECK(samples(text, "drawbridge_log_lines_dropped_total") == "drawbridge_log_lines_dropped_total 4\n");
    CHECK(samples(text, "drawbridge_http_requests_total") ==
          "drawbridge_http_requests_total{route=\"mcp\",status=\"2xx\"} 1\n"
          "drawbridge_http_requests_total{route=\"mcp\",status=\"5xx\"} 1\n"
          "drawbridge_http_requests_total{route=\"other\",status=\"4xx\"} 1\n");
}

TEST_CASE("metrics: the process, as far as it could be read") {
    telemetry::process_figures process;
    process.cpu_seconds = 1.25;
    process.resident_bytes = 10485760;
    process.virtual_bytes = 271892480;
    process.open_descriptors = 12;
    process.descriptor_limit = 1024;
    process.started = 1795225639.51;
    process.threads = 2;
    auto text = render_metrics(snapshot(), meters(), {}, process, start);
    CHECK(samples(text, "process_cpu_seconds_total") == "process_cpu_seconds_total 1.25\n");
    CHECK(samples(text, "process_resident_memory_bytes") == "process_resident_memory_bytes 10485760\n");
    CHECK(samples(text, "process_virtual_memory_bytes") == "process_virtual_memory_bytes 271892480\n");
    CHECK(samples(text, "process_open_fds") == "process_open_fds 12\n");
    CHECK(samples(text, "process_max_fds") == "process_max_fds 1024\n");
    CHECK(samples(text, "process_start_time_seconds") == "process_start_time_seconds 1795225639.51\n");
    CHECK(samples(text, "process_threads") == "process_threads 2\n");
    process.descriptor_limit.reset();
    text = render_metrics(snapshot(), meters(), {}, process, start);
    CHECK(text.find("process_max_fds") == std::string::npos);
}

TEST_CASE("metrics: servers that nobody counted for") {
    snapshot now;
    now.servers.push_back(made("a", state::ready, status::running));
    now.servers.push_back(made("b", state::ready, status::running));
    const std::vector<supervision> nothing(2);
    CHECK(render(now, meters()) == render(now, meters(2), nothing));
}

TEST_CASE("metrics: every family once, every series once, and a name of a server changes nothing else") {
    const std::string odd = "a\"b\\c\nd{e=\"f\"} 1";
    snapshot now;
    meters counted(3);
    std::vector<supervision> past(3);
    for (std::size_t i = 0; i < 3; ++i) {
        now.servers.push_back(made(i == 2 ? odd : "s" + std::to_string(i), state::ready, status::running));
        for (std::size_t row = 0; row < method_class_count; ++row) {
            for (std::size_t how = 0; how < call_outcome_count; ++how)
                counted.servers[i].ended(static_cast<method_class>(row), static_cast<call_outcome>(how), 1ms);
        }
        counted.servers[i].checked(true, start, 1ms);
        past[i].transitions.fill(1);
    }
    for (std::size_t route = 0; route < route_class_count; ++route) {
        for (unsigned first = 1; first <= 5; ++first)
            counted.answered(static_cast<route_class>(route), first * 100);
    }
    const auto text = render(now, counted, past);
    std::set<std::string> families;
    std::set<std::string> series;
    std::string family;
    for (const auto& line : lines_of(text)) {
        if (line.starts_with("# HELP ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            CHECK(families.insert(family).second);
        } else if (line.starts_with("# TYPE ")) {
            CHECK(line.starts_with("# TYPE " + family + ' '));
            CHECK(line.ends_with(" counter") == family.ends_with("_total"));
        } else {
            CHECK(line.starts_with(family));
            CHECK(series.insert(line.substr(0, line.rfind(' '))).second);
        }
    }
    now.servers[2].name = "plain";
    CHECK(replaced(text, R"(a\"b\\c\nd{e=\"f\"} 1)", "plain") == render(now, counted, past));
}
