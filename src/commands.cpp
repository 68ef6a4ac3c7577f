#include "commands.hpp"

#include "app.hpp"
#include "config/read.hpp"
#include "config/report.hpp"
#include "config/secrets.hpp"
#include "http/listener.hpp"
#include "process/container.hpp"
#include "process/reaper.hpp"
#include "process/runtime.hpp"
#include "telemetry/sanitize.hpp"

#include <boost/asio/co_spawn.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

namespace drawbridge {
namespace {

using namespace std::chrono_literals;

std::optional<std::string> environment_variable(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

// One loop, one thread, one task to its end.
template <class T>
T run_loop(core::asio::io_context& loop, core::task<T> work) {
    std::optional<T> result;
    std::exception_ptr failed;
    core::asio::co_spawn(loop.get_executor(), std::move(work), [&](std::exception_ptr error, T value) {
        failed = error;
        result.emplace(std::move(value));
    });
    loop.run();
    if (failed) std::rethrow_exception(failed);
    return std::move(*result);
}

struct loaded {
    std::optional<config::configuration> value;
    std::vector<config::problem> warnings;
    std::vector<config::problem> errors;
    std::string source;
};

loaded load(const options& given) {
    loaded result;
    result.source = given.config_file.empty() ? "<stdin>" : given.config_file;
    std::string document;
    if (given.config_file.empty()) {
        if (::isatty(0))
            std::cerr
                << "drawbridge: reading the configuration from the terminal; --config FILE reads a file\n";
        document.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
    } else {
        std::ifstream file(given.config_file, std::ios::binary);
        document.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        if (!file) {
            config::problem unreadable;
            unreadable.message = "the configuration can't be read: " + std::string(std::strerror(errno));
            unreadable.suggestion =
                "name a readable file after --config, or write the configuration to stdin";
            result.errors.push_back(std::move(unreadable));
            return result;
        }
    }
    auto reading = config::read(document, environment_variable);
    result.value = std::move(reading.value);
    result.errors = std::move(reading.errors);
    result.warnings = std::move(reading.warnings);
    return result;
}

std::string wanted_runtime(const options& given) {
    if (!given.runtime.empty()) return given.runtime;
    return environment_variable("MCP_GATEWAY_CONTAINER_RUNTIME").value_or(DRAWBRIDGE_DEFAULT_RUNTIME);
}

// The options with what the environment and the configuration add.
options complete(options given, const config::configuration& settings) {
    given.runtime = wanted_runtime(given);
    if (given.listen.empty()) given.listen = "127.0.0.1:" + std::to_string(settings.gate.port);
    return given;
}

} // namespace

int run_serve(const options& given) {
    auto configuration = load(given);
    if (!configuration.value) {
        std::cout << config::to_json_payload(configuration.errors) << std::flush;
        std::cerr << config::to_text(configuration.errors, configuration.source);
        return 1;
    }
    const auto settings = complete(given, *configuration.value);
    std::string error;
    const auto place = http::parse_listen_address(settings.listen, error);
    if (!error.empty()) {
        std::cerr << "drawbridge: --listen " << error << '\n';
        return 2;
    }
    telemetry::log_options log_settings;
    log_settings.level = settings.log_level;
    log_settings.format = settings.log_format;
    const telemetry::log_backend log(log_settings);
    for (const auto& warning : configuration.warnings)
        log.handle().warning(warning.path, warning.path.empty() ? "" : ": ", warning.message, "; ",
                             warning.suggestion);
    telemetry::stdout_channel payloads;
    core::asio::io_context loop(1);
    app gateway(loop.get_executor(), settings, place, std::move(*configuration.value), payloads,
                log.handle());
    return run_loop(loop, gateway.serve());
}

int run_check(const options& given) {
    const auto configuration = load(given);
    std::cerr << config::to_text(configuration.errors, configuration.source)
              << config::to_text(configuration.warnings, configuration.source, "warning");
    if (!configuration.value) return 1;
    std::cout << configuration.source << ": valid, " << configuration.value->servers.size() << " servers\n";
    if (!given.explain) return 0;
    const auto settings = complete(given, *configuration.value);
    core::asio::io_context loop(1);
    const auto deadline = core::clock::now() + 20s;
    const auto choice = run_loop(
        loop, process::find_runtime(loop.get_executor(), settings.runtime, environment_variable, deadline));
    if (!choice.value) {
        std::cerr << "drawbridge: " << choice.error << '\n';
        return 1;
    }
    const auto instance = process::make_instance(settings.listen);
    if (!instance.error.empty()) {
        std::cerr << "drawbridge: --explain needs a folder for locks and process ids: " << instance.error
                  << '\n';
        return 1;
    }
    for (const auto& server : configuration.value->servers) {
        std::cout << '\n' << server.name << ":\n";
        if (!server.stdio) {
            std::cout << "  an HTTP server: nothing is started\n";
            continue;
        }
        auto plan = process::plan_launch(*choice.value, instance.value, server, 1);
        const auto secrets = config::secrets_of(configuration.value->gate, server);
        for (auto& word : plan.argv)
            word = telemetry::hide_secrets(word, secrets);
        std::cout << (plan.error.empty() ? process::explain(plan) : "can't be started: " + plan.error)
                  << '\n';
    }
    return 0;
}

int run_reap(const options& given) {
    auto settings = given;
    if (given.listen.empty()) {
        const auto configuration = load(given);
        if (!configuration.value) {
            std::cerr << "drawbridge: reap needs --listen ADDR:PORT, or the configuration of the gateway\n"
                      << config::to_text(configuration.errors, configuration.source);
            return 1;
        }
        settings = complete(given, *configuration.value);
    } else {
        settings.runtime = wanted_runtime(given);
    }
    core::asio::io_context loop(1);
    const auto deadline = core::clock::now() + 60s;
    const auto choice = run_loop(
        loop, process::find_runtime(loop.get_executor(), settings.runtime, environment_variable, deadline));
    const auto instance = process::make_instance(settings.listen);
    const auto locking = choice.value && instance.error.empty() ? process::locking::acquire(instance.value)
                                                                : process::locking();
    const auto error = !choice.value             ? choice.error
                       : !instance.error.empty() ? instance.error
                                                 : locking.error;
    if (!error.empty()) {
        std::cerr << "drawbridge: " << error << '\n';
        return 1;
    }
    loop.restart();
    const auto removed =
        run_loop(loop, process::reap(loop.get_executor(), *choice.value, instance.value, deadline));
    for (const auto& name : removed.containers)
        std::cout << "removed container " << name << '\n';
    for (const auto& name : removed.networks)
        std::cout << "removed network " << name << '\n';
    for (const auto& failed : removed.failures)
        std::cerr << "drawbridge: " << failed << '\n';
    if (removed.containers.empty() && removed.networks.empty() && removed.failures.empty())
        std::cout << "nothing was left behind\n";
    return removed.failures.empty() ? 0 : 1;
}

} // namespace drawbridge
