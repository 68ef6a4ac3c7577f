// From a server's configuration to the exact call of the container runtime. Pure: nothing is started here.
#pragma once

#include "config/config.hpp"
#include "process/instance.hpp"
#include "process/runtime.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::process {

// How one container is started. Secrets stand in `environment` and `env_file` only, never in `argv` (except
// where the document itself puts them into `args` or `entrypointArgs`: those are argument lists).
struct launch_plan {
    std::vector<std::string> argv;
    std::vector<std::string>
        environment;            // of the runtime's client: its allow-list and the server's variables
    std::string env_file;       // content of --env-file; empty: none. The launcher hands it over as
                                // a memfd with the number `env_file_fd` in the child
    std::string container_name; // unique: instance, server, incarnation, run
    std::string pid_file;       // podman writes the container's process id there and leaves the file
                                // behind; empty: ask inspect_process_command
    std::string network;        // network that must exist before the start; empty: none to make
    std::vector<std::string> create_network; // the call that makes it
    std::vector<std::string> by_name;        // names of the variables in `environment` that are the server's
    std::vector<std::string> notes; // what the configuration asks for and this runtime can't do; to be logged
    std::string error;              // not empty: this server can't be started, and why (no secrets)
};

inline constexpr int env_file_fd = 3;

launch_plan plan_launch(const runtime& client, const instance& gateway, const config::server& what,
                        std::uint64_t incarnation);

// The command as a person may see it and paste it into bash: every value of a variable is ***.
std::string explain(const launch_plan& plan);

// Fit for names of containers, networks and files; two different texts never become one.
std::string sanitize_name(std::string_view text);

// Calls around a container's life, each as a full argument list. Run them with client.environment, the pull
// with client.pull_environment.
std::vector<std::string> image_exists_command(const runtime& client, const std::string& image);
// Prints which image the name stands for at present: its digest.
std::vector<std::string> image_id_command(const runtime& client, const std::string& image);
std::vector<std::string> pull_command(const runtime& client, const std::string& image);
std::vector<std::string> network_exists_command(const runtime& client, const std::string& network);
std::vector<std::string> create_network_command(const runtime& client, const instance& gateway,
                                                const std::string& network);
std::vector<std::string> remove_network_command(const runtime& client, const std::string& network);
std::vector<std::string> signal_command(const runtime& client, const std::string& container,
                                        const char* signal);
// Kill at once. docker fails for a container that is gone meanwhile, podman doesn't: list again to be sure.
std::vector<std::string> remove_command(const runtime& client, const std::string& container);
std::vector<std::string> remove_all_command(const runtime& client,
                                            const std::vector<std::string>& containers);
std::vector<std::string> list_command(const runtime& client, const instance& gateway); // names, one a line
std::vector<std::string> list_networks_command(const runtime& client, const instance& gateway);
std::vector<std::string> inspect_process_command(const runtime& client,
                                                 const std::string& container); // "PID ID"

} // namespace drawbridge::process
