#include "config/runtime_flags.hpp"

#include <algorithm>
#include <iterator>

namespace drawbridge::config {

namespace {

using enum flag_ruling;

constexpr std::string_view own = "remove it: the gateway sets it itself";
constexpr std::string_view use_env =
    "use `env`: {\"NAME\": \"${NAME}\"}; an empty value passes on the gateway's own variable";
constexpr std::string_view use_mounts = "use `mounts`: [\"/host/path:/container/path:ro\"]";
constexpr std::string_view use_capabilities = "use drawbridge.capabilities: [\"NAME\"]";
constexpr std::string_view use_network = "use drawbridge.network: \"outbound\" or \"none\"";
constexpr std::string_view isolated =
    "remove it: a server shares no namespace with the host or another container";

constexpr runtime_flag flags[] = {
    // What opens the host to the server.
    {"privileged", '\0', false, refuse, use_capabilities},
    {"volume", 'v', true, refuse, use_mounts},
    {"mount", '\0', true, refuse, use_mounts},
    {"volumes-from", '\0', true, refuse, use_mounts},
    {"volume-driver", '\0', true, refuse, use_mounts},
    {"device", '\0', true, refuse, "remove it: servers get no devices of the host"},
    {"device-cgroup-rule", '\0', true, refuse, "remove it: servers get no devices of the host"},
    {"gpus", '\0', true, refuse, "remove it: servers get no devices of the host"},
    {"cap-add", '\0', true, refuse, use_capabilities},
    {"security-opt", '\0', true, security_profile,
     "only no-new-privileges, seccomp=..., apparmor=... and label=... are possible"},
    {"seccomp-policy", '\0', true, refuse, "remove it: security profiles stay as the runtime has them"},
    {"network", '\0', true, host_with_warning, use_network},
    {"net", '\0', true, host_with_warning, use_network},
    {"link", '\0', true, refuse, "remove it: servers have no path to each other"},
    {"pid", '\0', true, not_host, isolated},
    {"ipc", '\0', true, host_with_warning, "for more shared memory use --shm-size"},
    {"uts", '\0', true, not_host, isolated},
    {"userns", '\0', true, not_host, isolated},
    {"cgroupns", '\0', true, not_host, isolated},
    {"cgroups", '\0', true, refuse, "remove it: limits need control groups"},
    {"pod", '\0', true, refuse, isolated},
    {"rootfs", '\0', false, refuse, "name an image in `container`"},
    {"preserve-fds", '\0', true, refuse, "remove it: servers get no open files of the gateway"},
    {"init-path", '\0', true, refuse, own},
    {"hooks-dir", '\0', true, refuse, "remove it: hooks run on the host"},
    {"oom-kill-disable", '\0', false, refuse, "remove it; to change the memory limit use drawbridge.memory"},
    // Variables and secrets.
    {"env", 'e', true, move_to_env, use_env},
    {"env-file", '\0', true, refuse, use_env},
    {"env-host", '\0', false, refuse, use_env},
    {"env-merge", '\0', true, refuse, use_env},
    {"http-proxy", '\0', false, refuse, use_env},
    {"creds", '\0', true, refuse, "log in with the runtime's own login command"},
    // What the gateway needs for its hold on the container.
    {"name", '\0', true, refuse, own},
    {"replace", '\0', false, refuse, own},
    {"cidfile", '\0', true, refuse, own},
    {"pidfile", '\0', true, refuse, own},
    {"conmon-pidfile", '\0', true, refuse, own},
    {"entrypoint", '\0', true, refuse, "use `entrypoint` and `entrypointArgs`"},
    {"pull", '\0', true, refuse, "use drawbridge.pull: \"missing\", \"always\" or \"never\""},
    {"restart", '\0', true, refuse, "remove it: the gateway restarts servers itself"},
    {"detach", 'd', false, refuse, "remove it: the gateway talks to the container's stdin and stdout"},
    {"attach", 'a', true, refuse, "remove it: the gateway talks to the container's stdin and stdout"},
    {"tty", 't', false, refuse, "remove it: a terminal changes the bytes of the MCP messages"},
    {"interactive", 'i', false, not_false, "remove it: the gateway talks to the container's stdin"},
    {"rm", '\0', false, not_false, "remove it: containers of the gateway leave nothing behind"},
    {"sig-proxy", '\0', false, not_false, "remove it: the gateway stops servers with signals"},
    {"help", '\0', false, refuse, "remove it"},
    // Harmless switches.
    {"init", '\0', false, allow, {}},
    {"quiet", 'q', false, allow, {}},
    {"read-only", '\0', false, allow, {}},
    {"read-only-tmpfs", '\0', false, allow, {}},
    {"no-healthcheck", '\0', false, allow, {}},
    {"no-hosts", '\0', false, allow, {}},
    {"publish-all", 'P', false, allow, {}},
    {"unsetenv-all", '\0', false, allow, {}},
    // Harmless flags with a value.
    {"add-host", '\0', true, allow, {}},
    {"annotation", '\0', true, allow, {}},
    {"arch", '\0', true, allow, {}},
    {"blkio-weight", '\0', true, allow, {}},
    {"cap-drop", '\0', true, allow, {}},
    {"cgroup-parent", '\0', true, allow, {}},
    {"cpu-period", '\0', true, allow, {}},
    {"cpu-quota", '\0', true, allow, {}},
    {"cpu-shares", 'c', true, allow, {}},
    {"cpus", '\0', true, allow, {}},
    {"cpuset-cpus", '\0', true, allow, {}},
    {"cpuset-mems", '\0', true, allow, {}},
    {"dns", '\0', true, allow, {}},
    {"dns-opt", '\0', true, allow, {}},
    {"dns-option", '\0', true, allow, {}},
    {"dns-search", '\0', true, allow, {}},
    {"domainname", '\0', true, allow, {}},
    {"expose", '\0', true, allow, {}},
    {"group-add", '\0', true, allow, {}},
    {"hostname", 'h', true, allow, {}},
    {"ip", '\0', true, allow, {}},
    {"ip6", '\0', true, allow, {}},
    {"label", 'l', true, not_our_labels,
     "choose another name: labels of io.drawbridge are the gateway's own"},
    {"log-driver", '\0', true, allow, {}},
    {"log-opt", '\0', true, allow, {}},
    {"mac-address", '\0', true, allow, {}},
    {"memory", 'm', true, allow, {}},
    {"memory-reservation", '\0', true, allow, {}},
    {"memory-swap", '\0', true, allow, {}},
    {"memory-swappiness", '\0', true, allow, {}},
    {"network-alias", '\0', true, allow, {}},
    {"oom-score-adj", '\0', true, allow, {}},
    {"os", '\0', true, allow, {}},
    {"pids-limit", '\0', true, allow, {}},
    {"platform", '\0', true, allow, {}},
    {"publish", 'p', true, allow, {}},
    {"runtime", '\0', true, allow, {}},
    {"shm-size", '\0', true, allow, {}},
    {"stop-signal", '\0', true, allow, {}},
    {"stop-timeout", '\0', true, allow, {}},
    {"storage-opt", '\0', true, allow, {}},
    {"sysctl", '\0', true, allow, {}},
    {"timeout", '\0', true, allow, {}},
    {"tmpfs", '\0', true, allow, {}},
    {"tz", '\0', true, allow, {}},
    {"ulimit", '\0', true, allow, {}},
    {"umask", '\0', true, allow, {}},
    {"user", 'u', true, allow, {}},
    {"variant", '\0', true, allow, {}},
    {"workdir", 'w', true, allow, {}},
};

} // namespace

const runtime_flag* flag_by_name(std::string_view name) {
    const auto* found = std::find_if(std::begin(flags), std::end(flags),
                                     [&](const runtime_flag& each) { return each.name == name; });
    return found == std::end(flags) ? nullptr : found;
}

const runtime_flag* flag_by_letter(char letter) {
    const auto* found = std::find_if(std::begin(flags), std::end(flags),
                                     [&](const runtime_flag& each) { return each.letter == letter; });
    return letter == '\0' || found == std::end(flags) ? nullptr : found;
}

} // namespace drawbridge::config
