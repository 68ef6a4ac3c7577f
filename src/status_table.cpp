#include "status_table.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

namespace drawbridge {
namespace {

namespace json = boost::json;

const json::value* member(const json::value& in, std::string_view name) {
    const auto* object = in.if_object();
    return object ? object->if_contains({name.data(), name.size()}) : nullptr;
}

std::optional<double> number(const json::value* from) {
    if (!from || !from->is_number()) return std::nullopt;
    return from->to_number<double>();
}

std::optional<double> number(const json::value& in, std::string_view name) {
    return number(member(in, name));
}

bool flag(const json::value& in, std::string_view name) {
    const auto* found = member(in, name);
    return found && found->is_bool() && found->get_bool();
}

std::string words(const json::value* from) {
    if (!from || !from->is_string()) return {};
    return clean_text({from->get_string().data(), from->get_string().size()});
}

std::string words(const json::value& in, std::string_view name) {
    return words(member(in, name));
}

// At most six characters.
std::string duration(std::optional<double> given) {
    if (!given || *given < 0 || *given > 1e9) return "-";
    const auto seconds = static_cast<long>(*given);
    const auto two = [](long many, const char* unit, long few, const char* smaller) {
        const auto more = few == 0 ? std::string() : std::to_string(few) + smaller;
        return std::to_string(many) + unit + more;
    };
    if (seconds < 60) return std::to_string(seconds) + "s";
    if (seconds < 600) return two(seconds / 60, "m", seconds % 60, "s");
    if (seconds < 3600) return std::to_string(seconds / 60) + "m";
    if (seconds < 86400) return two(seconds / 3600, "h", seconds / 60 % 60, "m");
    if (seconds < 100 * 86400L) return two(seconds / 86400, "d", seconds / 3600 % 24, "h");
    return std::to_string(seconds / 86400) + "d";
}

std::string latency(std::optional<double> milliseconds) {
    if (!milliseconds || *milliseconds < 0 || *milliseconds > 1e9) return "-";
    const bool seconds = *milliseconds >= 999.5;
    const double shown = seconds ? *milliseconds / 1000 : *milliseconds;
    char text[32];
    std::snprintf(text, sizeof text, shown < 9.95 ? "%.1f" : "%.0f", shown);
    return std::string(text) + (seconds ? "s" : "ms");
}

std::string count(std::optional<double> given) {
    if (!given || *given < 0 || *given > 1e15) return "-";
    return std::to_string(static_cast<long long>(*given));
}

std::string servers_text(std::size_t n) {
    return n == 0 ? "no servers" : n == 1 ? "1 server" : std::to_string(n) + " servers";
}

std::string headline(bool healthy, std::string_view rest, const table_style& style) {
    const std::string word = healthy ? "healthy" : "unhealthy";
    auto whole = word + std::string(rest);
    if (style.width > 0) whole = cut_text(whole, style.width);
    if (whole.size() < word.size()) return whole + "\n";
    return paint_text(word, healthy ? paint::good : paint::bad, style) + whole.substr(word.size()) + "\n";
}

paint colour_of(std::string_view status) {
    return status == "error" ? paint::bad : status == "running" ? paint::good : paint::none;
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// Why it is as it is. What matters most stands first, since the end may be cut off.
std::string reason_of(const json::value& server) {
    std::string code, text;
    if (const auto* reason = member(server, "reason")) {
        code = words(*reason, "code");
        text = words(*reason, "text");
    }
    // While it is being tried again, what went wrong says more than that it is being tried.
    const auto* failure = member(server, "lastError");
    const bool trying =
        words(server, "status") == "error" && one_of(code, {"retry", "wanted", "prepared", "spawned"});
    if (trying && failure && !words(*failure, "text").empty()) text = words(*failure, "text");
    if (text.empty()) text = code;
    std::string before;
    if (flag(server, "crashLoop")) before = "crash loop";
    if (const auto next = number(server, "nextTrySeconds"))
        before += (before.empty() ? "" : ", ") + ("next try in " + duration(next));
    return before.empty() || text.empty() ? before + text : before + ": " + text;
}

table_row detailed_row(const json::value& server) {
    table_row made;
    const auto status = words(server, "status");
    const auto state = words(server, "state");
    const bool well = one_of(state, {"ready", "stopped"}) && status != "error";
    const bool looping = flag(server, "crashLoop");
    std::string latencies = "-";
    std::optional<double> in_flight;
    if (const auto* calls = member(server, "calls")) {
        in_flight = number(*calls, "inFlight");
        const auto* quantiles = member(*calls, "latencyMilliseconds");
        if (quantiles && number(*quantiles, "p50"))
            latencies = latency(number(*quantiles, "p50")) + "/" + latency(number(*quantiles, "p99"));
    }
    made.cells = {{words(server, "name")},
                  {status, colour_of(status)},
                  {state, looping ? paint::bad
                          : well  ? paint::none
                                  : paint::warning},
                  {duration(number(server, "sinceSeconds"))},
                  {status == "running" ? duration(number(server, "uptimeSeconds")) : "-"},
                  {count(number(server, "restarts")), looping ? paint::bad : paint::none},
                  {count(in_flight)},
                  {latencies}};
    made.remark = reason_of(server);
    made.noteworthy = !well || looping;
    return made;
}

status_view draw_detailed(const json::value& gateway, const json::array& servers, const table_style& style) {
    status_view view;
    view.understood = view.detailed = true;
    view.healthy = flag(gateway, "healthy");
    std::vector<table_row> rows;
    std::size_t failed = 0;
    for (const auto& server : servers) {
        rows.push_back(detailed_row(server));
        if (words(server, "status") == "error") ++failed;
    }
    std::string rest = flag(gateway, "closing") ? ", shutting down: " : ": ";
    rest += failed == 0 ? servers_text(servers.size())
                        : std::to_string(failed) + " of " + servers_text(servers.size()) + " in error";
    if (const auto sessions = number(gateway, "sessions"))
        rest += ", " + count(sessions) + (*sessions == 1 ? " session" : " sessions");
    rest += ", up " + duration(number(gateway, "uptimeSeconds"));
    if (const auto version = words(gateway, "version"); !version.empty()) rest += ", version " + version;
    view.text = headline(view.healthy, rest, style);
    if (rows.empty()) return view;
    view.text += draw_table({{"SERVER"},
                             {"STATUS"},
                             {"STATE"},
                             {"SINCE", false, 1},
                             {"UPTIME", false, 4},
                             {"RESTARTS", true, 2},
                             {"IN FLIGHT", true, 3},
                             {"P50/P99", false, 5}},
                            rows, "REASON", style);
    return view;
}

status_view draw_brief(const json::value& document, const json::object& servers, const table_style& style) {
    status_view view;
    view.understood = true;
    view.healthy = words(document, "status") == "healthy";
    std::vector<table_row> rows;
    std::size_t failed = 0;
    for (const auto& [name, server] : servers) {
        const auto status = words(server, "status");
        if (status == "error") ++failed;
        table_row made;
        made.cells = {{clean_text({name.data(), name.size()})},
                      {status, colour_of(status)},
                      {status == "running" ? duration(number(server, "uptime")) : "-"}};
        rows.push_back(std::move(made));
    }
    std::string rest =
        ": " + (failed == 0 ? servers_text(servers.size())
                            : std::to_string(failed) + " of " + servers_text(servers.size()) + " in error");
    if (const auto version = words(document, "gatewayVersion"); !version.empty())
        rest += ", version " + version;
    view.text = headline(view.healthy, rest, style);
    if (!rows.empty())
        view.text += draw_table({{"SERVER"}, {"STATUS"}, {"UPTIME", false, 1}}, rows, "REASON", style);
    return view;
}

} // namespace

status_view draw_status(std::string_view document, const table_style& style) {
    boost::system::error_code error;
    const auto read = json::parse({document.data(), document.size()}, error);
    if (error) return {};
    const auto* gateway = member(read, "gateway");
    const auto* servers = member(read, "servers");
    if (!servers) return {};
    if (gateway && gateway->is_object() && servers->is_array())
        return draw_detailed(*gateway, servers->get_array(), style);
    if (servers->is_object() && !words(read, "status").empty())
        return draw_brief(read, servers->get_object(), style);
    return {};
}

std::string readiness_reasons(std::string_view document) {
    boost::system::error_code error;
    const auto read = json::parse({document.data(), document.size()}, error);
    const auto* reasons = error ? nullptr : member(read, "reasons");
    std::string text;
    if (!reasons || !reasons->is_array()) return text;
    for (const auto& each : reasons->get_array())
        if (const auto reason = words(&each); !reason.empty()) text += (text.empty() ? "" : ", ") + reason;
    return text;
}

} // namespace drawbridge
