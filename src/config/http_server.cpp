#include "config/characters.hpp"
#include "config/server.hpp"

#include <boost/json.hpp>

#include <set>

namespace drawbridge::config {

namespace {

void read_url(object_reader& fields, http_server& out) {
    if (!fields.require("url", "add \"url\": \"https://host.example/mcp\"")) return;
    const auto url = fields.text("url");
    if (!url) return;
    if (const auto bad = check_url(*url)) fields.shared().error(fields.path_of("url"), *bad);
    out.url = *url;
}

void read_headers(object_reader& fields, http_server& out) {
    const auto items = fields.text_map("headers");
    if (!items) return;
    auto& shared = fields.shared();
    std::set<std::string> seen;
    for (const auto& one : *items) {
        if (auto bad = check_header_name(one.key))
            shared.error_at_key(one.path, std::move(bad->message), std::move(bad->suggestion));
        else if (!seen.insert(lower(one.key)).second)
            shared.error_at_key(one.path, "this header stands twice; header names ignore case",
                                "remove one of the two");
        if (one.from == origin::undefined) continue;
        if (const auto bad = check_header_value(one.value)) shared.error(one.path, *bad);
        out.headers.push_back({one.key, one.value});
    }
}

// Gateway 7: the only kind of upstream authentication is a token of GitHub Actions.
void read_auth(object_reader& fields, http_server& out) {
    const auto* object = fields.object("auth");
    if (object == nullptr) return;
    auto& shared = fields.shared();
    object_reader auth(shared, *object, fields.path_of("auth"));
    if (auth.require("type", "add \"type\": \"github-oidc\"")) auth.word("type", {"github-oidc"});
    const auto audience = auth.nonblank_text("audience");
    auth.finish();
    out.oidc.emplace();
    out.oidc->audience = audience ? *audience : without_user_info(out.url);
    for (const auto& one : out.headers)
        if (lower(one.name) == "authorization")
            shared.warning(member(fields.path_of("headers"), one.name),
                           "is replaced by the token that `auth` asks for", "remove one of the two");
}

} // namespace

void read_http(object_reader& fields, server& out, const gateway& defaults) {
    auto& http = out.http.emplace();
    http.keepalive_interval = defaults.keepalive_interval;
    read_url(fields, http);
    read_headers(fields, http);
    read_auth(fields, http);
    if (const auto given = integer_with_alias(fields, "connectTimeout", "connect_timeout", timeout_range))
        http.connect_timeout = std::chrono::seconds(*given);
    fields.text_map("env");
    if (fields.has("env"))
        fields.shared().warning(
            fields.path_of("env"), "has no effect on an http server",
            "use ${NAME} in url or headers; variables come from the gateway's environment");
    // Gateway 4.1.5 for mounts; the others make no sense without a container either.
    for (const auto key : {"mounts", "container", "entrypoint", "entrypointArgs", "args"})
        fields.refuse(key, "applies to stdio servers only", "remove it, or make this a stdio server");
}

} // namespace drawbridge::config
