#include "config/health.hpp"
#include "config/server.hpp"
#include "config/units.hpp"

#include <boost/json.hpp>

namespace drawbridge::config {

namespace {

constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
constexpr range memory_range{6 * mebibyte, std::int64_t{16} << 40, "bytes"};

void read_profile(object_reader& fields, sandbox& box) {
    if (fields.word("profile", {"standard", "strict"}) != std::size_t{1}) return;
    box.network = sandbox::network_access::none;
    box.read_only_root = true;
    box.capabilities.clear();
    box.memory_bytes = 512 * mebibyte;
    box.pids = 256;
}

void read_capabilities(object_reader& fields, sandbox& box) {
    const auto items = fields.texts("capabilities");
    if (!items) return;
    box.capabilities.clear();
    for (const auto& one : *items) {
        if (one.from == origin::undefined) continue;
        if (const auto bad = check_capability(one.value)) fields.shared().error(one.path, *bad);
        box.capabilities.push_back(one.value);
    }
}

void read_memory(object_reader& fields, sandbox& box) {
    const auto* value = fields.take("memory");
    if (value == nullptr) return;
    const auto path = fields.path_of("memory");
    if (!value->is_string()) {
        if (const auto given = fields.integer("memory", memory_range))
            box.memory_bytes = static_cast<std::uint64_t>(*given);
        return;
    }
    const auto text = fields.text("memory");
    if (!text) return;
    const auto bytes = parse_bytes(*text);
    if (!bytes)
        fields.shared().error(path, "not a size",
                              "write bytes as a number, or a text such as \"512MiB\" or \"2g\"");
    else if (*bytes < static_cast<std::uint64_t>(memory_range.least) ||
             *bytes > static_cast<std::uint64_t>(memory_range.most))
        fields.shared().error(path, "must be from 6 MiB to 16 TiB", "choose a value in this range");
    else
        box.memory_bytes = *bytes;
}

void read_box(object_reader& fields, sandbox& box) {
    read_profile(fields, box); // first: single settings override it
    if (const auto which = fields.word("network", {"outbound", "none"}))
        box.network = *which == 0 ? sandbox::network_access::outbound : sandbox::network_access::none;
    if (const auto given = fields.boolean("readOnlyRoot")) box.read_only_root = *given;
    read_capabilities(fields, box);
    read_memory(fields, box);
    if (const auto given = fields.integer("pids", {1, 4194304, ""})) box.pids = static_cast<unsigned>(*given);
    if (const auto given = fields.number("cpus", 0.01, 1024)) box.cpus = given;
}

void read_container(object_reader& fields, stdio_server& out) {
    using policy = stdio_server::pull_policy;
    read_box(fields, out.box);
    if (const auto which = fields.word("pull", {"missing", "always", "never"}))
        out.pull = *which == 0 ? policy::missing : *which == 1 ? policy::always : policy::never;
    if (const auto given = fields.integer("pullTimeout", timeout_range))
        out.pull_timeout = std::chrono::seconds(*given);
    if (const auto given = fields.integer("stopGrace", {0, 600, "seconds"}))
        out.stop_grace = std::chrono::seconds(*given);
}

void refuse_container(object_reader& fields) {
    for (const auto key : {"profile", "network", "readOnlyRoot", "capabilities", "memory", "pids", "cpus",
                           "pull", "pullTimeout", "stopGrace"})
        fields.refuse(key, "applies to stdio servers only", "remove it");
}

// Who shares a link, and how many there may be.
void read_links(object_reader& fields, server& out) {
    using sharing = server::session_sharing;
    constexpr sharing words[] = {sharing::automatic, sharing::shared, sharing::per_agent,
                                 sharing::per_session};
    if (const auto which = fields.word("sessions", {"auto", "shared", "per-agent", "per-session"}))
        out.sessions = words[*which];
    if (const auto given = fields.integer("maxLinks", {1, 10000, ""}))
        out.max_links = static_cast<unsigned>(*given);
    if (const auto given = fields.integer("linkIdleTimeout", {1, 604800, "seconds"}))
        out.link_idle_timeout = std::chrono::seconds(*given);
}

void read_remote(object_reader& fields, http_server& out) {
    const auto path = fields.text("caFile");
    if (!path) return;
    if (const auto bad = check_absolute_path(*path))
        fields.shared().error(fields.path_of("caFile"), *bad);
    else if (!check_url(out.url) && !is_https(out.url)) // a bad url is reported already
        fields.shared().error(fields.path_of("caFile"), "has no effect: the url begins with http://",
                              "begin the url with https://, or remove caFile");
    out.ca_file = *path;
}

} // namespace

void read_extension(object_reader& fields, server& out) {
    const auto* object = fields.object("drawbridge");
    if (object == nullptr) return;
    object_reader own(fields.shared(), *object, fields.path_of("drawbridge"));
    if (const auto which = own.word("start", {"lazy", "eager"}))
        out.start = *which == 0 ? server::start_policy::lazy : server::start_policy::eager;
    if (const auto given = own.integer("startupTimeout", timeout_range))
        out.startup_timeout = std::chrono::seconds(*given);
    read_links(own, out);
    if (const auto which = own.word("era", {"auto", "legacy", "modern"}); which && *which > 0)
        out.era = *which == 1 ? mcp::era::legacy : mcp::era::modern;
    read_checks(own, out.checks);
    if (out.stdio) {
        read_container(own, *out.stdio);
        own.refuse("caFile", "applies to http servers only", "remove it");
    } else {
        read_remote(own, *out.http);
        refuse_container(own);
    }
    own.finish();
}

} // namespace drawbridge::config
