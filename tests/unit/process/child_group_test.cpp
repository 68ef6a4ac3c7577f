// A child's surroundings: its process group, its signals, its descriptors.
#include "process/child.hpp"

#include "core/run.hpp"
#include "process/command.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::process;
using testing::run;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<child> started(core::asio::io_context& loop, std::vector<std::string> argv,
                               std::string extra = {}) {
    spawn_request request;
    request.argv = std::move(argv);
    request.environment = {"PATH=/usr/bin:/bin"};
    request.extra_file = std::move(extra);
    std::string error;
    auto made = child::spawn(loop.get_executor(), std::move(request), error);
    CHECK(error == "");
    REQUIRE(made);
    return made;
}

core::task<std::string> read_until(readable_pipe& from, char wanted) {
    std::string all;
    std::array<char, 4096> chunk;
    while (all.find(wanted) == std::string::npos) {
        const auto buffer = core::asio::buffer(chunk);
        auto [error, n] = co_await from.async_read_some(buffer, core::use_task);
        all.append(chunk.data(), n);
        if (error) break;
    }
    co_return all;
}

std::string all_of(core::asio::io_context& loop, child& from) {
    return run(loop, read_until(from.output, '\0'));
}

// The value of "Name:\t..." in /proc/PID/status, in hexadecimal.
unsigned long long mask_in(const std::string& status, const std::string& name) {
    const auto at = status.find(name + ":");
    REQUIRE(at != std::string::npos);
    return std::stoull(status.substr(at + name.size() + 1), nullptr, 16);
}

// Something that must not get into a child, and is put back at the end.
struct hostile_signals {
    hostile_signals() {
        before_pipe = ::signal(SIGPIPE, SIG_IGN);
        sigset_t some;
        sigemptyset(&some);
        sigaddset(&some, SIGTERM);
        sigaddset(&some, SIGUSR1);
        ::pthread_sigmask(SIG_BLOCK, &some, &before_mask);
    }
    hostile_signals(const hostile_signals&) = delete;
    ~hostile_signals() {
        ::pthread_sigmask(SIG_SETMASK, &before_mask, nullptr);
        ::signal(SIGPIPE, before_pipe);
    }
    void (*before_pipe)(int) = nullptr;
    sigset_t before_mask{};
};

} // namespace

TEST_CASE("child: it leads a process group of its own") {
    core::asio::io_context loop{1};
    const auto cat = started(loop, {"/bin/sh", "-c", "cat /proc/$$/stat"});
    std::istringstream stat(all_of(loop, *cat));
    std::string pid, name, state;
    pid_t parent = 0, group = 0;
    stat >> pid >> name >> state >> parent >> group;
    CHECK(parent == ::getpid());
    CHECK(group == cat->pid());
    CHECK(group != ::getpgrp());
    run(loop, cat->wait());
}

TEST_CASE("child: a signal reaches its whole group, and nobody else") {
    core::asio::io_context loop{1};
    const auto family = started(loop, {"/bin/sh", "-c", "sleep 600 >/dev/null & echo $!; wait"});
    const auto other = started(loop, {"/bin/sleep", "600"});
    const auto grandchild = std::stoi(run(loop, read_until(family->output, '\n')));
    process_watch watch(loop.get_executor(), grandchild); // a process that is not our child
    CHECK(watch.valid());
    family->signal_group(SIGTERM);
    CHECK(run(loop, watch.wait()));
    CHECK(run(loop, family->wait()).signal == SIGTERM);
    CHECK_FALSE(other->ended());
    other->signal_group(0);
    CHECK(::kill(other->pid(), 0) == 0);
    other->signal_group(SIGKILL);
    CHECK(run(loop, other->wait()).signal == SIGKILL);
}

TEST_CASE("child: SIGPIPE is at its default and nothing is blocked, whatever we do ourselves") {
    const hostile_signals here;
    core::asio::io_context loop{1};
    const auto cat = started(loop, {"/bin/cat", "/proc/self/status"});
    const auto status = all_of(loop, *cat);
    run(loop, cat->wait());
    CHECK(mask_in(status, "SigBlk") == 0);
    CHECK((mask_in(status, "SigIgn") & (1ULL << (SIGPIPE - 1))) == 0);
}

TEST_CASE("child: exactly its own descriptors") {
    core::asio::io_context loop{1};
    std::array<int, 2> careless{}; // without close-on-exec
    REQUIRE(::pipe(careless.data()) == 0);
    const int high = ::fcntl(careless[0], F_DUPFD, 900);
    // ls has the folder itself open, as the next free number.
    const auto plain = started(loop, {"/bin/ls", "/proc/self/fd"});
    CHECK(all_of(loop, *plain) == "0\n1\n2\n3\n");
    run(loop, plain->wait());
    const auto with_file = started(loop, {"/bin/ls", "/proc/self/fd"}, "content");
    CHECK(all_of(loop, *with_file) == "0\n1\n2\n3\n4\n");
    run(loop, with_file->wait());
    for (const int each : {careless[0], careless[1], high})
        ::close(each);
}

TEST_CASE("child: descriptor 3 is sealed and belongs to this child alone") {
    core::asio::io_context loop{1};
    const std::vector<std::string> look = {"/bin/sh", "-c", "cat <&3"};
    const auto first = started(loop, look, "one");
    const auto second = started(loop, look, "two");
    CHECK(all_of(loop, *first) == "one");
    CHECK(all_of(loop, *second) == "two");
    run(loop, first->wait());
    run(loop, second->wait());
}

TEST_CASE("command: what a program left behind in its group ends with the deadline") {
    core::asio::io_context loop{1};
    command what;
    what.argv = {"/bin/sh", "-c", "sleep 600 & echo $!; exit 3"}; // the offspring keeps the pipes open
    what.environment = {"PATH=/usr/bin:/bin"};
    const auto deadline = core::clock::now() + 300ms;
    const auto result = run(loop, run_command(loop.get_executor(), std::move(what), deadline));
    CHECK(result.started);
    CHECK(result.timed_out);
    CHECK(result.exit_code == 3);
    CHECK_FALSE(result.ok());
    REQUIRE(!result.output.empty());
    process_watch watch(loop.get_executor(), std::stoi(result.output));
    if (watch.valid()) CHECK(run(loop, watch.wait())); // the kernel needs a moment
}
