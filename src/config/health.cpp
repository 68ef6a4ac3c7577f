#include "config/health.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace drawbridge::config {
namespace {

constexpr double shortest = 0.05;
constexpr double longest = 86400;

void read_time(object_reader& checks, std::string_view key, std::chrono::milliseconds& out) {
    if (const auto given = checks.number(key, shortest, longest))
        out = std::chrono::milliseconds(static_cast<std::int64_t>(*given * 1000));
}

void read_count(object_reader& checks, std::string_view key, unsigned& out) {
    if (const auto given = checks.integer(key, {1, 100, ""})) out = static_cast<unsigned>(*given);
}

} // namespace

void read_checks(object_reader& own, health_checks& out) {
    const auto* object = own.object("checks");
    if (object == nullptr) return;
    object_reader checks(own.shared(), *object, own.path_of("checks"));
    read_time(checks, "interval", out.interval);
    read_time(checks, "fastInterval", out.fast_interval);
    read_time(checks, "downInterval", out.down_interval);
    read_time(checks, "timeout", out.timeout);
    read_count(checks, "rise", out.rise);
    read_count(checks, "fall", out.fall);
    checks.finish();
}

void read_readiness(object_reader& own, readiness& out) {
    const auto* value = own.take("readiness");
    if (value == nullptr) return;
    if (!value->is_array()) {
        if (const auto which = own.word("readiness", {"any", "all"}))
            out.how = *which == 0 ? readiness::policy::any : readiness::policy::all;
        return;
    }
    out.how = readiness::policy::listed;
    const auto items = own.nonblank_texts("readiness");
    if (!items) return;
    for (const auto& one : *items)
        out.servers.push_back(one.value);
    if (value->get_array().empty())
        own.shared().error(own.path_of("readiness"), "must name at least one server",
                           "name the servers that must not be in error, or write \"any\"");
}

void check_readiness(context& shared, const readiness& given, const std::vector<server>& servers) {
    for (std::size_t index = 0; index < given.servers.size(); ++index) {
        const auto& name = given.servers[index];
        const bool known = std::any_of(servers.begin(), servers.end(),
                                       [&](const server& each) { return each.name == name; });
        if (!known)
            shared.error("gateway.drawbridge.readiness[" + std::to_string(index) + "]",
                         "no server of this name is configured", "name a server of mcpServers");
    }
}

} // namespace drawbridge::config
