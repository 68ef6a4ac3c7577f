#include "process/command.hpp"

#include "core/alarm.hpp"
#include "core/task_group.hpp"
#include "process/child.hpp"

#include <array>
#include <csignal>
#include <utility>

namespace drawbridge::process {
namespace {

constexpr std::size_t kept_output = 64 * 1024;

// Reads to the end, keeps the first part, drops the rest: the child must never block on a full pipe.
core::task<> collect(readable_pipe& from, std::string& into) {
    std::array<char, 4096> chunk;
    for (;;) {
        const auto buffer = core::asio::buffer(chunk);
        auto [error, n] = co_await from.async_read_some(buffer, core::use_task);
        if (error) co_return;
        into.append(chunk.data(), std::min(n, kept_output - into.size()));
    }
}

} // namespace

core::task<command_result> run_command(core::executor loop, command what, core::time_point deadline,
                                       command_stop* stop) {
    command_result result;
    if (stop && stop->stopped_) {
        result.timed_out = true;
        co_return result;
    }
    spawn_request request;
    request.argv = std::move(what.argv);
    request.environment = std::move(what.environment);
    request.null_input = true;
    auto program = child::spawn(loop, std::move(request), result.error_text);
    if (!program) co_return result;
    result.started = true;

    const auto kill = [&] {
        result.timed_out = true;
        program->signal_group(SIGKILL);
        // A grandchild outside the group may hold the pipes open: don't wait for it.
        core::error_code ignored;
        program->output.close(ignored);
        program->errors.close(ignored);
    };
    core::alarm timeout(loop, deadline, kill);
    if (stop) stop->kill_ = kill;
    core::task_group readers(loop, nullptr);
    readers.spawn("command stdout", collect(program->output, result.output));
    readers.spawn("command stderr", collect(program->errors, result.error_text));
    // Reaped last: until then its process group has its name, and the deadline can kill what it left behind.
    co_await readers.join();
    const exit_status status = co_await program->wait();
    timeout.call_off();
    if (stop) stop->kill_ = nullptr;
    result.exit_code = status.code;
    result.signal = status.signal;
    co_return result;
}

} // namespace drawbridge::process
