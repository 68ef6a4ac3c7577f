#include "config/gateway.hpp"

#include "config/characters.hpp"
#include "config/health.hpp"
#include "config/later.hpp"
#include "config/telemetry.hpp"
#include "config/units.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace drawbridge::config {

namespace json = boost::json;

namespace {

constexpr std::string_view session_variable = "MCP_GATEWAY_SESSION_TIMEOUT";
constexpr std::string_view tool_variable = "MCP_GATEWAY_TOOL_TIMEOUT";

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// An integer, or one whole variable that holds one. The variable's value is never shown.
void read_port(object_reader& fields, gateway& out) {
    constexpr range ports{1, 65535, ""};
    if (!fields.require("port", "add \"port\": 8080")) return;
    const auto* value = fields.take("port");
    const auto path = fields.path_of("port");
    if (!value->is_string()) {
        if (const auto given = fields.integer("port", ports)) out.port = static_cast<std::uint16_t>(*given);
        return;
    }
    const auto from = fields.shared().from(*value);
    if (from == origin::undefined) return;
    if (from != origin::whole) {
        fields.shared().error(path, "must be an integer or one whole variable",
                              "write 8080 without quotes, or \"${MCP_GATEWAY_PORT}\"");
        return;
    }
    const auto text = fields.text("port");
    const auto given = text ? parse_integer(*text) : std::nullopt;
    if (!given || *given < ports.least || *given > ports.most)
        fields.shared().error(path, "the value of the variable " + out_of_range(ports),
                              "set the variable to a port number, without blanks");
    else
        out.port = static_cast<std::uint16_t>(*given);
}

void read_domain(object_reader& fields, gateway& out) {
    if (!fields.require("domain", "add \"domain\": \"localhost\"")) return;
    const auto domain = fields.text("domain");
    if (!domain) return;
    if (const auto bad = check_domain(*domain)) fields.shared().error(fields.path_of("domain"), *bad);
    out.domain = *domain;
}

void add_agent(context& shared, const text_item& one, gateway& out) {
    if (one.from == origin::undefined) return;
    if (const auto bad = check_agent_id(one.value))
        shared.error(one.path, *bad);
    else if (std::find(out.agent_ids.begin(), out.agent_ids.end(), one.value) != out.agent_ids.end())
        shared.error(one.path, "this agent id stands twice in the list", "remove one of the two");
    else
        out.agent_ids.push_back(one.value);
}

void read_single_agent(object_reader& fields, std::string_view key, gateway& out) {
    if (const auto id = fields.text(key))
        add_agent(fields.shared(), {"", *id, fields.path_of(key), origin::literal}, out);
}

// Exactly one of agentId and agentIds (Gateway 4.1.3.9); apiKey is what agentId was called before 1.17.0.
void read_agents(object_reader& fields, gateway& out) {
    auto& shared = fields.shared();
    const bool one = fields.has("agentId");
    const bool many = fields.has("agentIds");
    const bool old = fields.has("apiKey");
    read_single_agent(fields, "agentId", out);
    if (const auto items = fields.texts("agentIds")) {
        for (const auto& item : *items)
            add_agent(shared, item, out);
        if (fields.take("agentIds")->get_array().empty())
            shared.error(fields.path_of("agentIds"), "must name at least one agent id", "add an id");
    }
    read_single_agent(fields, "apiKey", out);
    if (one && many)
        shared.error_at_key(fields.path_of("agentIds"), "agentId and agentIds exclude each other",
                            "keep one of the two");
    if (old && (one || many))
        shared.error_at_key(fields.path_of("apiKey"),
                            "apiKey is the old name of agentId; both can't stand together", "remove apiKey");
    else if (old)
        shared.warning(fields.path_of("apiKey"), "apiKey is deprecated (Gateway 1.17.0)",
                       "rename it to agentId");
    if (!one && !many && !old)
        shared.error(fields.path_of("agentId"), "required field is missing: one of agentId and agentIds",
                     "add \"agentId\": \"${MCP_GATEWAY_AGENT_ID}\"");
}

void read_tool_timeout(object_reader& fields, gateway& out) {
    if (const auto given = fields.integer("toolTimeout", timeout_range))
        out.tool_timeout = std::chrono::seconds(*given);
    if (fields.has("toolTimeout")) return;
    const auto text = fields.shared().environment_value(tool_variable);
    if (!text || text->empty()) return;
    const auto given = parse_integer(*text);
    if (!given || *given < timeout_range.least || *given > timeout_range.most)
        fields.shared().error(fields.path_of("toolTimeout"),
                              "the environment variable " + std::string(tool_variable) + ' ' +
                                  out_of_range(timeout_range),
                              "set or unset the variable, or give toolTimeout here");
    else
        out.tool_timeout = std::chrono::seconds(*given);
}

// The document beats the variable, which beats 6 h (Gateway 4.1.3.6). An empty text counts as absent.
void read_session_timeout(object_reader& fields, gateway& out) {
    auto text = fields.text("sessionTimeout");
    std::string source;
    if (fields.has("sessionTimeout") && !text) return;
    if (!text || text->empty()) {
        text = fields.shared().environment_value(session_variable);
        source = "the environment variable " + std::string(session_variable) + ' ';
    }
    if (!text || text->empty()) return;
    const auto given = parse_duration(*text);
    if (!given || *given <= std::chrono::seconds::zero())
        fields.shared().error(fields.path_of("sessionTimeout"), source + "must be a positive duration",
                              "write it like \"30m\", \"4h\" or \"1h30m\"");
    else
        out.session_timeout = *given;
}

// -1 switches the pings off; 0 is the same as nothing (Gateway 4.1.3).
void read_keepalive(object_reader& fields, gateway& out) {
    const auto given = fields.integer("keepaliveInterval", {-1, 86400, "seconds; -1 is off"});
    if (!given || *given == 0) return;
    out.keepalive_interval = std::chrono::seconds(*given < 0 ? 0 : *given);
}

void read_size(object_reader& fields, std::string_view key, range allowed, std::size_t& out) {
    if (const auto given = fields.integer(key, allowed)) out = static_cast<std::size_t>(*given);
}

void read_limits(object_reader& own, gateway& out) {
    constexpr range million{1, 1000000, ""};
    constexpr std::int64_t gibibyte = std::int64_t{1} << 30;
    read_size(own, "maxMessageBytes", {1024, gibibyte, "bytes"}, out.max_message_bytes);
    read_size(own, "maxHeaderBytes", {1024, std::int64_t{1} << 20, "bytes"}, out.max_header_bytes);
    read_size(own, "streamBufferBytes", {4096, gibibyte, "bytes"}, out.stream_buffer_bytes);
    read_size(own, "maxQueuedCalls", million, out.max_queued_calls);
    read_size(own, "maxConnections", million, out.max_connections);
    read_size(own, "maxSessions", million, out.max_sessions);
    read_size(own, "maxSessionsPerAgent", million, out.max_sessions_per_agent);
}

void read_origins(object_reader& own, gateway& out) {
    const auto items = own.texts("allowedOrigins");
    if (!items) return;
    for (const auto& one : *items) {
        if (one.from == origin::undefined) continue;
        if (const auto bad = check_origin(one.value))
            own.shared().error(one.path, *bad);
        else
            out.allowed_origins.push_back(browser_spelling(one.value));
    }
}

void read_hosts(object_reader& own, gateway& out) {
    const auto items = own.texts("allowedHosts");
    if (!items) return;
    for (const auto& one : *items) {
        if (one.from == origin::undefined) continue;
        if (const auto bad = check_allowed_host(one.value))
            own.shared().error(one.path, *bad);
        else
            out.allowed_hosts.push_back(lower(one.value));
    }
}

// Whoever knows it can make the states that clients bring back: it must not be guessed.
void read_state_key(object_reader& own, gateway& out) {
    constexpr std::size_t least = 32;
    const auto given = own.text("requestStateKey");
    if (!given) return;
    if (given->size() < least)
        own.shared().error(own.path_of("requestStateKey"), "must have at least 32 characters",
                           "make one with `openssl rand -hex 32`, and hand it over as \"${VARIABLE}\"");
    else
        out.request_state_key = *given;
}

void read_extension(object_reader& fields, gateway& out) {
    const auto* object = fields.object("drawbridge");
    if (object == nullptr) return;
    object_reader own(fields.shared(), *object, fields.path_of("drawbridge"));
    if (const auto which = own.word("healthStatus", {"200", "503-when-unhealthy"}))
        out.health = *which == 0 ? gateway::health_status::always_200 : gateway::health_status::unhealthy_503;
    if (const auto given = own.integer("drainTimeout", {0, 3600, "seconds"}))
        out.drain_timeout = std::chrono::seconds(*given);
    read_limits(own, out);
    read_origins(own, out);
    read_hosts(own, out);
    if (const auto given = own.boolean("legacySse")) out.legacy_sse = *given;
    read_state_key(own, out);
    if (const auto given = own.boolean("federation")) out.federation = *given;
    read_checks(own, out.checks);
    read_readiness(own, out.ready);
    if (const auto given = own.boolean("metricsWithoutAuth")) out.metrics_without_auth = *given;
    own.finish();
}

// Fields of the reference gateway that choose how containers run, or restrict agents.
void refuse_foreign(object_reader& fields) {
    fields.refuse("agentPolicies", std::string(not_supported),
                  "remove it only if every agent may use every server; it is never ignored silently");
    const std::string runtime = "choose the runtime with --runtime or MCP_GATEWAY_CONTAINER_RUNTIME";
    for (const auto key :
         {"containerRuntime", "containerRuntimeCommand", "containerRuntimeArgs", "dockerless"})
        fields.refuse(key, std::string(not_supported), runtime);
}

} // namespace

gateway read_gateway(context& shared, const json::object& section) {
    gateway out;
    object_reader fields(shared, section, "gateway");
    read_port(fields, out);
    read_domain(fields, out);
    read_agents(fields, out);
    if (const auto given = fields.integer("startupTimeout", timeout_range))
        out.startup_timeout = std::chrono::seconds(*given);
    read_tool_timeout(fields, out);
    read_session_timeout(fields, out);
    read_keepalive(fields, out);
    read_inert(fields);
    out.tracing = read_opentelemetry(fields);
    read_extension(fields, out);
    refuse_foreign(fields);
    fields.finish();
    return out;
}

} // namespace drawbridge::config
