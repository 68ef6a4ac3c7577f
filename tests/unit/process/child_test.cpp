#include "process/child.hpp"

#include "core/run.hpp"
#include "process/command.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::process;
using testing::run;
using namespace std::chrono_literals;

namespace {

command shell(std::string script) {
    command what;
    what.argv = {"/bin/sh", "-c", std::move(script)};
    what.environment = {"PATH=/usr/bin:/bin"};
    return what;
}

command_result run_shell(std::string script, core::duration limit = 15s, command_stop* stop = nullptr) {
    core::asio::io_context loop{1};
    return run(loop,
               run_command(loop.get_executor(), shell(std::move(script)), core::clock::now() + limit, stop));
}

core::task<std::string> read_all(readable_pipe& from) {
    std::string all;
    std::array<char, 65536> chunk;
    for (;;) {
        const auto buffer = core::asio::buffer(chunk);
        auto [error, n] = co_await from.async_read_some(buffer, core::use_task);
        all.append(chunk.data(), n);
        if (error) co_return all;
    }
}

std::unique_ptr<child> spawn(core::asio::io_context& loop, const std::string& script,
                             std::string extra = {}) {
    spawn_request request;
    request.argv = {"/bin/sh", "-c", script};
    request.environment = {"PATH=/usr/bin:/bin"};
    request.extra_file = std::move(extra);
    std::string error;
    auto started = child::spawn(loop.get_executor(), std::move(request), error);
    CHECK(error == "");
    REQUIRE(started);
    return started;
}

// State and parent of a process, as /proc has them; empty: there is no such process.
std::string stat_of(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto end = text.rfind(')');
    return end == std::string::npos ? std::string() : text.substr(end + 2);
}

bool runs(const std::string& pid) {
    const auto stat = stat_of(pid);
    return !stat.empty() && stat[0] != 'Z' && stat[0] != 'X';
}

std::set<std::string> own_children() {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto pid = entry.path().filename().string();
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        std::istringstream fields(stat_of(pid));
        std::string state, parent;
        if (fields >> state >> parent && parent == std::to_string(::getpid())) found.insert(pid);
    }
    return found;
}

} // namespace

TEST_CASE("command: exit code, output and stderr") {
    const auto result = run_shell("echo out; echo err >&2; exit 7");
    CHECK(result.started);
    CHECK_FALSE(result.timed_out);
    CHECK(result.exit_code == 7);
    CHECK(result.signal == 0);
    CHECK(result.output == "out\n");
    CHECK(result.error_text == "err\n");
    CHECK_FALSE(result.ok());
    CHECK(run_shell("exit 0").ok());
}

TEST_CASE("command: an end by a signal is not an exit code") {
    const auto killed = run_shell("kill -9 $$");
    CHECK(killed.signal == SIGKILL);
    CHECK(killed.exit_code == -1);
    CHECK_FALSE(killed.ok());
    const auto said = run_shell("exit 137");
    CHECK(said.signal == 0);
    CHECK(said.exit_code == 137);
}

TEST_CASE("command: describe") {
    exit_status status;
    status.code = 1;
    CHECK(status.describe() == "exited with status 1");
    status.signal = SIGKILL;
    CHECK(status.describe() == "was killed by signal 9 (SIGKILL)");
}

TEST_CASE("command: stdin is empty and the environment is exactly the given one") {
    CHECK(run_shell("cat; echo end").output == "end\n");
    core::asio::io_context loop{1};
    command what;
    what.argv = {"/usr/bin/env"};
    what.environment = {"A=1", "B=two words"};
    const auto result =
        run(loop, run_command(loop.get_executor(), std::move(what), core::clock::now() + 15s));
    CHECK(result.output == "A=1\nB=two words\n");
}

TEST_CASE("command: long output does not block the program; its first 64 KiB are kept") {
    const auto result = run_shell("i=0; while [ $i -lt 3000 ]; do printf '%01000d' 0; printf '%0100d' 1 >&2; "
                                  "i=$((i+1)); done; exit 3");
    CHECK(result.exit_code == 3);
    CHECK(result.output.size() == 64 * 1024);
    CHECK(result.error_text.size() == 64 * 1024);
}

TEST_CASE("command: the deadline kills the whole process group") {
    char folder[] = "/tmp/drawbridge-test-XXXXXX";
    REQUIRE(::mkdtemp(folder) != nullptr);
    const std::string file = std::string(folder) + "/pid";
    const auto result = run_shell("sleep 600 & echo $! > " + file + "; wait", 1s);
    CHECK(result.started);
    CHECK(result.timed_out);
    CHECK(result.signal == SIGKILL);
    CHECK_FALSE(result.ok());
    std::string grandchild;
    std::ifstream(file) >> grandchild;
    REQUIRE(!grandchild.empty());
    // Killed with the group; the kernel needs a moment to tear it down.
    core::asio::io_context loop{1};
    process_watch watch(loop.get_executor(), std::stoi(grandchild));
    if (watch.valid()) CHECK(run(loop, watch.wait()));
    CHECK_FALSE(runs(grandchild));
    std::filesystem::remove_all(folder);
}

TEST_CASE("command: a stop ends a running one, and keeps the next from starting") {
    core::asio::io_context loop{1};
    command_stop stop;
    core::asio::post(loop, [&] { stop.stop(); });
    const auto limit = core::clock::now() + 1h;
    const auto result = run(loop, run_command(loop.get_executor(), shell("sleep 600"), limit, &stop));
    CHECK(result.timed_out);
    CHECK_FALSE(result.ok());
    const auto next = run(loop, run_command(loop.get_executor(), shell("exit 0"), limit, &stop));
    CHECK_FALSE(next.started);
    CHECK(next.timed_out);
    CHECK_FALSE(next.ok());
    stop.stop(); // nothing runs: nothing happens
}

