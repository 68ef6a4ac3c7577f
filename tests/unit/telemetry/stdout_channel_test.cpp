#include "telemetry/stdout_channel.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

using namespace drawbridge::telemetry;

namespace {

// Our end of a pipe; the channel has the other one.
struct reader {
    reader() { REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0); }
    reader(const reader&) = delete;
    ~reader() {
        close_write();
        if (ends[0] >= 0) ::close(ends[0]);
    }
    void close_write() {
        if (ends[1] >= 0) ::close(ends[1]);
        ends[1] = -1;
    }

    // The next line without its line break; empty when none came for a long time or the stream has ended.
    std::string line() {
        for (;;) {
            const auto end = buffer.find('\n');
            if (end != std::string::npos) {
                auto found = buffer.substr(0, end);
                buffer.erase(0, end + 1);
                return found;
            }
            pollfd ready{ends[0], POLLIN, 0};
            std::array<char, 4096> chunk;
            if (::poll(&ready, 1, 10000) <= 0) return {};
            const auto n = ::read(ends[0], chunk.data(), chunk.size());
            if (n <= 0) return {};
            buffer.append(chunk.data(), static_cast<std::size_t>(n));
        }
    }

    std::array<int, 2> ends{-1, -1};
    std::string buffer;
};

start_failure failed_start() {
    start_failure failure;
    failure.server = "time";
    failure.attempted = "docker.io/mcp/time";
    failure.message = "exited with status 1";
    return failure;
}

runtime_failure failed_call() {
    runtime_failure failure;
    failure.server = "time";
    failure.request_id = "\"x\"";
    failure.code = -32001;
    failure.detail = "it exited";
    return failure;
}

// The payload without its time, which must look like one.
std::string without_time(std::string line) {
    const std::string name = "\"timestamp\":\"";
    const auto begin = line.find(name);
    REQUIRE(begin != std::string::npos);
    const auto value = line.substr(begin + name.size(), 25);
    CHECK(value[10] == 'T');
    CHECK(value.substr(23) == "Z\"");
    line.erase(begin, name.size() + 26);
    return line;
}

} // namespace

TEST_CASE("stdout channel: before the document a payload is a top-level error") {
    reader from;
    stdout_channel channel(from.ends[1]);
    channel.report(failed_start());
    CHECK(
        without_time(from.line()) ==
        R"({"error":{"type":"startup","server":"time","attempted":"docker.io/mcp/time","message":"exited with status 1"}})");
    channel.report(failed_call());
    CHECK(
        without_time(from.line()) ==
        R"({"error":{"type":"runtime","server":"time","requestId":"x","code":-32001,"detail":"it exited"}})");
}

TEST_CASE("stdout channel: behind the document no line has an error at its top") {
    reader from;
    stdout_channel channel(from.ends[1]);
    CHECK(channel.write_document(R"({"mcpServers":{}})"));
    CHECK(from.line() == R"({"mcpServers":{}})");
    channel.report(failed_start());
    CHECK(without_time(from.line()).find(R"({"type":"startup","server":"time")") == 0);
    auto nobody = failed_call();
    nobody.request_id.clear();
    nobody.code = 0;
    channel.report(nobody);
    CHECK(without_time(from.line()) ==
          R"({"type":"runtime","server":"time","requestId":null,"detail":"it exited"})");
}

TEST_CASE("stdout channel: the same where the document goes to a file") {
    reader from;
    stdout_channel channel(from.ends[1]);
    channel.begin_service();
    channel.report(failed_call());
    CHECK(from.line().find(R"({"type":"runtime")") == 0);
}

TEST_CASE("stdout channel: what was reported before the document is written before it") {
    for (int round = 0; round < 200; ++round) {
        reader from;
        stdout_channel channel(from.ends[1]);
        channel.report(failed_start());
        channel.report(failed_start());
        CHECK(channel.write_document("{}"));
        CHECK(from.line().find(R"({"error":)") == 0);
        CHECK(from.line().find(R"({"error":)") == 0);
        CHECK(from.line() == "{}");
    }
}

TEST_CASE("stdout channel: lines in order, all of them out when it is destroyed") {
    reader from;
    {
        stdout_channel channel(from.ends[1]);
        for (int i = 0; i < 1000; ++i)
            channel.write_line(std::to_string(i));
        CHECK(channel.dropped() == 0);
    }
    from.close_write();
    bool ordered = true;
    for (int i = 0; i < 1000; ++i)
        ordered = ordered && from.line() == std::to_string(i);
    CHECK(ordered);
    CHECK(from.line() == "");
}

TEST_CASE("stdout channel: a document larger than the pipe is written whole") {
    reader from;
    ::fcntl(from.ends[1], F_SETPIPE_SZ, 1 << 20);
    stdout_channel channel(from.ends[1]);
    const std::string document(900000, 'x');
    CHECK(channel.write_document(document));
    CHECK(from.line() == document);
}

TEST_CASE("stdout channel: a reader that has stopped reading costs lines and blocks nobody") {
    reader from;
    stdout_channel channel(from.ends[1]);
    const std::string line(10000, 'x');
    for (int i = 0; i < 5000; ++i)
        channel.write_line(line); // would never return if it wrote
    CHECK(channel.dropped() > 0);
    CHECK(channel.dropped() < 5000);
    ::close(from.ends[0]); // the writer ends with an error (SIGPIPE is blocked or ignored in this program)
    from.ends[0] = -1;
}
