#include "process/network.hpp"

#include "telemetry/sanitize.hpp"

#include <utility>

namespace drawbridge::process {
namespace {

command call(const runtime& client, std::vector<std::string> argv) {
    command what;
    what.argv = std::move(argv);
    what.environment = client.environment;
    return what;
}

} // namespace

core::task<std::string> provide_network(core::executor loop, runtime client, launch_plan plan,
                                        core::time_point deadline, command_stop* stop) {
    if (plan.network.empty()) co_return std::string();
    auto look = call(client, network_exists_command(client, plan.network));
    const auto there = co_await run_command(loop, std::move(look), deadline, stop);
    if (there.ok()) co_return std::string();
    auto create = call(client, std::move(plan.create_network));
    const auto created = co_await run_command(loop, std::move(create), deadline, stop);
    if (created.ok()) co_return std::string();
    const auto words = telemetry::sanitize(created.error_text, {}, 300);
    co_return "network " + plan.network +
        " could not be made: " + (words.empty() ? "no answer in time" : words);
}

} // namespace drawbridge::process
