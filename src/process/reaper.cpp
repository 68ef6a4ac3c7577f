#include "process/reaper.hpp"

#include "process/command.hpp"
#include "telemetry/sanitize.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

namespace drawbridge::process {
namespace {

using names = std::vector<std::string>;

// A removal may fail because another one of the same container is under way: look again.
constexpr int rounds = 3;
constexpr std::size_t at_once = 50;

names lines(const std::string& text) {
    names list;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        if (end > at) list.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return list;
}

bool contains(const names& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

// Those that this run of the gateway did not start.
names strangers(names all, const instance& gateway) {
    const auto ours = [&](const std::string& name) { return name.ends_with("-" + gateway.run); };
    all.erase(std::remove_if(all.begin(), all.end(), ours), all.end());
    return all;
}

std::string why(const command_result& result) {
    if (result.timed_out) return "no answer in time";
    const auto text = telemetry::sanitize(result.error_text, {}, 300);
    return text.empty() ? "exit status " + std::to_string(result.exit_code) : text;
}

// One clean-up: what a kind of thing is called, how it is listed, how it goes.
class sweeper {
  public:
    sweeper(core::executor loop, const runtime& client, core::time_point deadline, reaping& into)
        : loop_(std::move(loop))
        , client_(client)
        , deadline_(deadline)
        , into_(into) {}

    core::task<> containers(const instance& gateway) {
        names seen, left;
        std::string reason;
        for (int round = 0; round < rounds; ++round) {
            auto found = co_await list(list_command(client_, gateway), "containers");
            if (!found) co_return;
            left = strangers(std::move(*found), gateway);
            for (const auto& name : left)
                if (!contains(seen, name)) seen.push_back(name);
            if (left.empty()) break;
            reason = co_await remove(left);
        }
        // The last listing may be older than the last removal.
        if (!left.empty()) {
            auto found = co_await list(list_command(client_, gateway), "containers");
            if (found) left = strangers(std::move(*found), gateway);
        }
        settle(seen, left, reason, into_.containers, "container ");
    }

    core::task<> networks(const instance& gateway) {
        auto seen = co_await list(list_networks_command(client_, gateway), "networks");
        if (!seen || seen->empty()) co_return;
        std::string reason;
        for (const auto& name : *seen) {
            const auto result = co_await call(remove_network_command(client_, name));
            if (!result.ok()) reason = why(result);
        }
        auto left = co_await list(list_networks_command(client_, gateway), "networks");
        if (left) settle(*seen, *left, reason, into_.networks, "network ");
    }

  private:
    core::task<command_result> call(names argv) {
        command what;
        what.argv = std::move(argv);
        what.environment = client_.environment;
        auto result = co_await run_command(loop_, std::move(what), deadline_);
        co_return result;
    }

    core::task<std::optional<names>> list(names argv, const char* what) {
        const auto result = co_await call(std::move(argv));
        if (result.ok()) co_return lines(result.output);
        into_.failures.push_back(std::string("can't list the ") + what +
                                 " of an earlier run: " + why(result));
        co_return std::nullopt;
    }

    core::task<std::string> remove(const names& containers) {
        std::string reason;
        for (std::size_t at = 0; at < containers.size(); at += at_once) {
            const auto first = containers.begin() + static_cast<std::ptrdiff_t>(at);
            const names some(first,
                             first + static_cast<std::ptrdiff_t>(std::min(at_once, containers.size() - at)));
            const auto result = co_await call(remove_all_command(client_, some));
            if (!result.ok()) reason = why(result);
        }
        co_return reason;
    }

    // Whatever a removal said: gone is what is not listed any more.
    void settle(const names& seen, const names& left, const std::string& reason, names& gone,
                const char* what) {
        for (const auto& name : seen) {
            if (contains(left, name))
                into_.failures.push_back(what + name + " could not be removed: " +
                                         (reason.empty() ? "it is still there" : reason));
            else
                gone.push_back(name);
        }
    }

    core::executor loop_;
    const runtime& client_;
    core::time_point deadline_;
    reaping& into_;
};

void remove_pid_files(const instance& gateway) {
    std::error_code ignored;
    const std::string prefix = "drawbridge-" + gateway.id + "-";
    std::vector<std::filesystem::path> stale;
    for (auto entry = std::filesystem::directory_iterator(gateway.runtime_dir, ignored);
         !ignored && entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
        const auto name = entry->path().filename().string();
        const bool ours = name.ends_with("-" + gateway.run + ".pid");
        if (name.starts_with(prefix) && name.ends_with(".pid") && !ours) stale.push_back(entry->path());
    }
    for (const auto& path : stale)
        std::filesystem::remove(path, ignored);
}

} // namespace

core::task<reaping> reap(core::executor loop, runtime client, instance gateway, core::time_point deadline) {
    reaping result;
    sweeper work(std::move(loop), client, deadline, result);
    co_await work.containers(gateway);
    // A network can't go while a container uses it.
    co_await work.networks(gateway);
    remove_pid_files(gateway);
    co_return result;
}

core::task<reaping> reap_again(core::executor loop, runtime client, instance gateway,
                               core::time_point deadline) {
    reaping result;
    sweeper work(std::move(loop), client, deadline, result);
    co_await work.containers(gateway);
    co_return result;
}

} // namespace drawbridge::process
