#include "backend/stdio_link.hpp"

#include "process/command.hpp"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <unistd.h>
#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

constexpr auto eof_grace = 2s;      // a server that reads the end of its input ends by itself
constexpr auto kill_grace = 5s;     // SIGKILL can't be ignored: this waits for the runtime only
constexpr auto command_limit = 10s; // for one call of the runtime's client
constexpr int client_failed = 125;  // the client's own failure, as docker and podman tell it

std::string seconds_text(core::duration time) {
    const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(time).count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

health::cause exit_cause(const health::exit_note& exit) {
    if (exit.out_of_memory) return health::cause::out_of_memory;
    return exit.signal != 0 ? health::cause::killed : health::cause::exited;
}

} // namespace

std::string describe_container_exit(process::exit_status status) {
    if (status.signal != 0) return "the container runtime's client " + status.describe();
    switch (status.code) {
    case 125:
        return "the container runtime could not run the container (status 125)";
    case 126:
        return "the container's command can't be executed (status 126)";
    case 127:
        return "the container's command was not found (status 127)";
    default:
        break;
    }
    if (status.code > 128 && status.code < 128 + NSIG) {
        process::exit_status inner;
        inner.signal = status.code - 128;
        return "the container " + inner.describe();
    }
    return "the container " + status.describe();
}

stdio_link::stdio_link(core::executor loop, std::uint64_t incarnation, stdio_settings settings,
                       process::launch_plan plan, client_ref owner, std::shared_ptr<audience> listeners,
                       reporter report, telemetry::log log)
    : loop_(loop)
    , incarnation_(incarnation)
    , settings_(std::move(settings))
    , plan_(std::move(plan))
    , report_(std::move(report))
    , log_(std::move(log))
    , group_(loop,
             [this](const std::string& name, const std::string& what) {
                 log_.critical("a task of the link ended by an exception: ", name, ": ", what);
                 lose(health::cause::internal, "the gateway failed to serve it");
             })
    , exited_(loop)
    , ended_(loop)
    , framer_(settings_.max_message_bytes)
    , talk_(loop, incarnation, settings_.talk, std::move(owner), std::move(listeners), *this, log_)
    , output_read_(loop)
    , outbox_filled_(loop)
    , tail_(settings_.talk.secrets)
    , errors_read_(loop) {}

core::task<> stdio_link::run() {
    started_ = core::clock::now();
    if (!spawn()) {
        report(link_report::kind::closed, std::string());
        co_return;
    }
    group_.spawn("stdout", read_output());
    group_.spawn("stderr", read_errors());
    group_.spawn("stdin", write_input());
    group_.spawn("exit", wait_exit());

    const bool ready = co_await shake_hands();
    if (ready) {
        report(link_report::kind::initialized, std::string());
        group_.spawn("container", watch_container());
        co_await ended_.wait();
        report(link_report::kind::lost, end_reason_);
        co_await last_answers();
    } else {
        co_await last_words();
        report(link_report::kind::failed, end_reason_);
    }
    talk_.end(end_reason_);
    co_await close();
    co_await talk_.join();
    co_await group_.join();
    report(link_report::kind::closed, exit_text());
}

// What a dead server wrote before its end is still on its way through the runtime: an answer in it is not
// lost.
core::task<> stdio_link::last_answers() {
    const auto soon = core::clock::now() + 500ms;
    if (talk_.in_flight() > 0 && !stop_requested_) co_await output_read_.wait_until(soon);
}

// Of a server that ended before it was ready: its exit status and its stderr are the reason.
core::task<> stdio_link::last_words() {
    if (!output_read_.is_set() && !exited_.is_set()) co_return;
    const auto soon = core::clock::now() + 1s;
    const bool exited = co_await exited_.wait_until(soon);
    co_await errors_read_.wait_until(soon);
    if (!exited || stop_requested_) co_return;
    end_reason_ = exit_text();
    end_code_ = exit_cause(exit_note());
}

bool stdio_link::spawn() {
    process::spawn_request request;
    request.argv = plan_.argv;
    request.environment = plan_.environment;
    request.extra_file = std::exchange(plan_.env_file, std::string());
    std::string error;
    child_ = process::child::spawn(loop_, std::move(request), error);
    if (!child_) {
        report(link_report::kind::failed, "the container runtime could not be started: " + error);
        return false;
    }
    log_.info("container ", plan_.container_name, " starting");
    report(link_report::kind::spawned, std::string());
    return true;
}

core::task<bool> stdio_link::shake_hands() {
    const auto deadline = started_ + settings_.talk.startup_timeout;
    auto failure = co_await talk_.shake_hands(deadline);
    if (!failure.empty()) lose(health::cause::handshake_failed, std::move(failure));
    if (ended_.is_set()) co_return false;
    log_.info("ready after ", seconds_text(core::clock::now() - started_));
    co_return true;
}

core::task<> stdio_link::wait_exit() {
    exit_ = co_await child_->wait();
    exited_.set();
    out_of_memory_ = out_of_memory_ || memory_.killed();
    lose(exit_cause(exit_note()), exit_text());
}

// The client's own end comes 200 ms after the container's death; a pidfd on the container's process sees it
// at once.
core::task<> stdio_link::watch_container() {
    const pid_t pid = co_await container_process();
    if (pid <= 0 || ended_.is_set()) co_return;
    memory_ = process::memory_watch(pid);
    watch_ = std::make_unique<process::process_watch>(loop_, pid);
    const bool ended = co_await watch_->wait();
    if (!ended) co_return;
    out_of_memory_ = memory_.killed();
    if (out_of_memory_)
        lose(health::cause::out_of_memory, "its container ran out of memory (drawbridge.memory)");
    else
        lose(health::cause::exited, "its container ended");
}

