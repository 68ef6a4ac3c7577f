#include "process/container.hpp"

#include "process/client_environment.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace drawbridge::process {
namespace {

using words = std::vector<std::string>;

bool name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

// True when the user's arguments set one of the flags: "--memory", "--memory=1g", "-m", "-m1g".
bool sets(const words& arguments, std::initializer_list<std::string_view> flags) {
    return std::any_of(arguments.begin(), arguments.end(), [&](std::string_view argument) {
        return std::any_of(flags.begin(), flags.end(), [&](std::string_view flag) {
            if (!argument.starts_with(flag)) return false;
            const bool one_letter = flag.size() == 2;
            return argument.size() == flag.size() || one_letter || argument[flag.size()] == '=';
        });
    });
}

std::string decimal(double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
    return std::string(text, end);
}

// A field of a mount: both clients read them as CSV, so paths may hold commas, colons and quotes.
std::string csv_field(std::string field) {
    if (field.find_first_of(",\"\r\n") == field.npos) return field;
    for (std::size_t at = 0; (at = field.find('"', at)) != field.npos; at += 2)
        field.insert(at, 1, '"');
    return '"' + field + '"';
}

// Builds a plan piece by piece; each piece is one concern of the command line.
class planner {
  public:
    planner(const runtime& client, const instance& gateway, const config::server& what)
        : client_(client)
        , gateway_(gateway)
        , server_(what)
        , stdio_(*what.stdio) {}

    launch_plan run(std::uint64_t incarnation) {
        identity(incarnation);
        hardening();
        limits();
        network();
        variables();
        for (const auto& one : stdio_.mounts)
            mount(one);
        if (stdio_.entrypoint) add("--entrypoint=" + *stdio_.entrypoint);
        // The user's arguments come last: where a flag counts once, theirs counts.
        append(stdio_.runtime_args);
        if (stdio_.image.empty() || stdio_.image.starts_with('-')) fail("the name of its image is not valid");
        add(stdio_.image);
        append(stdio_.entrypoint_args);
        return std::move(plan_);
    }

  private:
    bool podman() const { return client_.kind == runtime_kind::podman; }
    void add(std::string word) { plan_.argv.push_back(std::move(word)); }
    void append(const words& more) { plan_.argv.insert(plan_.argv.end(), more.begin(), more.end()); }
    bool user_sets(std::initializer_list<std::string_view> flags) const {
        return sets(stdio_.runtime_args, flags);
    }

    void fail(const std::string& why) {
        plan_.error += plan_.error.empty() ? "server " + server_.name + " can't be started: " : "; ";
        plan_.error += why;
    }

    void identity(std::uint64_t incarnation) {
        plan_.container_name = "drawbridge-" + gateway_.id + "-" + sanitize_name(server_.name) + "-" +
                               std::to_string(incarnation) + "-" + gateway_.run;
        append({client_.path, "run", "--rm", "--interactive", "--init"});
        add("--name=" + plan_.container_name);
        add("--label=io.drawbridge.instance=" + gateway_.id);
        add("--label=io.drawbridge.server=" + server_.name);
        // Images are pulled apart from the start, with a time budget of their own.
        add("--pull=never");
        if (podman()) {
            if (client_.local) {
                plan_.pid_file = gateway_.runtime_dir + "/" + plan_.container_name + ".pid";
                add("--pidfile=" + plan_.pid_file);
                add("--env-host=false"); // a switch of containers.conf
            }
            // podman hands the proxies of the host to the container, passwords included.
            add("--http-proxy=false");
        }
        // Both runtimes would write every MCP message to the disk.
        if (!user_sets({"--log-driver"})) add("--log-driver=none");
        add("--no-healthcheck"); // an image's own would run commands in the container that nobody looks at
        add("--stop-timeout=" + std::to_string(stdio_.stop_grace.count()));
    }

