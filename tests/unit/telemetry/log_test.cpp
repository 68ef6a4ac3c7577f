#include "telemetry/log.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace drawbridge::telemetry;
using namespace std::chrono_literals;

namespace {

struct pipe_ends {
    pipe_ends() { REQUIRE(::pipe2(ends, O_CLOEXEC) == 0); }
    ~pipe_ends() {
        close_read();
        close_write();
    }
    void close_read() { close(ends[0]); }
    void close_write() { close(ends[1]); }
    static void close(int& end) {
        if (end >= 0) ::close(end);
        end = -1;
    }
    // All that is written until the other side has closed.
    std::string read_all() {
        close_write();
        std::string out;
        char buffer[65536];
        for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
            out.append(buffer, static_cast<std::size_t>(n));
        return out;
    }
    int ends[2];
};

log_options to(int descriptor, severity level = severity::info) {
    log_options options;
    options.level = level;
    options.format = log_format::systemd;
    options.descriptor = descriptor;
    return options;
}

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
        ++found;
    return found;
}

// Writes until the descriptor would block.
void fill(int descriptor) {
    const int flags = ::fcntl(descriptor, F_GETFL);
    REQUIRE(::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0);
    const std::string bytes(4096, 'z');
    while (::write(descriptor, bytes.data(), bytes.size()) > 0) {
    }
    while (::write(descriptor, "z", 1) > 0) {
    }
    REQUIRE(::fcntl(descriptor, F_SETFL, flags) == 0);
}

} // namespace

TEST_CASE("log: lines come out in order, with level, server and parts") {
    pipe_ends pipe;
    {
        log_backend backend(to(pipe.ends[1]));
        const class log log = backend.handle();
        const std::string text = "text";
        log.info("one ", 1, ' ', text, ' ', std::string_view("view"), ' ', -7L, ' ', true);
        log.debug("not this");
        log.warning("two");
        log.for_server("github").error("three\nfour");
        log.for_server("a").for_server("b").critical("five");
        log.write(severity::info, "");
    }
    CHECK(pipe.read_all() ==
          "<6>one 1 text view -7 true\n<4>two\n<3>[github] three\\nfour\n<2>[b] five\n<6>\n");
}

TEST_CASE("log: labels gather, replace each other and are taken off") {
    pipe_ends pipe;
    {
        log_backend backend(to(pipe.ends[1]));
        const class log log = backend.handle();
        const class log server = log.for_server("github");
        const class log request = server.for_session("3").for_request("17");
        request.info("all");
        request.for_request("18").info("next");
        request.for_session("").info("without");
        log.for_request("19").for_server("time").info("any order");
        server.info("as before"); // a handle made from another one leaves it alone
        log.info("none");
    }
    CHECK(pipe.read_all() == "<6>[github 3 17] all\n<6>[github 3 18] next\n<6>[github 17] without\n"
                             "<6>[time 19] any order\n<6>[github] as before\n<6>none\n");
}

TEST_CASE("log: JSON, one object on each line") {
    pipe_ends pipe;
    {
        auto options = to(pipe.ends[1]);
        options.format = log_format::json;
        log_backend backend(options);
        const class log log = backend.handle();
        log.for_server("a").info("one\n\"two\" \xFF");
        log.error(std::string(20000, '"')); // becomes longer than what a pipe takes at once
    }
    const std::string out = pipe.read_all();
    REQUIRE(count(out, "\n") == 2);
    const auto first = out.find('\n');
    CHECK(out.substr(0, 9) == R"({"time":")");
    CHECK(out.substr(34, first - 34) == R"(,"level":"info","message":"one\n\"two\" )"
                                        "\xEF\xBF\xBD"
                                        R"(","server":"a"})");
    CHECK(out.find(R"(,"level":"error","message":"\"\")", first) != std::string::npos);
    CHECK(out.ends_with("... (11808 bytes more)\"}\n"));
}

TEST_CASE("log: lines that were lost are told in JSON too") {
    pipe_ends pipe;
    fill(pipe.ends[1]);
    auto options = to(pipe.ends[1]);
    options.format = log_format::json;
    auto backend = std::make_unique<log_backend>(options);
    for (int i = 0; i < 5000; ++i)
        backend->handle().info("line ", i);
    const std::uint64_t dropped = backend->dropped();
    std::string out;
    std::thread reader([&] { out = pipe.read_all(); });
    CHECK(backend->flush(10s));
    backend.reset();
    reader.join();
    CHECK(count(out, "\"level\":\"warning\",\"message\":\"" + std::to_string(dropped) +
                         " log lines dropped\"}\n") == 1);
}

TEST_CASE("log: levels, also changed while running") {
    pipe_ends pipe;
    {
        log_backend backend(to(pipe.ends[1], severity::warning));
        const class log log = backend.handle();
        CHECK_FALSE(log.enabled(severity::info));
        CHECK(log.enabled(severity::warning));
        log.info("hidden");
        backend.set_level(severity::debug);
        CHECK(log.enabled(severity::debug));
        log.debug("shown");
    }
    CHECK(pipe.read_all() == "<7>shown\n");
}

TEST_CASE("log: a handle of nothing and a handle that outlives its backend are silent") {
    const class log nothing;
    CHECK_FALSE(nothing.enabled(severity::critical));
    nothing.error("x");
    nothing.for_server("s").error("x");
    class log late;
    {
        log_backend backend(to(-1));
        late = backend.handle();
        CHECK(late.enabled(severity::error));
        late.error("thrown away"); // a closed descriptor costs lines, nothing else
    }
    CHECK_FALSE(late.enabled(severity::critical));
    late.error("x");
}