// The container's main process where it is one of this machine, else 0.
core::task<pid_t> stdio_link::container_process() {
    pid_t pid = 0;
    if (!plan_.pid_file.empty()) {
        std::ifstream(plan_.pid_file) >> pid;
        co_return pid;
    }
    process::command inspect;
    inspect.argv = process::inspect_process_command(settings_.client, plan_.container_name);
    inspect.environment = settings_.client.environment;
    const auto limit = core::clock::now() + command_limit;
    const auto answer = co_await process::run_command(loop_, std::move(inspect), limit);
    char id[128] = "";
    if (!answer.ok() || std::sscanf(answer.output.c_str(), "%d %127s", &pid, id) != 2) co_return 0;
    // With an engine on another machine, or in another process namespace, the number means somebody else.
    std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
    const std::string groups((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    co_return groups.find(id) == std::string::npos ? 0 : pid;
}

void stdio_link::lose(health::cause code, std::string why) {
    if (ended_.is_set()) return;
    end_code_ = code;
    end_reason_ = std::move(why);
    ended_.set();
    outbox_filled_.set();                                           // the writer sees the end
    if (!talk_.initialize_result().valid()) talk_.end(end_reason_); // wakes the handshake, if it waits
}

void stdio_link::stop() {
    stop_requested_ = true;
    lose(health::cause::shutdown, "it was stopped");
}

// Closes in the order that leaves nothing behind: stdin first, then the container by its name (killing the
// client alone would leave the container running), the client's process group last (Gateway 5.1.3).
core::task<> stdio_link::close() {
    if (watch_) watch_->stop();
    core::error_code ignored;
    child_->input.close(ignored);
    const auto eof_deadline = core::clock::now() + eof_grace;
    bool gone = co_await exited_.wait_until(eof_deadline);
    const char* how = "after the end of its input";
    if (!gone) {
        how = "after SIGTERM";
        gone = co_await signal_container("TERM", settings_.stop_grace);
    }
    if (!gone) {
        how = "after SIGKILL";
        gone = co_await signal_container("KILL", kill_grace);
    }
    if (!gone) {
        how = "its client was killed";
        co_await remove_container();
        child_->signal_group(SIGKILL);
        co_await exited_.wait();
        co_await remove_container(); // it may have come into being meanwhile
    } else if (exit_->signal != 0 || exit_->code == client_failed) {
        co_await remove_container(); // the end of its client says nothing about the container
    }
    child_->output.close(ignored);
    child_->errors.close(ignored);
    log_.info("container ", plan_.container_name, " closed: ", exit_text(), stop_requested_ ? ", " : "",
              stop_requested_ ? how : "");
    if (!plan_.pid_file.empty()) ::unlink(plan_.pid_file.c_str());
}

core::task<bool> stdio_link::signal_container(const char* signal, std::chrono::seconds grace) {
    const auto deadline = core::clock::now() + grace;
    process::command command;
    command.argv = process::signal_command(settings_.client, plan_.container_name, signal);
    command.environment = settings_.client.environment;
    const auto limit = core::clock::now() + command_limit;
    co_await process::run_command(loop_, std::move(command), limit);
    const bool gone = co_await exited_.wait_until(deadline);
    co_return gone;
}

core::task<> stdio_link::remove_container() {
    process::command command;
    command.argv = process::remove_command(settings_.client, plan_.container_name);
    command.environment = settings_.client.environment;
    const auto limit = core::clock::now() + command_limit;
    co_await process::run_command(loop_, std::move(command), limit);
}

// By itself, and not because its container could not run.
bool stdio_link::ended_at_probe() const {
    const bool exited = exit_ && exit_->signal == 0 && (exit_->code < client_failed || exit_->code == 255);
    return talk_.probing() && exited && !stop_requested_ && !out_of_memory_;
}

void stdio_link::report(link_report::kind what, std::string why) {
    link_report message(incarnation_, what, std::move(why));
    message.evidence = tail_.text();
    message.shows_era = what == link_report::kind::failed && ended_at_probe();
    message.code = cause_of(what);
    if (exit_) message.exit = exit_note();
    report_(std::move(message));
}

std::string stdio_link::exit_text() const {
    if (!exit_) return "how it ended is not known";
    return describe_container_exit(*exit_) + (out_of_memory_ ? ": out of memory (drawbridge.memory)" : "");
}

// What the runtime's client hands on: the container's own status, or 128 and the signal that killed it.
health::exit_note stdio_link::exit_note() const {
    health::exit_note note;
    note.out_of_memory = out_of_memory_;
    if (!exit_) return note;
    const bool signalled = exit_->signal == 0 && exit_->code > 128 && exit_->code < 128 + NSIG;
    note.signal = signalled ? exit_->code - 128 : exit_->signal;
    if (note.signal == 0) note.code = exit_->code;
    return note;
}

health::cause stdio_link::cause_of(link_report::kind what) const {
    switch (what) {
    case link_report::kind::spawned:
        return health::cause::spawned;
    case link_report::kind::initialized:
        return health::cause::initialized;
    case link_report::kind::closed:
        return exit_ ? exit_cause(exit_note()) : health::cause::closed;
    case link_report::kind::failed:
        return child_ ? end_code_ : health::cause::spawn_failed;
    case link_report::kind::lost:
        break;
    }
    return end_code_;
}

} // namespace drawbridge::backend
