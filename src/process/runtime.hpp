// The container runtime: which client is used, what its engine can do, and how it is called.
#pragma once

#include "core/asio.hpp"
#include "process/instance.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drawbridge::process {

// The client's command line, not the engine behind it.
enum class runtime_kind { docker, podman };

// How servers get a path to the outside and none to each other.
enum class network_style {
    shared,     // Docker: one network for this gateway, with traffic between its containers switched off
    per_server, // podman as root: a network for each server, isolated from the others
    user_mode,  // podman: slirp4netns or pasta in each container; nothing to make, nothing reaches it
};

// The limits that the engine can enforce; where one is missing, a container that asks for it would not start.
struct enforceable {
    bool memory = true;
    bool pids = true;
    bool cpus = true;
};

struct runtime {
    runtime_kind kind = runtime_kind::podman;
    std::string path;    // of the client, absolute
    std::string version; // of the engine, for logs
    // "NAME=value" of the client: an allow-list of the gateway's own; the second one, with proxies, for
    // pulls.
    std::vector<std::string> environment;
    std::vector<std::string> pull_environment;
    network_style network = network_style::per_server;
    std::string user_network = "private"; // the value of --network for network_style::user_mode
    bool local = true; // the engine runs on this machine: process ids and files that it names are ours
    bool rootless = false;
    enforceable limits;
};

// What one client said about itself and its engine. Pure, for tests.
std::optional<runtime_kind> read_client_kind(const std::string& version_output);
void read_docker_engine(const std::string& version_output, runtime& into); // of docker_probe
void read_podman_engine(const std::string& info_output, runtime& into);    // of podman_probe

struct runtime_choice {
    std::optional<runtime> value;
    std::string error; // what was tried, why it failed, what to do
};

// `wanted`: "docker", "podman", a path of a client, or empty: the first that works, docker before podman
// (a docker client without an engine does not work). `deadline` bounds the whole search. `lookup` is asked
// before the first suspension only.
core::task<runtime_choice> find_runtime(core::executor loop, std::string wanted, variable_lookup lookup,
                                        core::time_point deadline);

} // namespace drawbridge::process
