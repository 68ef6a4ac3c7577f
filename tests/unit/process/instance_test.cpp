#include "process/instance.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace drawbridge::process;

namespace {

// A folder of its own for each test, removed afterwards.
struct scratch {
    scratch() {
        char name[] = "/tmp/drawbridge-test-XXXXXX";
        path = ::mkdtemp(name);
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::string path;
};

std::vector<std::string> folders(std::uint32_t user, std::map<std::string, std::string> variables) {
    return runtime_folders(user, [&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(std::string(name));
        return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    });
}

} // namespace

TEST_CASE("the stable hash is FNV-1a, 64 bits") {
    CHECK(stable_hash("") == "cbf29ce484222325");
    CHECK(stable_hash("a") == "af63dc4c8601ec8c");
    CHECK(stable_hash("foobar") == "85944171f73967e8");
}

TEST_CASE("an instance is told by user, machine, folder and listen address") {
    const auto id = instance_id(1000, "host", "/run/x", "127.0.0.1:8080");
    CHECK(id.size() == 16);
    CHECK(id == instance_id(1000, "host", "/run/x", "127.0.0.1:8080"));
    CHECK(id != instance_id(1001, "host", "/run/x", "127.0.0.1:8080"));
    CHECK(id != instance_id(1000, "other", "/run/x", "127.0.0.1:8080"));
    CHECK(id != instance_id(1000, "host", "/run/y", "127.0.0.1:8080"));
    CHECK(id != instance_id(1000, "host", "/run/x", "127.0.0.1:8081"));
    CHECK(instance_id(1, "ab", "c", "") != instance_id(1, "a", "bc", ""));
}

TEST_CASE("where the runtime folder may be") {
    using list = std::vector<std::string>;
    CHECK(folders(0, {}) == list{"/run/drawbridge", "/run/user/0/drawbridge", "/tmp/drawbridge-0"});
    CHECK(folders(1000, {{"XDG_RUNTIME_DIR", "/run/user/1000"}}) ==
          list{"/run/user/1000/drawbridge", "/run/user/1000/drawbridge", "/tmp/drawbridge-1000"});
    CHECK(folders(1000, {{"XDG_RUNTIME_DIR", "relative"}}) ==
          list{"/run/user/1000/drawbridge", "/tmp/drawbridge-1000"});
    CHECK(folders(0, {{"RUNTIME_DIRECTORY", "/run/a:/run/b"}, {"XDG_RUNTIME_DIR", "/x"}}) == list{"/run/a"});
    CHECK(folders(7, {{"RUNTIME_DIRECTORY", "/run/a"}}) == list{"/run/a"});
    CHECK(folders(0, {{"XDG_RUNTIME_DIR", "/x"}}).front() == "/run/drawbridge");
}

TEST_CASE("the folder is made private, and refused where others could interfere") {
    const scratch base;
    const std::string fresh = base.path + "/new";
    CHECK(prepare_folder(fresh) == "");
    struct stat found {};
    REQUIRE(::stat(fresh.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0700);
    CHECK(prepare_folder(fresh) == "");

    REQUIRE(::chmod(fresh.c_str(), 0755) == 0); // as systemd makes it
    CHECK(prepare_folder(fresh) == "");
    REQUIRE(::chmod(fresh.c_str(), 0770) == 0);
    CHECK(prepare_folder(fresh).find("written to by others") != std::string::npos);

    REQUIRE(::symlink("/tmp", (base.path + "/link").c_str()) == 0);
    CHECK(prepare_folder(base.path + "/link").find("not a folder") != std::string::npos);
    CHECK(prepare_folder(base.path + "/no/way").find("can't make the folder") != std::string::npos);
    if (::geteuid() == 0) {
        REQUIRE(::chmod(fresh.c_str(), 0700) == 0);
        REQUIRE(::chown(fresh.c_str(), 12345, 12345) == 0);
        CHECK(prepare_folder(fresh).find("belongs to somebody else") != std::string::npos);
    }
}

TEST_CASE("only one holds the lock of an instance, until it lets go") {
    const scratch base;
    const instance gateway{"0123456789abcdef", "cafe0123", base.path};
    auto first = locking::acquire(gateway);
    CHECK(first.error == "");
    CHECK(first.lock.held());

    auto second = locking::acquire(gateway);
    CHECK_FALSE(second.lock.held());
    CHECK(second.error.find("runs already (process " + std::to_string(::getpid()) + ")") !=
          std::string::npos);
    const instance neighbour{"0123456789abcdee", "cafe0123", base.path};
    CHECK(locking::acquire(neighbour).lock.held());

    // Moving keeps it, letting go frees it.
    auto kept = std::move(first.lock);
    CHECK(kept.held());
    CHECK_FALSE(first.lock.held());
    CHECK_FALSE(locking::acquire(gateway).lock.held());
    kept = instance_lock();
    CHECK(locking::acquire(gateway).lock.held());
}

TEST_CASE("a lock that can't be had says why") {
    const scratch base;
    const instance gateway{"0123456789abcdef", "cafe0123", base.path};
    REQUIRE(::symlink("/etc/passwd", (base.path + "/0123456789abcdef.lock").c_str()) == 0);
    CHECK(locking::acquire(gateway).error.find("can't open the lock file") != std::string::npos);
    const instance nowhere{"0123456789abcdef", "cafe0123", base.path + "/nowhere"};
    CHECK(locking::acquire(nowhere).error.find("No such file") != std::string::npos);
}

TEST_CASE("make_instance: the folder that systemd gives, and a new run each time") {
    const scratch base;
    ::setenv("RUNTIME_DIRECTORY", base.path.c_str(), 1);
    const auto one = make_instance("127.0.0.1:8080");
    const auto two = make_instance("127.0.0.1:8080");
    ::setenv("RUNTIME_DIRECTORY", (base.path + "/no/way").c_str(), 1);
    const auto none = make_instance("127.0.0.1:8080");
    ::unsetenv("RUNTIME_DIRECTORY");
    CHECK(one.error == "");
    CHECK(one.value.runtime_dir == base.path);
    CHECK(one.value.id == two.value.id);
    CHECK(one.value.run.size() == 8);
    CHECK(one.value.run != two.value.run);
    CHECK(none.error != "");
}