    void hardening() {
        add("--security-opt=no-new-privileges");
        add("--cap-drop=ALL");
        for (const auto& capability : stdio_.box.capabilities)
            add("--cap-add=" + capability);
        if (!stdio_.box.read_only_root) return;
        add("--read-only");
        const auto own = [](std::string_view argument) { return argument.find("/tmp") != argument.npos; };
        const bool theirs = user_sets({"--tmpfs"}) &&
                            std::any_of(stdio_.runtime_args.begin(), stdio_.runtime_args.end(), own);
        const auto at_tmp = [](const config::mount& one) { return one.container == "/tmp"; };
        if (!theirs && std::none_of(stdio_.mounts.begin(), stdio_.mounts.end(), at_tmp))
            add("--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=64m,mode=1777");
    }

    void limits() {
        const auto& box = stdio_.box;
        const auto unavailable = [&](const char* what) {
            plan_.notes.push_back(
                "server " + server_.name + " runs without its limit of " + what + ": this " +
                "container engine can't enforce it (no such cgroup controller for this user)");
        };
        if (box.pids > 0) {
            if (client_.limits.pids)
                add("--pids-limit=" + std::to_string(box.pids));
            else
                unavailable("processes");
        }
        if (box.memory_bytes > 0 && !user_sets({"--memory", "-m"})) {
            if (client_.limits.memory) {
                add("--memory=" + std::to_string(box.memory_bytes));
                // Otherwise the same again of swap is allowed.
                if (!user_sets({"--memory-swap"})) add("--memory-swap=" + std::to_string(box.memory_bytes));
            } else {
                unavailable("memory");
            }
        }
        if (box.cpus && !user_sets({"--cpus", "--cpu-quota", "--cpu-period"})) {
            if (client_.limits.cpus)
                add("--cpus=" + decimal(*box.cpus));
            else
                unavailable("processor time");
        }
    }

    void network() {
        if (user_sets({"--network", "--net"})) return;
        if (stdio_.box.network == config::sandbox::network_access::none) return add("--network=none");
        if (client_.network == network_style::user_mode) return add("--network=" + client_.user_network);
        plan_.network = "drawbridge-" + gateway_.id;
        if (client_.network == network_style::per_server) plan_.network += "-" + sanitize_name(server_.name);
        plan_.create_network = create_network_command(client_, gateway_, plan_.network);
        add("--network=" + plan_.network);
    }

    void variables() {
        plan_.environment = client_.environment;
        auto parts = split(stdio_.env);
        for (const auto& one : parts.by_name) {
            add("--env=" + one.name);
            plan_.environment.push_back(one.name + "=" + one.value);
            plan_.by_name.push_back(one.name);
        }
        if (!parts.file.empty()) add("--env-file=/dev/fd/" + std::to_string(env_file_fd));
        plan_.env_file = std::move(parts.file);
        for (const auto& error : parts.errors)
            fail(error);
    }

    // --volume would make a missing folder on the host (docker), and can't have colons in a path.
    void mount(const config::mount& one) {
        add("--mount=type=bind," + csv_field("source=" + one.host) + "," +
            csv_field("target=" + one.container) + (one.read_only ? ",readonly" : ""));
    }

    const runtime& client_;
    const instance& gateway_;
    const config::server& server_;
    const config::stdio_server& stdio_;
    launch_plan plan_;
};

} // namespace

std::string sanitize_name(std::string_view text) {
    if (!text.empty() && std::all_of(text.begin(), text.end(), name_character)) return std::string(text);
    std::string name(text);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !name_character(c); }, '_');
    return name + "-" + stable_hash(text);
}

launch_plan plan_launch(const runtime& client, const instance& gateway, const config::server& what,
                        std::uint64_t incarnation) {
    if (!what.stdio) {
        launch_plan plan;
        plan.error = "server " + what.name + " has no container";
        return plan;
    }
    return planner(client, gateway, what).run(incarnation);
}

} // namespace drawbridge::process
