#include "backend/preparation.hpp"

#include "backend/stderr_tail.hpp"
#include "process/network.hpp"

#include <chrono>
#include <utility>

namespace drawbridge::backend {
namespace {

constexpr auto network_limit = std::chrono::seconds(30); // to make a network
constexpr auto look_limit = std::chrono::seconds(5);     // to ask for an image

} // namespace

preparation::preparation(core::executor loop, const config::server& server, const process::runtime& client,
                         const process::instance& gateway, const std::vector<std::string>& secrets,
                         telemetry::log log)
    : loop_(loop)
    , server_(server)
    , client_(client)
    , gateway_(gateway)
    , secrets_(secrets)
    , log_(std::move(log)) {}

core::task<preparation::finding> preparation::run() {
    auto image = co_await provide_image();
    if (!image.error.empty()) co_return image;
    auto network = co_await provide_network();
    co_return network;
}

core::task<preparation::finding> preparation::provide_image() {
    const auto& wanted = *server_.stdio;
    const auto deadline = core::clock::now() + wanted.pull_timeout;
    finding failed;
    if (wanted.pull != config::stdio_server::pull_policy::always) {
        auto look = process::image_exists_command(client_, wanted.image);
        const auto found = co_await run_client(std::move(look), client_.environment, deadline);
        if (found.ok()) co_return failed;
    }
    if (wanted.pull == config::stdio_server::pull_policy::never) {
        failed.error = "its image is not there, and it must not be pulled";
        co_return failed;
    }
    log_.info("pulling image ", wanted.image);
    auto pull = process::pull_command(client_, wanted.image);
    const auto pulled = co_await run_client(std::move(pull), client_.pull_environment, deadline);
    if (pulled.ok()) co_return failed;
    failed.error = pulled.timed_out ? "its image could not be pulled within pullTimeout"
                                    : "its image is not there and could not be pulled";
    stderr_tail words(secrets_);
    words.feed(pulled.error_text);
    words.finish();
    failed.evidence = words.text();
    co_return failed;
}

core::task<std::string> preparation::image_id() {
    process::command look;
    look.argv = process::image_id_command(client_, server_.stdio->image);
    look.environment = client_.environment;
    const auto deadline = core::clock::now() + look_limit;
    const auto found = co_await process::run_command(loop_, std::move(look), deadline, &look_stop_);
    if (!found.ok()) co_return std::string();
    co_return found.output.substr(0, found.output.find('\n'));
}

// A network of this server alone; one that all share was made when the gateway started.
core::task<preparation::finding> preparation::provide_network() {
    finding failed;
    if (client_.network == process::network_style::shared) co_return failed;
    auto plan = process::plan_launch(client_, gateway_, server_, 0);
    for (const auto& note : std::exchange(plan.notes, {}))
        log_.warning(note);
    const auto deadline = core::clock::now() + network_limit;
    const auto error = co_await process::provide_network(loop_, client_, std::move(plan), deadline, &stop_);
    if (error.empty()) co_return failed;
    log_.error(error);
    failed.error = "its network could not be made";
    co_return failed;
}

core::task<process::command_result> preparation::run_client(std::vector<std::string> argv,
                                                            std::vector<std::string> environment,
                                                            core::time_point deadline) {
    process::command command;
    command.argv = std::move(argv);
    command.environment = std::move(environment);
    auto result = co_await process::run_command(loop_, std::move(command), deadline, &stop_);
    co_return result;
}

} // namespace drawbridge::backend
