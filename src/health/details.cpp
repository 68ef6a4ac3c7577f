#include "health/details.hpp"

#include "jsonrpc/text.hpp"
#include "version.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>

namespace drawbridge::health {
namespace {

using jsonrpc::quote;

// Seconds with milliseconds, never negative.
std::string seconds(core::duration time) {
    auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    if (millis < 0) millis = 0;
    char text[32];
    std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(millis / 1000),
                  static_cast<long long>(millis % 1000));
    return text;
}

std::string millis(std::optional<double> in_seconds) {
    if (!in_seconds) return "null";
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", *in_seconds * 1000.0);
    return text;
}

std::chrono::system_clock::time_point wall_of(core::time_point when, const moment& at) {
    return at.wall + std::chrono::duration_cast<std::chrono::system_clock::duration>(when - at.steady);
}

std::string boolean(bool value) {
    return value ? "true" : "false";
}

std::string render_reason(const reason& why) {
    return R"({"code":")" + std::string(to_string(why.code)) + R"(","text":)" + quote(why.text) + "}";
}

std::string render_exit(const std::optional<exit_note>& exit) {
    if (!exit) return "null";
    std::string text = R"({"code":)" + (exit->code ? std::to_string(*exit->code) : "null");
    const char* name = exit->signal != 0 ? ::sigabbrev_np(exit->signal) : nullptr;
    text += R"(,"signal":)" + (exit->signal == 0 ? std::string("null")
                               : name != nullptr ? quote(std::string("SIG") + name)
                                                 : quote(std::to_string(exit->signal)));
    return text + R"(,"outOfMemory":)" + boolean(exit->out_of_memory) + "}";
}

std::string render_failure(const record_ref& failure) {
    if (!failure) return "null";
    const auto& why = failure->change.why;
    return R"({"at":")" + timestamp(failure->change.wall) + R"(","code":")" +
           std::string(to_string(why.code)) + R"(","text":)" + quote(why.text) + R"(,"exit":)" +
           render_exit(why.exit) + R"(,"stderr":)" + quote(why.evidence) + "}";
}

std::string render_next_try(const std::optional<core::time_point>& next, const moment& at) {
    if (!next) return R"("nextTry":null,"nextTrySeconds":null)";
    return R"("nextTry":")" + timestamp(wall_of(*next, at)) + R"(","nextTrySeconds":)" +
           seconds(*next - at.steady);
}

std::string render_checks(const server_meters& counted, const moment& at) {
    std::string text = R"({"passed":)" + std::to_string(counted.checks_passed) + R"(,"failed":)" +
                       std::to_string(counted.checks_failed) + R"(,"consecutiveFailures":)" +
                       std::to_string(counted.consecutive_check_failures);
    if (!counted.last_check) return text + R"(,"lastAt":null,"lastMilliseconds":null})";
    text += R"(,"lastAt":")" + timestamp(wall_of(*counted.last_check, at));
    return text + R"(","lastMilliseconds":)" +
           millis(std::chrono::duration<double>(counted.last_check_took).count()) + "}";
}

std::string render_links(const sample& now) {
    std::string text;
    for (const auto& each : now.links)
        text += (text.empty() ? "" : ",") + (R"({"number":)" + std::to_string(each.number)) +
                R"(,"state":")" + std::string(to_string(each.state)) + R"(","incarnation":)" +
                std::to_string(each.incarnation) + "}";
    return "[" + text + "]";
}

std::string render_calls(const server_meters& counted) {
    return R"({"inFlight":)" + std::to_string(counted.in_flight) + R"(,"total":)" +
           std::to_string(counted.total()) + R"(,"failed":)" + std::to_string(counted.failed()) +
           R"(,"latencyMilliseconds":{"p50":)" + millis(counted.all.quantile(0.5)) + R"(,"p90":)" +
           millis(counted.all.quantile(0.9)) + R"(,"p99":)" + millis(counted.all.quantile(0.99)) + "}}";
}

