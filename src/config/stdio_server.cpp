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

// A variable without a value is the gateway's own of that name (Gateway schema).
void pass_on(context& shared, const std::string& name, const std::string& path, stdio_server& out) {
    if (auto own = shared.environment_value(name)) {
        out.env.push_back({name, std::move(*own)});
        return;
    }
    out.missing_env.push_back(name);
    shared.warning(path, "the gateway's environment has no " + name + " to pass on; it is left out",
                   "set " + name + " in the gateway's environment, or give a value here");
}

// A value that became empty through a variable stays empty.
void read_variables(object_reader& fields, stdio_server& out) {
    const auto items = fields.text_map("env");
    if (!items) return;
    auto& shared = fields.shared();
    for (const auto& one : *items) {
        if (auto bad = check_variable_name(one.key))
            shared.error_at_key(one.path, std::move(bad->message), std::move(bad->suggestion));
        else if (!one.value.empty() || one.from != origin::literal)
            out.env.push_back({one.key, one.value});
        else
            pass_on(shared, one.key, one.path, out);
    }
}

// `--env` in `args`. As on the command line of the runtime, what comes later counts.
void take_variable(context& shared, runtime_args::taken_variable taken, const std::string& path,
                   stdio_server& out) {
    if (auto bad = check_variable_name(taken.name)) {
        shared.error(path, *bad);
        return;
    }
    std::erase_if(out.env, [&](const variable& earlier) { return earlier.name == taken.name; });
    if (taken.value)
        out.env.push_back({std::move(taken.name), std::move(*taken.value)});
    else
        pass_on(shared, taken.name, path, out);
}

void read_runtime_args(object_reader& fields, stdio_server& out) {
    const auto items = fields.texts("args");
    if (!items) return;
    // An undefined variable is reported already; this stand-in passes as a flag and as a value.
    std::vector<std::string> args;
    for (const auto& one : *items)
        args.push_back(one.from == origin::undefined ? "--undefined=" : one.value);
    auto judged = judge_runtime_args(args);
    auto& shared = fields.shared();
    for (const auto& bad : judged.refused)
        shared.error((*items)[bad.index].path, bad.what);
    for (const auto& weak : judged.warnings)
        shared.warning((*items)[weak.index].path, weak.what.message, weak.what.suggestion);
    for (auto& taken : judged.variables) {
        const auto& path = (*items)[taken.index].path;
        take_variable(shared, std::move(taken), path, out);
    }
    out.runtime_args = std::move(judged.kept);
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
    fields.refuse("auth", "applies to http servers only", hint);
    for (const auto key : {"connectTimeout", "connect_timeout"}) {
        fields.integer(key, timeout_range);
        if (fields.has(key))
            fields.shared().warning(fields.path_of(key), "has no effect on a container", "remove it");
    }
}

} // namespace drawbridge::config
