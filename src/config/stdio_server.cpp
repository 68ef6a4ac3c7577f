#include "config/runtime_args.hpp"
#include "config/server.hpp"

#include <boost/json.hpp>

#include <set>

namespace drawbridge::config {

namespace {

void read_image(object_reader& fields, stdio_server& out) {
    if (!fields.require("container",
                        fields.has("url")
                            ? "a server with a url needs \"type\": \"http\""
                            : "name the image, such as \"container\": \"ghcr.io/owner/name:tag\""))
        return;
    const auto image = fields.text("container");
    if (!image) return;
    if (const auto bad = check_image(*image)) fields.shared().error(fields.path_of("container"), *bad);
    out.image = *image;
}

void read_command(object_reader& fields, stdio_server& out) {
    out.entrypoint = fields.nonblank_text("entrypoint");
    if (const auto items = fields.texts("entrypointArgs"))
        for (const auto& one : *items)
            out.entrypoint_args.push_back(one.value);
}

std::string without_trailing_slash(std::string path) {
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    return path;
}

void read_mounts(object_reader& fields, stdio_server& out) {
    const auto items = fields.texts("mounts");
    if (!items) return;
    std::set<std::string> targets;
    for (const auto& one : *items) {
        if (one.from == origin::undefined) continue;
        mount parsed;
        if (const auto bad = check_mount(one.value, parsed)) {
            fields.shared().error(one.path, *bad);
            continue;
        }
        if (!targets.insert(without_trailing_slash(parsed.container)).second)
            fields.shared().error(one.path, "another mount has the same path in the container",
                                  "give each mount a path of its own");
        out.mounts.push_back(std::move(parsed));
    }
}

// An empty value in the document means: the gateway's own variable of that name (Gateway schema). A value
// that became empty through a variable stays empty.
void read_variables(object_reader& fields, stdio_server& out) {
    const auto items = fields.text_map("env");
    if (!items) return;
    auto& shared = fields.shared();
    for (const auto& one : *items) {
        if (auto bad = check_variable_name(one.key)) {
            shared.error_at_key(one.path, std::move(bad->message), std::move(bad->suggestion));
            continue;
        }
        if (!one.value.empty() || one.from != origin::literal) {
            out.env.push_back({one.key, one.value});
            continue;
        }
        if (auto own = shared.environment_value(one.key))
            out.env.push_back({one.key, std::move(*own)});
        else
            shared.warning(one.path,
                           "the gateway's environment has no " + one.key + " to pass on; it is left out",
                           "set " + one.key + " in the gateway's environment, or give a value here");
    }
}

void read_runtime_args(object_reader& fields, stdio_server& out) {
    const auto items = fields.texts("args");
    if (!items) return;
    // An undefined variable is reported already; this stand-in passes as a flag and as a value.
    std::vector<std::string> args;
    for (const auto& one : *items)
        args.push_back(one.from == origin::undefined ? "--undefined=" : one.value);
    for (const auto& bad : check_runtime_args(args))
        fields.shared().error((*items)[bad.index].path, bad.what);
    out.runtime_args = std::move(args);
}

} // namespace

void read_stdio(object_reader& fields, server& out) {
    auto& stdio = out.stdio.emplace();
    read_image(fields, stdio);
    read_command(fields, stdio);
    read_mounts(fields, stdio);
    read_variables(fields, stdio);
    read_runtime_args(fields, stdio);
    const std::string hint = "remove it, or make this an http server with \"type\": \"http\"";
    fields.refuse("url", "applies to http servers only", hint);
    fields.refuse("headers", "applies to http servers only", hint);
    for (const auto key : {"connectTimeout", "connect_timeout"}) {
        fields.integer(key, timeout_range);
        if (fields.has(key))
            fields.shared().warning(fields.path_of(key), "has no effect on a container", "remove it");
    }
}

} // namespace drawbridge::config
