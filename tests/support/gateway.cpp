#include "support/gateway.hpp"

#include "support/eventually.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace drawbridge::test {

using namespace std::chrono_literals;

std::string runtime() {
    return environment_or("DRAWBRIDGE_TEST_RUNTIME", "podman");
}

std::string program_path() {
    const auto path = environment_or("DRAWBRIDGE_BINARY", "");
    REQUIRE_MESSAGE(!path.empty(), "DRAWBRIDGE_BINARY must name the gateway: run these tests with tests/run");
    return path;
}

finished runtime_command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), runtime());
    return run(std::move(arguments));
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        if (end > at) lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

std::uint16_t free_port() {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(probe, reinterpret_cast<const sockaddr*>(&where), sizeof where);
    socklen_t size = sizeof where;
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&where), &size);
    ::close(probe);
    return ntohs(where.sin_port);
}

server_entry scripted(std::string name, std::vector<std::string> arguments, std::string extra) {
    const auto image = environment_or("DRAWBRIDGE_IMAGE_SCRIPTED", "localhost/drawbridge-test/scripted");
    std::string json = R"({"container":)" + json_string(image) + R"(,"entrypointArgs":[)";
    for (const auto& argument : arguments)
        json += (json.back() == '[' ? "" : ",") + json_string(argument);
    json += "]" + (extra.empty() ? "" : "," + extra) + "}";
    return {std::move(name), std::move(json)};
}

gateway::gateway(gateway_options options) {
    port_ = options.port.value_or(0) != 0 ? *options.port : free_port();
    auto configuration = options.configuration;
    if (configuration.empty()) {
        configuration = R"({"mcpServers":{)";
        for (const auto& server : options.servers)
            configuration +=
                (configuration.back() == '{' ? "" : ",") + json_string(server.name) + ":" + server.json;
        configuration += R"(},"gateway":{"port":)" + std::to_string(port_) +
                         R"(,"domain":"localhost","agentId":)" + json_string(agent);
        configuration += (options.gateway_extra.empty() ? "" : "," + options.gateway_extra) + "}}";
    }
    std::vector<std::string> argv{program_path()};
    argv.insert(argv.end(), options.arguments.begin(), options.arguments.end());
    options.environment.try_emplace("MCP_GATEWAY_CONTAINER_RUNTIME", runtime());
    program_ = std::make_unique<process>(std::move(argv), options.environment, configuration);
    if (!options.wait_ready) return;
    const bool ready = eventually(60s, [&] {
        return program_->output().find('\n') != std::string::npos || program_->wait(0ms).has_value();
    });
    CAPTURE(log());
    REQUIRE_MESSAGE((ready && !program_->wait(0ms)), "the gateway did not become ready");
}

gateway::~gateway() {
    program_->signal(SIGTERM);
    if (!program_->wait(60s)) MESSAGE("the gateway had to be killed; its log: " << log());
}

std::optional<int> gateway::wait_exit(std::chrono::seconds limit) {
    const auto status = program_->wait(limit);
    if (!status) return std::nullopt;
    program_->drain();
    return WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
}

std::vector<std::string> gateway::stdout_lines() const {
    return lines_of(stdout_text());
}

http_headers rpc_headers(std::string_view authorization, std::string_view accept) {
    http_headers headers{{"Content-Type", "application/json"}, {"Accept", std::string(accept)}};
    if (!authorization.empty()) headers.emplace_back("Authorization", std::string(authorization));
    return headers;
}

std::string rpc_text(std::string_view method, std::string_view params, std::string_view id) {
    return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":)" + json_string(method) +
           R"(,"params":)" + std::string(params) + "}";
}

std::string call_text(std::string_view tool, std::string_view arguments, std::string_view id) {
    const auto params = R"({"name":)" + json_string(tool) + R"(,"arguments":)" + std::string(arguments) + "}";
    return rpc_text("tools/call", params, id);
}

std::string tool_text(const boost::json::value& answer) {
    return text_at(answer, "result.content.0.text");
}

http_answer gateway::get(std::string_view path) const {
    http_client client(port_);
    return client.send("GET", path);
}

http_answer gateway::post(std::string_view path, std::string_view body,
                          std::string_view authorization) const {
    http_client client(port_);
    return client.send("POST", path, body, rpc_headers(authorization, json_only));
}

boost::json::value gateway::rpc(std::string_view server, std::string_view method, std::string_view params,
                                std::string_view id) const {
    const auto answer = post("/mcp/" + std::string(server), rpc_text(method, params, id));
    CAPTURE(answer.status);
    return parse(answer.body);
}

boost::json::value gateway::call(std::string_view server, std::string_view tool, std::string_view arguments,
                                 std::string_view id) const {
    const auto answer = post("/mcp/" + std::string(server), call_text(tool, arguments, id));
    CAPTURE(answer.status);
    return parse(answer.body);
}

boost::json::value gateway::health() const {
    return parse(get("/health").body);
}

std::string gateway::status(std::string_view server) const {
    return text_at(health(), "servers." + std::string(server) + ".status");
}

bool gateway::becomes(std::string_view server, std::string_view wanted,
                      std::chrono::milliseconds limit) const {
    return eventually(limit, [&] { return status(server) == wanted; });
}

// By the port in the listen address an instance is told from others only through its label; the gateway's own
// start line does not show it, so the containers are found by the server's label and by being children of
// this run's name.
std::vector<std::string> gateway::containers(std::string_view server) const {
    std::vector<std::string> filter{"ps", "-a", "--format", "{{.Names}}"};
    filter.push_back("--filter");
    filter.push_back(server.empty() ? "label=io.drawbridge.server"
                                    : "label=io.drawbridge.server=" + std::string(server));
    return lines_of(runtime_command(filter).output);
}

} // namespace drawbridge::test
