#include "process/runtime.hpp"

#include "process/client_environment.hpp"
#include "process/command.hpp"
#include "telemetry/sanitize.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

namespace drawbridge::process {
namespace {

using words = std::vector<std::string>;

constexpr const char* docker_probe =
    "--format={{.Server.Version}}|{{range .Server.Components}}{{.Name}},{{end}}";
constexpr const char* podman_probe =
    "--format={{.Version.Version}}|{{.Host.Security.Rootless}}|"
    "{{.Host.CgroupsVersion}}|{{.Host.CgroupControllers}}|{{.Host.ServiceIsRemote}}";
constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

words parts(std::string_view text, char separator) {
    words list;
    for (;;) {
        const auto at = text.find(separator);
        list.emplace_back(text.substr(0, at));
        if (at == text.npos) return list;
        text.remove_prefix(at + 1);
    }
}

std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

bool executable(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

// The program's absolute path, or nothing.
std::string find_program(const std::string& name, const std::string& path) {
    for (const auto& folder : parts(path, ':'))
        if (folder.starts_with('/') && executable(folder + "/" + name)) return folder + "/" + name;
    return {};
}

// podman as root makes bridges with netavark, which needs iptables (nft since podman 5).
network_style rootful_style(const runtime& client, const std::string& path) {
    const bool bridges = !find_program("iptables", path).empty() ||
                         (!client.version.starts_with("4.") && !find_program("nft", path).empty());
    if (bridges || !client.local || find_program("slirp4netns", path).empty())
        return network_style::per_server;
    return network_style::user_mode;
}

// Tries one client after the other; collects why each was not taken.
class search {
  public:
    search(core::executor loop, variable_lookup lookup, core::time_point deadline)
        : loop_(std::move(loop))
        , path_(lookup("PATH").value_or(default_path))
        , deadline_(deadline) {
        blank_.environment = client_environment(lookup);
        blank_.pull_environment = pull_environment(lookup);
        docker_host_ = lookup("DOCKER_HOST").value_or("");
    }

    core::task<std::optional<runtime>> any() {
        auto found = co_await named("docker", true, 2);
        if (!found) found = co_await named("podman", false, 1);
        co_return found;
    }

    // `fair`: of how many clients this is the first; it gets its part of the time only.
    core::task<std::optional<runtime>> named(std::string name, bool docker_only, int fair) {
        runtime client = blank_;
        const auto now = core::clock::now();
        until_ = now + (deadline_ - now) / fair;
        client.path = name.find('/') == name.npos
                          ? find_program(name, path_)
                          : std::filesystem::absolute(name).lexically_normal().string();
        tried_ = tried_.empty() ? name : tried_ + "; " + name;
        if (client.path.empty()) {
            tried_ += ": not found in PATH";
            co_return std::nullopt;
        }
        const auto said = co_await call(client, words(1, "--version"));
        if (!said.ok()) co_return refuse(said);
        const auto kind = read_client_kind(said.output);
        if (!kind || (docker_only && *kind != runtime_kind::docker)) {
            tried_ += kind ? ": is podman under another name"
                           : ": is neither docker nor podman, its --version says: " + shown(said.output);
            co_return std::nullopt;
        }
        client.kind = *kind;
        bool works = false;
        if (client.kind == runtime_kind::docker)
            works = co_await docker(client);
        else
            works = co_await podman(client);
        if (!works) co_return std::nullopt;
        co_return client;
    }

    const std::string& tried() const { return tried_; }

  private:
    core::task<command_result> call(const runtime& client, words arguments) {
        command what;
        what.argv.push_back(client.path);
        what.argv.insert(what.argv.end(), arguments.begin(), arguments.end());
        what.environment = client.environment;
        auto result = co_await run_command(loop_, std::move(what), until_);
        co_return result;
    }

    core::task<bool> docker(runtime& client) {
        const words version{"version", docker_probe};
        const auto said = co_await call(client, version);
        // The client's own answer ends with 0 in some versions that found no engine.
        if (!said.ok() || first_line(said.output).starts_with('|')) {
            refuse(said);
            co_return false;
        }
        read_docker_engine(said.output, client);
        std::string endpoint = docker_host_;
        if (endpoint.empty()) {
            const words context{"context", "inspect", "--format={{.Endpoints.docker.Host}}"};
            const auto where = co_await call(client, context);
            if (where.ok()) endpoint = first_line(where.output);
        }
        client.local = endpoint.empty() || endpoint.starts_with("unix://");
        co_return true;
    }

    core::task<bool> podman(runtime& client) {
        const words info{"info", podman_probe};
        const auto said = co_await call(client, info);
        if (!said.ok()) {
            refuse(said);
            co_return false;
        }
        read_podman_engine(said.output, client);
        if (client.network == network_style::per_server) client.network = rootful_style(client, path_);
        if (client.network == network_style::user_mode && !client.rootless)
            client.user_network = "slirp4netns";
        co_return true;
    }

    static std::string shown(const std::string& text) {
        return telemetry::sanitize(first_line(text), {}, 300);
    }

    std::nullopt_t refuse(const command_result& result) {
        const auto text = telemetry::sanitize(result.error_text, {}, 300);
        if (result.timed_out)
            tried_ += ": no answer in time";
        else if (!text.empty())
            tried_ += ": " + text;
        else
            tried_ += ": exit status " + std::to_string(result.exit_code);
        return std::nullopt;
    }

    core::executor loop_;
    std::string path_, docker_host_;
    core::time_point deadline_, until_;
    runtime blank_;
    std::string tried_;
};

} // namespace

std::optional<runtime_kind> read_client_kind(const std::string& version_output) {
    // podman's stand-in for docker says "podman version 4.3.1".
    if (version_output.find("podman version") != std::string::npos) return runtime_kind::podman;
    if (version_output.find("Docker version") != std::string::npos) return runtime_kind::docker;
    return std::nullopt;
}

void read_docker_engine(const std::string& version_output, runtime& into) {
    const auto fields = parts(first_line(version_output), '|');
    into.version = fields[0];
    // In podman's networks containers reach each other whatever Docker's option says.
    const bool podman_engine = fields.size() > 1 && fields[1].find("Podman Engine") != std::string::npos;
    into.network = podman_engine ? network_style::per_server : network_style::shared;
}

void read_podman_engine(const std::string& info_output, runtime& into) {
    const auto fields = parts(first_line(info_output), '|');
    if (fields.size() != 5) return;
    into.version = fields[0];
    into.rootless = fields[1] == "true";
    into.local = fields[4] != "true";
    into.network = into.rootless ? network_style::user_mode : network_style::per_server;
    // "[cpu memory pids]"; without a user's session there are none, and version 1 of cgroups gives users
    // none.
    std::string list = fields[3];
    std::replace_if(
        list.begin(), list.end(), [](char c) { return c == '[' || c == ']'; }, ' ');
    const auto controllers = parts(list, ' ');
    const bool none = into.rootless && fields[2] == "v1";
    const auto has = [&](const char* name) {
        return !none && std::find(controllers.begin(), controllers.end(), name) != controllers.end();
    };
    into.limits = {has("memory"), has("pids"), has("cpu")};
}

core::task<runtime_choice> find_runtime(core::executor loop, std::string wanted, variable_lookup lookup,
                                        core::time_point deadline) {
    runtime_choice choice;
    search clients(std::move(loop), std::move(lookup), deadline);
    if (wanted.empty())
        choice.value = co_await clients.any();
    else
        choice.value = co_await clients.named(wanted, false, 1);
    if (!choice.value)
        choice.error =
            "no container runtime works. Tried " + clients.tried() +
            ". Install podman or docker, start docker's engine, or name a client with --runtime PATH";
    co_return choice;
}

} // namespace drawbridge::process