// Everything of a server but the closing brace.
std::string open_server(const server_health& server, const server_meters& counted, const moment& at) {
    const sample now = server.now ? *server.now : sample();
    const auto& facts = *server.facts;
    const auto up = server.running_since ? at.steady - *server.running_since : core::duration::zero();
    std::string text = R"({"name":)" + quote(server.name);
    text += std::string(R"(,"type":")") + (facts.remote ? "http" : "stdio");
    text += R"(","status":")" + std::string(to_string(server.status));
    text += R"(","state":")" + std::string(to_string(server.state));
    text += R"(","since":")" + timestamp(server.wall_since);
    text += R"(","sinceSeconds":)" + seconds(at.steady - server.since);
    text += R"(,"uptimeSeconds":)" + seconds(up);
    text += R"(,"reason":)" + render_reason(server.why);
    text += R"(,"incarnation":)" + std::to_string(server.incarnation);
    text += R"(,"starts":)" + std::to_string(now.starts);
    text += R"(,"restarts":)" + std::to_string(now.restarts);
    text += R"(,"crashLoop":)" + boolean(!facts.remote && now.attempt >= crash_loop_attempts);
    text += R"(,"attempt":)" + std::to_string(now.attempt);
    text += "," + render_next_try(server.next_try, at);
    text += R"(,"lastError":)" + render_failure(server.last_failure);
    text += R"(,"checks":)" + render_checks(counted, at);
    text += R"(,"links":)" + render_links(now);
    text += R"(,"calls":)" + render_calls(counted);
    text += R"(,"protocolVersion":)" +
            (now.protocol_version.empty() ? std::string("null") : quote(now.protocol_version));
    text += R"(,"serverInfo":)" + (now.server_info.empty() ? std::string("null") : now.server_info);
    return text + (facts.remote ? R"(,"origin":)" : R"(,"image":)") + quote(facts.place);
}

} // namespace

std::string timestamp(std::chrono::system_clock::time_point when) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
    const auto whole = static_cast<std::time_t>(since / 1000);
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    char text[48];
    const auto used = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text + used, sizeof text - used, ".%03dZ", static_cast<int>(since % 1000));
    return text;
}

std::string render_transition(const record& what, const moment& at) {
    const auto& change = what.change;
    std::string text = R"({"sequence":)" + std::to_string(what.sequence);
    text += R"(,"server":)" + quote(what.server);
    text += R"(,"from":")" + std::string(to_string(change.from));
    text += R"(","to":")" + std::string(to_string(change.to));
    text += R"(","status":")" + std::string(to_string(change.status));
    text += R"(","at":")" + timestamp(change.wall);
    text += R"(","reason":)" + render_reason(change.why);
    text += R"(,"incarnation":)" + std::to_string(change.incarnation);
    text += R"(,"exit":)" + render_exit(change.why.exit);
    return text + "," + render_next_try(change.next_try, at) + "}";
}

std::string render_server(const server_health& server, const server_meters& counted, const moment& at) {
    const history past = server.past ? *server.past : history();
    std::string recent;
    for (const auto& each : past.recent)
        recent += (recent.empty() ? "" : ",") + render_transition(*each, at);
    return open_server(server, counted, at) + R"(,"transitions":{"total":)" + std::to_string(past.total) +
           R"(,"recent":[)" + recent + "]}}";
}

std::string render_servers(const snapshot& now, const meters& counted, const gateway_facts& gateway,
                           const moment& at) {
    std::string servers;
    for (std::size_t index = 0; index < now.servers.size(); ++index)
        servers += (servers.empty() ? "" : ",") +
                   open_server(now.servers[index], counted.servers.at(index), at) + "}";
    std::string text = R"({"gateway":{"version":")" + std::string(gateway_version);
    text += R"(","specVersion":")" + std::string(specification_version);
    text += R"(","startedAt":")" + timestamp(gateway.started.wall);
    text += R"(","uptimeSeconds":)" + seconds(at.steady - gateway.started.steady);
    text += R"(,"healthy":)" + boolean(now.healthy());
    text += R"(,"closing":)" + boolean(gateway.closing);
    text += R"(,"sessions":)" + std::to_string(gateway.sessions);
    return text + R"(},"servers":[)" + servers + "]}";
}

} // namespace drawbridge::health
