#include "process/memory_watch.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

using namespace drawbridge::process;

TEST_CASE("memory watch: the file of version 1 beside the others, else the one of version 2") {
    CHECK(memory_events_file("9:name=systemd:/a\n4:memory:/pod/a\n0::/pod/a\n") ==
          "/sys/fs/cgroup/memory/pod/a/memory.oom_control");
    CHECK(memory_events_file("0::/machine.slice/a.scope\n") ==
          "/sys/fs/cgroup/machine.slice/a.scope/memory.events");
}

TEST_CASE("memory watch: the whole machine's group is nobody's, and no path leads out") {
    CHECK(memory_events_file("0::/\n").empty());
    CHECK(memory_events_file("4:memory:/\n").empty());
    CHECK(memory_events_file("0::/../../etc\n").empty());
    CHECK(memory_events_file("").empty());
    CHECK(memory_events_file("nonsense\n:\n").empty());
}

TEST_CASE("memory watch: kills are counted in either spelling of the file") {
    CHECK(parse_memory_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n") == 2);
    CHECK(parse_memory_kills("low 0\nhigh 0\nmax 12\noom 3\noom_kill 1\noom_group_kill 7\n") == 1);
    CHECK_FALSE(parse_memory_kills("oom 3\n"));
    CHECK_FALSE(parse_memory_kills("oom_kill x\n"));
    CHECK_FALSE(parse_memory_kills(""));
}

TEST_CASE("memory watch: without a group it says nothing, and may be moved") {
    memory_watch nothing;
    CHECK_FALSE(nothing.killed());
    memory_watch mine(::getpid());
    CHECK_FALSE(mine.killed());
    nothing = std::move(mine);
    CHECK_FALSE(nothing.killed());
}
