#include "health/readiness.hpp"

#include "jsonrpc/text.hpp"

#include <algorithm>

namespace drawbridge::health {

void verdict::add(std::string name, std::string why, bool counts) {
    if (counts && !why.empty()) good_ = false;
    parts_.push_back({std::move(name), std::move(why)});
}

std::string verdict::json() const {
    std::string reasons;
    for (const auto& each : parts_)
        if (!each.why.empty())
            reasons += (reasons.empty() ? "" : ",") + jsonrpc::quote(each.name + " " + each.why);
    return "{\"" + std::string(word_) + "\":" + (good_ ? "true" : "false") + ",\"reasons\":[" + reasons +
           "]}";
}

std::string verdict::text(std::string_view name) const {
    std::string lines;
    for (const auto& each : parts_)
        lines += each.why.empty() ? "[+]" + each.name + " ok\n"
                                  : "[-]" + each.name + " failed: " + each.why + "\n";
    return lines.append(name).append(good_ ? " check passed\n" : " check failed\n");
}

verdict alive() {
    verdict what;
    what.called("alive");
    what.add("event loop", std::string());
    return what;
}

verdict ready(const snapshot& now, const config::readiness& policy, bool closing) {
    using how = config::readiness::policy;
    verdict what;
    what.add("the gateway", closing ? "is shutting down" : "");
    bool usable = now.servers.empty();
    for (const auto& server : now.servers) {
        const bool in_error = server.status == backend::status::error;
        const bool listed =
            policy.how == how::listed &&
            std::find(policy.servers.begin(), policy.servers.end(), server.name) != policy.servers.end();
        usable = usable || !in_error;
        what.add("server " + server.name, in_error ? "is in error" : "", policy.how == how::all || listed);
    }
    if (policy.how == how::any && !usable) what.decide(false);
    return what;
}

verdict started(const snapshot& now, bool whole) {
    verdict what;
    what.called("started");
    what.add("the gateway", whole ? "" : "is starting");
    for (const auto& server : now.servers) {
        const bool first_try = server.facts && server.facts->eager &&
                               server.status == backend::status::stopped &&
                               (server.transitions == 0 || backend::comes_up(server.state));
        what.add("server " + server.name, first_try ? "is starting" : "");
    }
    return what;
}

} // namespace drawbridge::health