TEST_CASE("log: two backends keep apart") {
    pipe_ends first;
    pipe_ends second;
    {
        log_backend a(to(first.ends[1]));
        log_backend b(to(second.ends[1]));
        a.handle().info("for a");
        b.handle().info("for b");
    }
    CHECK(first.read_all() == "<6>for a\n");
    CHECK(second.read_all() == "<6>for b\n");
}

TEST_CASE("log: flush waits for what was written before") {
    pipe_ends pipe;
    log_backend backend(to(pipe.ends[1]));
    const class log log = backend.handle();
    CHECK(backend.flush(1s));
    for (int i = 0; i < 100; ++i)
        log.info("line ", i);
    REQUIRE(backend.flush(5s));
    char buffer[8192];
    const auto size = ::read(pipe.ends[0], buffer, sizeof buffer);
    REQUIRE(size > 0);
    CHECK(count({buffer, static_cast<std::size_t>(size)}, "\n") == 100);
}

TEST_CASE("log: a blocked stderr blocks nobody; lost lines are counted and reported") {
    pipe_ends pipe;
    fill(pipe.ends[1]);
    constexpr int written = 5000;
    auto backend = std::make_unique<log_backend>(to(pipe.ends[1]));
    const class log log = backend->handle();
    for (int i = 0; i < written; ++i)
        log.info("line ", i);
    const std::uint64_t dropped = backend->dropped();
    CHECK(dropped > 2000);
    CHECK(dropped < written);
    CHECK_FALSE(backend->flush(1ms));
    std::string out;
    std::thread reader([&] { out = pipe.read_all(); });
    CHECK(backend->flush(10s));
    log.info("the end");
    backend.reset();
    reader.join();
    CHECK(count(out, "line ") == written - dropped);
    CHECK(count(out, "<4>" + std::to_string(dropped) + " log lines dropped\n") == 1);
    CHECK(out.ends_with("<6>the end\n"));
}

TEST_CASE("log: the end is bounded while stderr is blocked") {
    pipe_ends pipe;
    fill(pipe.ends[1]);
    auto options = to(pipe.ends[1]);
    options.flush_limit = 50ms;
    const auto begin = std::chrono::steady_clock::now();
    {
        log_backend backend(options);
        for (int i = 0; i < 10; ++i)
            backend.handle().info("line ", i);
    }
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("log: a reader that has gone kills nobody") {
    pipe_ends pipe;
    pipe.close_read();
    const auto before = std::signal(SIGPIPE, SIG_DFL);
    {
        log_backend backend(to(pipe.ends[1]));
        for (int i = 0; i < 100; ++i)
            backend.handle().info("line ", i);
        CHECK(backend.flush(5s));
    }
    std::signal(SIGPIPE, before);
}

TEST_CASE("log: many threads") {
    pipe_ends pipe;
    std::string out;
    std::thread reader([&, from = ::dup(pipe.ends[0])] {
        char buffer[65536];
        for (ssize_t n = 0; (n = ::read(from, buffer, sizeof buffer)) > 0;)
            out.append(buffer, static_cast<std::size_t>(n));
        ::close(from);
    });
    std::uint64_t dropped = 0;
    {
        log_backend backend(to(pipe.ends[1]));
        std::vector<std::thread> writers;
        for (int t = 0; t < 4; ++t) {
            writers.emplace_back([log = backend.handle().for_server("s" + std::to_string(t))] {
                for (int i = 0; i < 2000; ++i)
                    log.info("line ", i);
            });
        }
        for (auto& writer : writers)
            writer.join();
        CHECK(backend.flush(10s));
        dropped = backend.dropped();
    }
    pipe.close_write();
    reader.join();
    CHECK(count(out, "] line ") == 8000 - dropped);
}

TEST_CASE("log: readable and coloured on a terminal, unless NO_COLOR is set") {
    for (const bool no_colour : {false, true}) {
        const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        REQUIRE(terminal >= 0);
        REQUIRE(::grantpt(terminal) == 0);
        REQUIRE(::unlockpt(terminal) == 0);
        char name[64];
        REQUIRE(::ptsname_r(terminal, name, sizeof name) == 0);
        const int side = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
        REQUIRE(side >= 0);
        const char* term = std::getenv("TERM");
        const std::string saved_term = term == nullptr ? "" : term;
        ::setenv("TERM", "xterm", 1);
        if (no_colour)
            ::setenv("NO_COLOR", "1", 1);
        else
            ::unsetenv("NO_COLOR");
        {
            auto options = to(side);
            options.format = log_format::automatic;
            log_backend backend(options);
            backend.handle().info("hello");
        }
        ::unsetenv("NO_COLOR");
        if (term == nullptr)
            ::unsetenv("TERM");
        else
            ::setenv("TERM", saved_term.c_str(), 1);
        char buffer[256];
        const auto size = ::read(terminal, buffer, sizeof buffer);
        REQUIRE(size > 0);
        const std::string_view out(buffer, static_cast<std::size_t>(size));
        CHECK(out.find(no_colour ? " info    hello" : "\x1b[32minfo\x1b[0m    hello") !=
              std::string_view::npos);
        ::close(side);
        ::close(terminal);
    }
}

TEST_CASE("log: plain where stderr is a file or a pipe without a journal") {
    pipe_ends pipe;
    {
        auto options = to(pipe.ends[1]);
        options.format = log_format::automatic;
        log_backend backend(options);
        backend.handle().info("hello");
    }
    const std::string out = pipe.read_all();
    CHECK(out.size() == std::string("2026-01-02T03:04:05.007Z info    hello\n").size());
    CHECK(out.ends_with("Z info    hello\n"));
}
