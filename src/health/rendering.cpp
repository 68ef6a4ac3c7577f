#include "health/rendering.hpp"

#include "jsonrpc/text.hpp"
#include "version.hpp"

#include <chrono>

namespace drawbridge::health {

std::string render_health(const snapshot& now, core::time_point at) {
    std::string body = R"({"status":")";
    body += now.healthy() ? "healthy" : "unhealthy";
    body += R"(","specVersion":")";
    body += specification_version;
    body += R"(","gatewayVersion":")";
    body += gateway_version;
    body += R"(","servers":{)";
    bool first = true;
    for (const auto& server : now.servers) {
        if (!first) body += ',';
        first = false;
        const auto up = server.running_since ? at - *server.running_since : core::duration::zero();
        body += jsonrpc::quote(server.name);
        body += R"(:{"status":")";
        body += backend::to_string(server.status);
        body += R"(","uptime":)";
        body += std::to_string(std::chrono::duration_cast<std::chrono::seconds>(up).count());
        body += '}';
    }
    body += "}}";
    return body;
}

} // namespace drawbridge::health
