#include "config/runtime_args.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace drawbridge::config {

namespace {

enum class ruling {
    allow,
    refuse,
    not_host,          // refused for the values host, container:... and ns:...
    host_with_warning, // the same, but host is the operator's to choose
    not_false,         // refused when switched off
    security_profile,  // a profile is the operator's to choose; what undoes our own options is not
    move_to_env,       // becomes an entry of `env`
    not_our_labels,
};

struct flag {
    std::string_view name;
    char letter; // '\0': no one-letter form
    bool takes_value;
    ruling rule;
    std::string_view instead;
};

using enum ruling;

constexpr std::string_view own = "remove it: the gateway sets it itself";
constexpr std::string_view use_env =
    "use `env`: {\"NAME\": \"${NAME}\"}; an empty value passes on the gateway's own variable";
constexpr std::string_view use_mounts = "use `mounts`: [\"/host/path:/container/path:ro\"]";
constexpr std::string_view use_capabilities = "use drawbridge.capabilities: [\"NAME\"]";
constexpr std::string_view use_network = "use drawbridge.network: \"outbound\" or \"none\"";
constexpr std::string_view isolated =
    "remove it: a server shares no namespace with the host or another container";

constexpr flag flags[] = {
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

const flag* by_name(std::string_view name) {
    const auto* found =
        std::find_if(std::begin(flags), std::end(flags), [&](const flag& f) { return f.name == name; });
    return found == std::end(flags) ? nullptr : found;
}

const flag* by_letter(char letter) {
    const auto* found =
        std::find_if(std::begin(flags), std::end(flags), [&](const flag& f) { return f.letter == letter; });
    return letter == '\0' || found == std::end(flags) ? nullptr : found;
}

bool begins(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

bool shares_namespace(std::string_view value) {
    // `--network type=host` and lists (`name=..,`) are docker's long forms; podman takes `host:options`.
    if (begins(value, "name=")) value.remove_prefix(5);
    return value == "host" || begins(value, "host:") || begins(value, "host,") ||
           begins(value, "container:") || begins(value, "ns:") || begins(value, "pod") ||
           begins(value, "path:");
}

bool falsy(std::string_view value) {
    return value == "false" || value == "0" || value == "f" || value == "F" || value == "False" ||
           value == "FALSE";
}

bool is_host(std::string_view value) {
    if (begins(value, "name=")) value.remove_prefix(5);
    return value == "host";
}

bool takes_rights_away(std::string_view value) {
    return value == "no-new-privileges" || value == "no-new-privileges:true" ||
           value == "no-new-privileges=true";
}

bool is_profile(std::string_view value) {
    return begins(value, "seccomp=") || begins(value, "apparmor=") || begins(value, "label=") ||
           begins(value, "seccomp:") || begins(value, "apparmor:") || begins(value, "label:");
}

// Walks the arguments once; each step looks at one of them, and at the next where that is its value.
class walk {
  public:
    explicit walk(const std::vector<std::string>& args) : args_(args) {}

    runtime_args run() {
        while (at_ < args_.size()) {
            const auto first = at_;
            moved_ = false;
            const std::string_view argument = args_[at_];
            if (begins(argument, "--") && argument.size() > 2)
                long_flag(argument.substr(2));
            else if (begins(argument, "-") && argument != "--" && argument.size() > 1)
                letters(argument.substr(1));
            else
                refuse("is not a flag, nor the value of one: it would take the place of the image",
                       "write flags as \"--flag=value\"; arguments of the server go into `entrypointArgs`");
            ++at_;
            for (auto kept = first; !moved_ && kept < at_; ++kept)
                found_.kept.push_back(args_[kept]);
        }
        return std::move(found_);
    }

  private:
    void long_flag(std::string_view text) {
        const auto equals = text.find('=');
        const auto* known = by_name(text.substr(0, equals));
        if (known == nullptr) {
            if (equals == std::string_view::npos)
                refuse("is a flag that this version does not know, and has no value",
                       "write it as \"--flag=value\" (a switch as \"--flag=true\")");
            return;
        }
        if (equals != std::string_view::npos)
            judge(*known, text.substr(equals + 1));
        else if (known->takes_value)
            with_next(*known);
        else
            judge(*known, "true");
    }

    // "-it", "-v/a:/b", "-u=1000": letters up to the first that takes a value; the rest is that value.
    void letters(std::string_view text) {
        const bool bundled = text.front() != 'e' && text.find('e') != text.npos;
        while (!text.empty()) {
            if (bundled && text.front() == 'e')
                return refuse("hides -e behind another one-letter flag", "write it as \"--env=NAME=VALUE\"");
            const auto* known = by_letter(text.front());
            text.remove_prefix(1);
            if (known == nullptr)
                return refuse("holds a one-letter flag that this version does not know",
                              "write it in its long form, as \"--flag=value\"");
            if (!text.empty() && text.front() == '=') return judge(*known, text.substr(1));
            if (!known->takes_value)
                judge(*known, "true");
            else if (text.empty())
                return with_next(*known);
            else
                return judge(*known, text);
        }
    }

    void with_next(const flag& known) {
        if (at_ + 1 >= args_.size()) {
            // Refused flags need no second complaint.
            if (known.rule == ruling::refuse) return judge(known, {});
            return refuse("ends with a flag that needs a value: the image would become that value",
                          "write it as \"--" + std::string(known.name) + "=value\"");
        }
        judge(known, args_[at_ + 1]);
        ++at_;
    }

    void judge(const flag& known, std::string_view value) {
        bool bad = false;
        switch (known.rule) {
        case allow:
            break;
        case ruling::refuse:
            bad = known.takes_value || !falsy(value);
            break;
        case host_with_warning:
            if (is_host(value)) return warn(known);
            bad = shares_namespace(value);
            break;
        case not_host:
            bad = shares_namespace(value);
            break;
        case not_false:
            bad = falsy(value);
            break;
        case security_profile:
            if (is_profile(value)) return warn(known);
            bad = !takes_rights_away(value);
            break;
        case not_our_labels:
            bad = begins(value, "io.drawbridge");
            break;
        case move_to_env:
            return move_variable(value);
        }
        if (bad) refuse(name_of(known) + " is not allowed here", std::string(known.instead));
    }

    void move_variable(std::string_view text) {
        const auto equals = text.find('=');
        std::optional<std::string> value;
        if (equals != text.npos) value = std::string(text.substr(equals + 1));
        found_.variables.push_back({at_, std::string(text.substr(0, equals)), std::move(value)});
        moved_ = true;
    }

    void warn(const flag& known) {
        found_.warnings.push_back({at_,
                                   {"the runtime flag --" + std::string(known.name) +
                                        " takes away a part of this server's isolation",
                                    "leave it out if the server works without it"}});
    }

    static std::string name_of(const flag& known) {
        std::string out = "the runtime flag --" + std::string(known.name);
        if (known.letter != '\0') out += std::string(" (-") + known.letter + ')';
        if (known.rule == not_host)
            out += " with a namespace of the host or of another container";
        else if (known.rule == not_false)
            out += "=false";
        else if (known.rule == host_with_warning)
            out += " with a namespace of another container";
        else if (known.rule == security_profile)
            out += " with this value";
        else if (known.rule == not_our_labels)
            out += " with a name of io.drawbridge";
        return out;
    }

    void refuse(std::string message, std::string suggestion) {
        found_.refused.push_back({at_, {std::move(message), std::move(suggestion)}});
    }

    const std::vector<std::string>& args_;
    std::size_t at_ = 0;
    bool moved_ = false; // the present flag became a variable
    runtime_args found_;
};

} // namespace

runtime_args judge_runtime_args(const std::vector<std::string>& args) {
    return walk(args).run();
}

} // namespace drawbridge::config