TEST_CASE("command: what can't be executed says why and leaves no zombie") {
    const auto before = own_children();
    core::asio::io_context loop{1};
    for (const std::string path : {"/nowhere/program", "/etc/passwd", "/tmp"}) {
        command what;
        what.argv = {path};
        const auto result =
            run(loop, run_command(loop.get_executor(), std::move(what), core::clock::now() + 15s));
        CHECK_FALSE(result.started);
        CHECK_FALSE(result.ok());
        CHECK(result.error_text.find(path) == 0);
        CHECK(result.error_text.size() > path.size() + 2);
    }
    CHECK(own_children() == before);
}

TEST_CASE("command: one that ended leaves no zombie") {
    const auto before = own_children();
    run_shell("exit 1");
    run_shell("kill -9 $$");
    CHECK(own_children() == before);
}

TEST_CASE("child: messages go in and come out, the end of input ends it") {
    core::asio::io_context loop{1};
    auto cat = spawn(loop, "cat; exit 4");
    CHECK_FALSE(cat->ended());
    const std::string text = "hello\n";
    core::error_code error;
    cat->input.write_some(core::asio::buffer(text), error);
    CHECK_FALSE(error);
    cat->input.close(error);
    CHECK(run(loop, read_all(cat->output)) == "hello\n");
    CHECK(run(loop, cat->wait()).code == 4);
    CHECK(cat->ended());
    CHECK(run(loop, cat->wait()).code == 4); // may be asked again
    cat->signal_group(SIGKILL);              // nothing happens
}

TEST_CASE("child: big output arrives whole") {
    core::asio::io_context loop{1};
    auto big = spawn(loop, "head -c 20000000 /dev/zero");
    CHECK(run(loop, read_all(big->output)).size() == 20000000);
    CHECK(run(loop, big->wait()).code == 0);
}

TEST_CASE("child: descriptor 3 has the content, from its start, and can't be changed") {
    core::asio::io_context loop{1};
    const std::string content = "TOKEN=a b\nOTHER=" + std::string(200000, 'x') + "\n";
    auto reader =
        spawn(loop, "cat <&3; (echo changed >/proc/self/fd/3) 2>/dev/null; cat /proc/self/fd/3", content);
    CHECK(run(loop, read_all(reader->output)) == content + content);
    run(loop, reader->wait());
}

TEST_CASE("child: no other descriptor of ours gets in") {
    core::asio::io_context loop{1};
    std::array<int, 2> inheritable{}; // without close-on-exec, as a careless library opens them
    REQUIRE(::pipe(inheritable.data()) == 0);
    // A glob is expanded by the shell itself; its own descriptor of the folder is gone or the next free one.
    const std::string look = "for n in 0 1 2 3 4 5 6 7 8 9 10 20 50 100 " + std::to_string(inheritable[0]) +
                             " " + std::to_string(inheritable[1]) +
                             "; do [ -e /proc/$$/fd/$n ] && echo $n; done; true";
    auto plain = spawn(loop, look);
    CHECK(run(loop, read_all(plain->output)) == "0\n1\n2\n");
    run(loop, plain->wait());
    auto extra = spawn(loop, look, "content");
    CHECK(run(loop, read_all(extra->output)).substr(0, 8) == "0\n1\n2\n3\n");
    run(loop, extra->wait());
    ::close(inheritable[0]);
    ::close(inheritable[1]);
}

TEST_CASE("child: dropped before its end it is killed with its group") {
    core::asio::io_context loop{1};
    auto doomed = spawn(loop, "sleep 600");
    const pid_t pid = doomed->pid();
    process_watch watch(loop.get_executor(), pid);
    CHECK(watch.valid());
    doomed.reset();
    CHECK(run(loop, watch.wait()));
    ::waitpid(pid, nullptr, 0);
}

TEST_CASE("child: SIGPIPE and the signal mask are as a program expects them") {
    core::asio::io_context loop{1};
    auto piped = spawn(loop, "grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -s '\\t' ' '");
    CHECK(run(loop, read_all(piped->output)).find("SigBlk: 0000000000000000") == 0);
    run(loop, piped->wait());
}

TEST_CASE("process watch: the end of a process, a stop, and a process that is not there") {
    core::asio::io_context loop{1};
    auto sleeper = spawn(loop, "exec sleep 600");
    process_watch stopped(loop.get_executor(), sleeper->pid());
    CHECK(stopped.valid());
    core::asio::post(loop, [&] { stopped.stop(); });
    CHECK_FALSE(run(loop, stopped.wait()));
    CHECK_FALSE(run(loop, stopped.wait())); // stays stopped

    process_watch watch(loop.get_executor(), sleeper->pid());
    core::asio::post(loop, [&] { sleeper->signal_group(SIGTERM); });
    CHECK(run(loop, watch.wait()));
    CHECK(run(loop, sleeper->wait()).signal == SIGTERM);

    process_watch nobody(loop.get_executor(), 0);
    CHECK_FALSE(nobody.valid());
    CHECK_FALSE(run(loop, nobody.wait()));
    process_watch gone(loop.get_executor(), sleeper->pid());
    CHECK_FALSE(gone.valid());
}
