// The real program under test, as a user runs it.
#pragma once

#include "support/http_client.hpp"
#include "support/json.hpp"
#include "support/process.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::test {

inline constexpr std::string_view agent = "test-agent-7f3a91";

// One server of a configuration.
struct server_entry {
    std::string name;
    std::string json; // its object
};

// The scripted server (tests/support/scripted_server.cpp) in its container. `arguments` go to its command
// line, `extra` are further members of the object, such as R"("tools":["echo"])".
server_entry scripted(std::string name, std::vector<std::string> arguments = {}, std::string extra = {});

std::uint16_t free_port();

struct gateway_options {
    std::vector<server_entry> servers;
    std::string gateway_extra;          // further members of the gateway section
    std::vector<std::string> arguments; // of the command line
    std::map<std::string, std::string> environment;
    std::optional<std::uint16_t> port; // default: a free one
    std::string configuration;         // instead of all that: the text as it is
    bool wait_ready = true;            // until the document stands on stdout
};

class gateway {
  public:
    explicit gateway(gateway_options options);
    // Ends the program in order, and by force if that takes longer than a minute.
    ~gateway();

    std::uint16_t port() const { return port_; }
    pid_t pid() const { return program_->pid(); }
    void signal(int number) const { program_->signal(number); }
    // Its exit status, or 128 + signal; nothing when it did not end within the limit.
    std::optional<int> wait_exit(std::chrono::seconds limit);

    std::string stdout_text() const { return program_->output(); }
    std::vector<std::string> stdout_lines() const;
    std::string log() const { return program_->errors(); }

    // One request on a connection of its own.
    http_answer get(std::string_view path) const;
    http_answer post(std::string_view path, std::string_view body,
                     std::string_view authorization = agent) const;
    http_answer close() const { return post("/close", {}); }
    // A JSON-RPC request; the parsed answer.
    boost::json::value rpc(std::string_view server, std::string_view method, std::string_view params = "{}",
                           std::string_view id = "1") const;
    // tools/call of a tool; the parsed answer.
    boost::json::value call(std::string_view server, std::string_view tool, std::string_view arguments = "{}",
                            std::string_view id = "1") const;
    boost::json::value health() const;
    std::string status(std::string_view server) const; // "running", "stopped", "error"
    bool becomes(std::string_view server, std::string_view status,
                 std::chrono::milliseconds limit = std::chrono::seconds(60)) const;

    // Names of its containers, dead ones too.
    std::vector<std::string> containers(std::string_view server = {}) const;

  private:
    std::uint16_t port_ = 0;
    std::unique_ptr<process> program_;
};

inline constexpr std::string_view json_only = "application/json";
// `accept`: json_only for who can read no event stream, which an answer becomes that takes more than 10 s.
http_headers rpc_headers(std::string_view authorization = agent,
                         std::string_view accept = "application/json, text/event-stream");
std::string rpc_text(std::string_view method, std::string_view params, std::string_view id);
std::string call_text(std::string_view tool, std::string_view arguments, std::string_view id);
// The text of a tool's result.
std::string tool_text(const boost::json::value& answer);

std::string runtime();      // podman or docker, as the test run chose it
std::string program_path(); // of the gateway
finished runtime_command(std::vector<std::string> arguments);
std::vector<std::string> lines_of(const std::string& text);

} // namespace drawbridge::test
