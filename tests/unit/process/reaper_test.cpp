#include "process/reaper.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

using namespace drawbridge;
using namespace drawbridge::process;

namespace {

using names = std::vector<std::string>;

// A container client as a shell script: a container or network is a file in a folder.
struct fake_engine {
    fake_engine() {
        char name[] = "/tmp/drawbridge-test-XXXXXX";
        path = ::mkdtemp(name);
        std::filesystem::create_directories(path + "/containers");
        std::filesystem::create_directories(path + "/networks");
        client.path = path + "/client";
        client.environment = {"PATH=/usr/bin:/bin"};
        gateway = {"0123456789abcdef", "00000002", path};
        script("");
    }
    fake_engine(const fake_engine&) = delete;
    fake_engine& operator=(const fake_engine&) = delete;
    ~fake_engine() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }

    // `before` runs first and may answer on its own.
    void script(const std::string& before) const {
        std::ofstream(client.path) << "#!/bin/sh\ncd " << path << "\necho \"$*\" >> calls\n"
                                   << before << R"(
case "$1 $2" in
"ps --all") ls containers ;;
"network ls") ls networks ;;
"network rm") rm "networks/$3" ;;
"rm --force") for name; do case $name in rm|--*) ;; *) rm -f "containers/$name" ;; esac; done ;;
*) echo "unexpected call" >&2; exit 1 ;;
esac
)";
        ::chmod(client.path.c_str(), 0755);
    }

    void add(const std::string& what) const { std::ofstream(path + "/" + what) << "x"; }
    bool exists(const std::string& what) const { return std::filesystem::exists(path + "/" + what); }

    reaping run(bool again = false) const {
        boost::asio::io_context loop{1};
        reaping result;
        std::exception_ptr failure;
        const auto deadline = core::clock::now() + std::chrono::seconds(20);
        auto work = again ? reap_again(loop.get_executor(), client, gateway, deadline)
                          : reap(loop.get_executor(), client, gateway, deadline);
        boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr error, reaping found) {
            failure = error;
            result = std::move(found);
        });
        loop.run();
        CHECK(failure == nullptr);
        return result;
    }

    std::string path;
    runtime client;
    instance gateway;
};

} // namespace

TEST_CASE("leftovers of an earlier run go: containers, networks, pid files") {
    const fake_engine engine;
    engine.add("containers/drawbridge-0123456789abcdef-a-1-00000001");
    engine.add("containers/drawbridge-0123456789abcdef-b-1-00000001");
    engine.add("networks/drawbridge-0123456789abcdef-a");
    engine.add("drawbridge-0123456789abcdef-a-1-00000001.pid");
    engine.add("drawbridge-ffffffffffffffff-a-1-00000001.pid");
    engine.add("0123456789abcdef.lock");
    const auto result = engine.run();
    CHECK(result.failures == names{});
    CHECK(result.containers ==
          names{"drawbridge-0123456789abcdef-a-1-00000001", "drawbridge-0123456789abcdef-b-1-00000001"});
    CHECK(result.networks == names{"drawbridge-0123456789abcdef-a"});
    CHECK_FALSE(engine.exists("drawbridge-0123456789abcdef-a-1-00000001.pid"));
    CHECK(engine.exists("drawbridge-ffffffffffffffff-a-1-00000001.pid"));
    CHECK(engine.exists("0123456789abcdef.lock"));
}

TEST_CASE("nothing to do is no failure") {
    const fake_engine engine;
    const auto result = engine.run();
    CHECK(result.failures == names{});
    CHECK(result.containers == names{});
    CHECK(result.networks == names{});
}

TEST_CASE("what this run started stays") {
    const fake_engine engine;
    engine.add("containers/drawbridge-0123456789abcdef-a-1-00000001");
    engine.add("containers/drawbridge-0123456789abcdef-a-1-00000002");
    engine.add("networks/drawbridge-0123456789abcdef-a");
    engine.add("drawbridge-0123456789abcdef-a-1-00000002.pid");
    const auto result = engine.run(true);
    CHECK(result.containers == names{"drawbridge-0123456789abcdef-a-1-00000001"});
    CHECK(engine.exists("containers/drawbridge-0123456789abcdef-a-1-00000002"));
    CHECK(engine.exists("networks/drawbridge-0123456789abcdef-a"));
    CHECK(engine.exists("drawbridge-0123456789abcdef-a-1-00000002.pid"));
}

TEST_CASE("a removal that fails counts only when the container is still there") {
    const fake_engine engine;
    engine.add("containers/drawbridge-0123456789abcdef-a-1-00000001");
    engine.script("if [ \"$1\" = rm ]; then echo 'No such container' >&2; rm -f containers/*; exit 1; fi");
    CHECK(engine.run().failures == names{});

    engine.add("containers/drawbridge-0123456789abcdef-a-1-00000001");
    engine.script("if [ \"$1\" = rm ]; then echo 'device busy' >&2; exit 1; fi");
    const auto result = engine.run();
    CHECK(result.containers == names{});
    REQUIRE(result.failures.size() == 1);
    CHECK(result.failures[0] ==
          "container drawbridge-0123456789abcdef-a-1-00000001 could not be removed: device busy");
}

TEST_CASE("a network in use, an engine that does not answer: told, not thrown") {
    const fake_engine engine;
    engine.add("networks/drawbridge-0123456789abcdef-a");
    engine.script("if [ \"$1 $2\" = \"network rm\" ]; then echo 'in use' >&2; exit 2; fi");
    CHECK(engine.run().failures ==
          names{"network drawbridge-0123456789abcdef-a could not be removed: in use"});

    engine.script("echo 'no engine' >&2; exit 125");
    CHECK(engine.run().failures.size() == 2);
    std::filesystem::remove(engine.client.path);
    CHECK(engine.run().failures.size() == 2);
}

TEST_CASE("many containers go in few calls") {
    const fake_engine engine;
    for (int i = 100; i < 220; ++i)
        engine.add("containers/drawbridge-0123456789abcdef-a-" + std::to_string(i) + "-00000001");
    CHECK(engine.run().containers.size() == 120);
    std::ifstream calls(engine.path + "/calls");
    int removals = 0;
    for (std::string line; std::getline(calls, line);)
        removals += line.starts_with("rm ") ? 1 : 0;
    CHECK(removals == 3);
}
