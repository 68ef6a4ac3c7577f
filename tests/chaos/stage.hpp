// One gateway with a server to be hurt, and neighbours that must not feel it: two containers and a remote
// server.
#pragma once

#include "chaos/load.hpp"
#include "chaos/machine.hpp"
#include "support/gateway.hpp"
#include "support/remote_server.hpp"

#include <chrono>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::test {

using steady = std::chrono::steady_clock;
using milliseconds = std::chrono::milliseconds;

inline const std::string victim = "victim";
inline constexpr std::size_t callers = 2; // of each server

// Checks at a pace that a test can wait for, and how soon they find a silent server:
// interval + timeout + (fall - 1) * (fastInterval + timeout).
inline constexpr milliseconds silence_bound{500 + 500 + 2 * (200 + 500)};
// What a busy machine with few processors may add to any time measured here.
inline constexpr milliseconds noise{1000};

// The scripted server as `victim`, and a shell as `victim` that behaves as the file `mode` in `folder` says:
// "ok", or "hang" (it never answers the handshake). Its tools "flood", "endless" and "deafen" spoil its
// stdout and stdin. `extra` are further members of its object, `own` of its
// `drawbridge` object; toolTimeout is in seconds.
server_entry scripted_victim(std::vector<std::string> arguments = {}, const std::string& extra = {},
                             int tool_timeout = 2, const std::string& own = {});
server_entry shell_victim(const temporary_folder& folder);
server_entry remote_victim(const std::string& url);

class stage {
  public:
    // When it is there, every server is ready, has answered undisturbed calls, and calls flow to all of them.
    explicit stage(server_entry hurt);
    ~stage();

    gateway& gate() { return *gate_; }
    load& calls() { return *calls_; }
    const std::string& instance() const { return instance_; }
    std::string container() const; // the victim's only one
    std::string last_of_log() const;

    boost::json::value detail(const std::string& server) const; // GET /health/servers/NAME
    std::int64_t sessions() const;
    std::string state(const std::string& server) const { return text_at(detail(server), "state"); }
    // Its public word in /health, asked over a connection that is kept.
    std::string word(const std::string& server);
    // Asks until it is that word. The time since `since`; nothing when the limit has passed.
    std::optional<milliseconds> shows(const std::string& status, steady::time_point since,
                                      milliseconds limit);

    // Does it, and checks that /health tells the victim's error in time, counted from what the kernel shows
    // of the process.
    void expect_death(pid_t process, const std::function<void()>& deed);
    // The victim is silent, broken or unreachable since `since`: /health has to say so within the limit.
    void expect_error(const std::string& what, steady::time_point since, milliseconds limit);
    // The victim's last error has one of these codes.
    void expect_code(std::initializer_list<std::string_view> codes) const;
    void expect_running(std::chrono::seconds limit = std::chrono::seconds(20));
    // It is running again, and its callers get results.
    void expect_recovery(std::chrono::seconds limit = std::chrono::seconds(20));

    // Everybody's calls are accounted for, the neighbours felt nothing, nothing has leaked; then the gateway
    // is ended, and nothing of it is left. With `killed` the calls that a killed gateway could not answer are
    // forgiven.
    void end(bool killed = false);
    void expect_nothing_left() const;
    // After the gateway was killed: another one at the same place.
    void start_again();

  private:
    boost::json::value ask(const std::string& path) const;
    bool flows(const load& calls, std::size_t results) const;
    void warm_up();
    void check_calls(bool killed);
    void check_neighbours() const;
    void check_history(const std::string& server) const;
    void check_belongings();

    temporary_folder folder_;
    remote_server distant_;
    std::vector<std::string> servers_;
    std::vector<std::string> containers_; // servers that are containers
    gateway_options options_;
    std::unique_ptr<gateway> gate_;
    std::unique_ptr<http_client> probe_;
    std::string instance_;
    std::unique_ptr<load> calls_;
    std::map<std::string, double> quiet_; // p99 of undisturbed calls, measured right before the others flow
    std::size_t descriptors_ = 0, children_ = 0;
    std::int64_t sessions_ = 0;
};

// Numbers for whoever reads the output.
void tell(const std::string& what, double value, std::string_view unit = "ms");

} // namespace drawbridge::test
