// The control socket: who comes in by it, and who owns its file.
#include "http/listener.hpp"

#include "core/run.hpp"
#include "local_client.hpp"
#include "telemetry/log.hpp"

#include <boost/asio/post.hpp>

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace drawbridge;
using namespace std::chrono_literals;

namespace {

class folder {
  public:
    folder() {
        auto pattern = (std::filesystem::temp_directory_path() / "drawbridge-control-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { std::filesystem::remove_all(path); }
    std::string file(const std::string& name) const { return path + "/" + name; }
    std::string path;
};

// Answers with how the client came in.
class mirror final : public http::service {
  public:
    std::optional<http::response> screen(http::request_head&) override { return std::nullopt; }
    core::task<http::reply> serve(http::request_head head, std::string) override {
        const std::string words =
            std::string(head.local ? "local" : "remote") + (head.loopback ? " loopback" : "");
        auto answer = http::json_response(200, words);
        co_return http::reply(std::move(answer));
    }
};

// A listener with room for one client on its port, run by a thread of its own.
class stage {
  public:
    stage() : listener_(loop_.get_executor(), mirror_, limits(), 1, log_.handle()) {}
    stage(const stage&) = delete;
    stage& operator=(const stage&) = delete;
    ~stage() { end(); }

    std::string open_local(const std::string& path) { return listener_.open_local(path); }
    void run() {
        http::listen_address any;
        any.host = "127.0.0.1";
        REQUIRE(listener_.open(any) == "");
        port = listener_.port();
        thread_ = std::thread([this] { testing::run(loop_, serve()); });
    }
    void end() {
        if (!thread_.joinable()) return;
        core::asio::post(loop_, [this] { listener_.stop(); });
        thread_.join();
    }

    std::uint16_t port = 0;

  private:
    static http::connection_limits limits() {
        http::connection_limits some;
        some.header_bytes = 8192;
        some.body_bytes = 8192;
        return some;
    }
    core::task<> serve() {
        co_await listener_.run();
        const auto deadline = core::clock::now() + 5s;
        co_await listener_.join(deadline);
    }

    core::asio::io_context loop_{1};
    mirror mirror_;
    telemetry::log_backend log_{telemetry::log_options()};
    http::listener listener_;
    std::thread thread_;
};

std::string ask(const gateway_place& where) {
    local_request request;
    request.target = "/";
    const auto answer = local_get(where, request);
    return answer.error.empty() ? answer.body : answer.error;
}

std::string ask_local(const std::string& path) {
    gateway_place where;
    where.socket = path;
    where.authority = "localhost";
    return ask(where);
}

std::string ask_port(std::uint16_t port) {
    gateway_place where;
    where.host = "127.0.0.1";
    where.port = port;
    where.authority = "localhost";
    return ask(where);
}

// A bound socket; without `listens` it is like one whose program was killed.
int bind_socket(const std::string& path, bool listens) {
    const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    path.copy(where.sun_path, sizeof where.sun_path - 1);
    REQUIRE(::bind(made, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
    if (listens) REQUIRE(::listen(made, 1) == 0);
    return made;
}

unsigned mode_of(const std::string& path) {
    struct stat found {};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    REQUIRE(S_ISSOCK(found.st_mode));
    return found.st_mode & 07777U;
}

} // namespace

TEST_CASE("control socket: who comes in by it is told from who comes in by the port") {
    const folder own;
    stage gate;
    REQUIRE(gate.open_local(own.file("control")) == "");
    gate.run();
    CHECK(ask_local(own.file("control")) == "local");
    CHECK(ask_port(gate.port) == "remote loopback");
    CHECK(ask_local(own.file("control")) == "local");
}

TEST_CASE("control socket: a port full of clients does not close it") {
    const folder own;
    stage gate;
    REQUIRE(gate.open_local(own.file("control")) == "");
    gate.run();
    core::asio::io_context loop(1);
    http::tcp_socket idle(loop);
    idle.connect({core::asio::ip::make_address("127.0.0.1"), gate.port});
    CHECK(ask_local(own.file("control")) == "local");
}

TEST_CASE("control socket: its file is the owner's alone, whatever the umask, and is removed at the end") {
    const folder own;
    const auto path = own.file("control");
    for (const mode_t mask : {0, 022, 077}) {
        const auto before = ::umask(mask);
        stage gate;
        const auto error = gate.open_local(path);
        ::umask(before);
        CHECK(error == "");
        CHECK(mode_of(path) == 0600);
        gate.run();
        gate.end();
        CHECK_FALSE(std::filesystem::exists(path));
    }
    {
        stage never_run;
        CHECK(never_run.open_local(path) == "");
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("control socket: a dead file is replaced, a living one is not") {
    const folder own;
    const auto path = own.file("control");
    ::close(bind_socket(path, false));
    {
        stage gate;
        CHECK(gate.open_local(path) == "");
        stage second;
        CHECK(second.open_local(path) ==
              "can't listen on the control socket " + path +
                  ": another program listens there; end it, or choose another path");
    }
    CHECK_FALSE(std::filesystem::exists(path));
    const int full = bind_socket(path, true); // and its queue is full
    std::vector<int> waiting;
    for (int i = 0; i < 3; ++i) {
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        path.copy(where.sun_path, sizeof where.sun_path - 1);
        waiting.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        ::connect(waiting.back(), reinterpret_cast<const sockaddr*>(&where), sizeof where);
    }
    stage gate;
    CHECK(gate.open_local(path).find("another program listens there") != std::string::npos);
    CHECK(std::filesystem::exists(path));
    for (const int each : waiting)
        ::close(each);
    ::close(full);
}

TEST_CASE("control socket: what is no socket is left alone") {
    const folder own;
    const auto file = own.file("file");
    std::ofstream(file) << "precious";
    std::filesystem::create_symlink(own.file("elsewhere"), own.file("link"));
    for (const auto& path : {file, own.path, own.file("link")}) {
        stage gate;
        CHECK(gate.open_local(path).find("there is a file of this name that is no socket") !=
              std::string::npos);
    }
    CHECK(std::filesystem::file_size(file) == 8);
}

TEST_CASE("control socket: a path that can't be") {
    const folder own;
    stage gate;
    CHECK(gate.open_local(own.file("none/control")) ==
          "can't listen on the control socket " + own.file("none/control") + ": the folder " +
              own.file("none") + " does not exist; make it first");
    CHECK(gate.open_local(own.file(std::string(108, 'x'))).find("at most 107 bytes") != std::string::npos);
    CHECK(gate.open_local("").find("the path is empty") != std::string::npos);
    // None of this is in the way of a good one.
    CHECK(gate.open_local(own.file("control")) == "");
}

TEST_CASE("control socket: a file that another put in its place stays") {
    const folder own;
    const auto path = own.file("control");
    {
        stage gate;
        REQUIRE(gate.open_local(path) == "");
        std::filesystem::remove(path);
        ::close(bind_socket(path, false));
    }
    CHECK(std::filesystem::exists(path));
}
