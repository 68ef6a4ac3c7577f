#include "config/server.hpp"

#include "config/later.hpp"

#include <boost/json.hpp>

namespace drawbridge::config {

namespace json = boost::json;

namespace {

enum class kind { stdio, http, neither };

kind read_kind(object_reader& fields, const std::vector<std::string>& custom_types) {
    const auto* value = fields.take("type");
    if (value == nullptr) return kind::stdio;
    const auto type = fields.text("type");
    if (!type) return kind::neither;
    if (*type == "stdio" || *type == "local") // the reference gateway reads "local" as stdio
        return kind::stdio;
    if (*type == "http") return kind::http;
    refuse_custom_type(fields.shared(), fields.path_of("type"), *type, fields.shared().from(*value),
                       custom_types);
    return kind::neither;
}

void read_tools(object_reader& fields, server& out) {
    const auto items = fields.nonblank_texts("tools");
    if (!items) return;
    out.tools_given = true;
    out.tools.clear();
    for (const auto& one : *items)
        out.tools.push_back(one.value);
    if (items->empty() && fields.take("tools")->get_array().empty())
        fields.shared().warning(fields.path_of("tools"),
                                "the list is empty: no tool of this server can be used",
                                "write [\"*\"] to allow all tools");
}

void read_timeouts(object_reader& fields, server& out, const gateway& defaults) {
    out.startup_timeout = defaults.startup_timeout;
    out.tool_timeout = defaults.tool_timeout;
    out.checks = defaults.checks;
    if (const auto given = integer_with_alias(fields, "toolTimeout", "tool_timeout", timeout_range))
        out.tool_timeout = std::chrono::seconds(*given);
    fields.refuse("startupTimeout", "unknown field of a server",
                  "set gateway.startupTimeout for all servers, or drawbridge.startupTimeout for this one");
}

// Fields of the reference gateway. Those that restrict what a client may do are never ignored.
void refuse_foreign(object_reader& fields) {
    fields.refuse("command", "a server is not started as a command on this host (Gateway 3.2.1)",
                  "name an image in `container`, and its command in `entrypoint` and `entrypointArgs`");
    fields.refuse("guard", std::string(not_supported),
                  "remove it only if the server may be used without this guard");
    fields.refuse("tool_response_filters", std::string(not_supported),
                  "remove it only if responses may pass unfiltered");
    fields.refuse("working_directory", std::string(not_supported), "use `args`: [\"--workdir=/path\"]");
    for (const auto key : {"rate_limit_threshold", "rate_limit_cooldown"})
        fields.refuse(key, std::string(not_supported), "remove it");
}

} // namespace

std::optional<std::int64_t> integer_with_alias(object_reader& fields, std::string_view key,
                                               std::string_view alias, range allowed) {
    if (fields.has(key) && fields.has(alias))
        fields.refuse(alias, "stands beside " + std::string(key) + ", its newer spelling",
                      "remove one of the two");
    const auto given = fields.integer(key, allowed);
    const auto other = fields.integer(alias, allowed);
    return given ? given : other;
}

std::optional<server> read_server(context& shared, const std::string& name, const json::value& entry,
                                  const gateway& defaults, const std::vector<std::string>& custom_types) {
    const auto path = member("mcpServers", name);
    if (auto bad = check_server_name(name))
        shared.error_at_key(path, std::move(bad->message), std::move(bad->suggestion));
    const auto* object = entry.if_object();
    if (object == nullptr) {
        shared.error(path, wrong_kind("an object", entry), "write {\"container\": \"image\"}");
        return std::nullopt;
    }
    object_reader fields(shared, *object, path);
    const auto type = read_kind(fields, custom_types);
    if (type == kind::neither) // which fields are right depends on the type
        return std::nullopt;
    server out;
    out.name = name;
    refuse_foreign(fields);
    refuse_guard_policies(fields);
    read_tools(fields, out);
    read_timeouts(fields, out, defaults);
    if (const auto registry = fields.text("registry")) out.registry = *registry;
    if (type == kind::stdio)
        read_stdio(fields, out);
    else
        read_http(fields, out, defaults);
    read_extension(fields, out);
    fields.finish();
    return out;
}

} // namespace drawbridge::config
