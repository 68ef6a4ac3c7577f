#include "config/later.hpp"

#include "config/suggest.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace drawbridge::config {

namespace {

// An array of strings, or one string that holds a comma- or newline-separated list (Gateway 10.6).
void check_list(object_reader& policy, std::string_view key) {
    const auto* value = policy.take(key);
    if (value != nullptr && !value->is_string()) policy.nonblank_texts(key);
}

void check_repositories(object_reader& policy, std::string_view key) {
    const auto* value = policy.take(key);
    if (value == nullptr) return;
    if (value->is_array()) {
        const auto items = policy.nonblank_texts(key);
        if (items && value->get_array().empty())
            policy.shared().error(policy.path_of(key), "must not be empty", "name a repository pattern");
        return;
    }
    if (value->is_string())
        policy.word(key, {"all", "public"});
    else
        policy.shared().error(policy.path_of(key),
                              wrong_kind("\"all\", \"public\" or an array of patterns", *value),
                              "write \"public\", or [\"owner/*\"]");
}

void check_allow_only(object_reader& policies) {
    const auto* object = policies.object("allow-only");
    if (object == nullptr) return;
    object_reader policy(policies.shared(), *object, policies.path_of("allow-only"));
    check_repositories(policy, "repos");
    check_repositories(policy, "allowed-repos");
    if (policy.require("min-integrity", "add \"min-integrity\": merged, approved, unapproved or none"))
        policy.word("min-integrity", {"merged", "approved", "unapproved", "none"});
    for (const auto key : {"blocked-users", "trusted-users", "approval-labels", "refusal-labels"})
        check_list(policy, key);
    policy.finish();
}

void check_write_sink(object_reader& policies) {
    const auto* object = policies.object("write-sink");
    if (object == nullptr) return;
    object_reader policy(policies.shared(), *object, policies.path_of("write-sink"));
    if (policy.require("accept", "add \"accept\": [\"*\"], or the patterns that may write"))
        policy.nonblank_texts("accept");
    policy.word("sink-visibility", {"public", "private", "internal"});
    policy.finish();
}

bool is_type_name(std::string_view name) {
    return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

void check_custom_type(context& shared, const text_item& one) {
    if (one.key == "stdio" || one.key == "http" || one.key == "local")
        shared.error_at_key(one.path, "this type name is reserved and can't be registered",
                            "choose another name");
    else if (!is_type_name(one.key))
        shared.error_at_key(one.path,
                            "a type name has lowercase letters, digits and '-', and begins with a letter",
                            "rename the type");
    if (one.from == origin::undefined || one.value.empty()) return;
    if (!is_https(one.value))
        shared.error(one.path, "a schema's URL must begin with https://",
                     "use https, or \"\" for no validation");
    else if (const auto bad = check_url(one.value))
        shared.error(one.path, *bad);
}

} // namespace

void refuse_guard_policies(object_reader& server) {
    const auto* object = server.object("guard-policies");
    if (object == nullptr) return;
    object_reader policies(server.shared(), *object, server.path_of("guard-policies"));
    check_allow_only(policies);
    check_write_sink(policies);
    policies.finish();
    server.refuse(
        "guard-policies", std::string(not_supported),
        "remove it only if the server may be used without this guard; it is never ignored silently");
}

std::vector<std::string> read_custom_types(object_reader& document) {
    const auto items = document.text_map("customSchemas");
    std::vector<std::string> names;
    if (!items) return names;
    for (const auto& one : *items) {
        check_custom_type(document.shared(), one);
        names.push_back(one.key);
    }
    if (!items->empty()) document.shared().no_effect(document.path_of("customSchemas"));
    return names;
}

void refuse_custom_type(context& shared, const std::string& path, const std::string& type, origin from,
                        const std::vector<std::string>& registered) {
    // The type is only shown where it stands in the document.
    const auto shown = from == origin::literal && type.size() <= 64 ? " \"" + type + '"' : std::string();
    if (std::find(registered.begin(), registered.end(), type) != registered.end()) {
        shared.error(path, "custom server type" + shown + " is " + std::string(not_supported),
                     "use a stdio or http server");
        return;
    }
    const auto near =
        from == origin::literal ? closest(type, {"stdio", "http", "local"}) : std::string_view();
    shared.error(path, "unknown server type" + shown,
                 near.empty() ? "use \"stdio\" or \"http\"; other types must be registered in customSchemas"
                              : "did you mean \"" + std::string(near) + "\"?");
}

} // namespace drawbridge::config
