#include "status_inquiry.hpp"

#include "http/listener.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

namespace drawbridge {
namespace {

constexpr std::size_t longest_agent_id = 4096;

std::string with_port(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

place_choice place_of_url(const std::string& text) {
    place_choice choice;
    const auto read = http::parse_url(text);
    if (!read || read->target != "/" || !read->credentials.empty()) {
        choice.error = "--url takes http://HOST:PORT and nothing behind it";
        return choice;
    }
    if (read->tls) {
        choice.error = "--url takes http only: the gateway itself speaks no TLS; ask it behind the proxy";
        return choice;
    }
    choice.value.host = read->host;
    choice.value.port = read->port;
    choice.value.authority = read->authority();
    return choice;
}

place_choice place_of_listen(const std::string& text) {
    place_choice choice;
    const auto read = http::parse_listen_address(text, choice.error);
    if (choice.error.empty() && read.port == 0)
        choice.error = "\"" + text + "\": there is no port; write it as it is given to drawbridge serve";
    if (!choice.error.empty()) choice.error = "--listen " + choice.error;
    // What listens everywhere listens here too.
    choice.value.host = read.host == "0.0.0.0" ? "127.0.0.1" : read.host == "::" ? "::1" : read.host;
    choice.value.port = read.port;
    choice.value.authority = with_port(choice.value.host, read.port);
    return choice;
}

std::string without_blanks(const std::string& text) {
    constexpr const char* blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

// --- which gateway

place_choice find_place(const options& given) {
    if (!given.url.empty()) return place_of_url(given.url);
    if (given.socket.empty()) return place_of_listen(given.listen.empty() ? "127.0.0.1:8080" : given.listen);
    place_choice choice;
    choice.value.socket = given.socket;
    choice.value.authority = "localhost";
    return choice;
}

// --- as whom

agent_choice find_agent(const options& given) {
    agent_choice choice;
    std::string source;
    if (!given.agent_id_file.empty()) {
        source = "--agent-id-file " + given.agent_id_file;
        errno = 0;
        std::ifstream file(given.agent_id_file, std::ios::binary);
        std::string content(2 * longest_agent_id, ' ');
        file.read(content.data(), static_cast<std::streamsize>(content.size()));
        if (!file.is_open() || file.bad()) { // a folder can be opened, but not read
            choice.error = source + ": " + (errno != 0 ? std::strerror(errno) : "can't be read");
            return choice;
        }
        content.resize(static_cast<std::size_t>(file.gcount()));
        choice.value = without_blanks(content);
        if (choice.value.empty()) choice.error = source + ": the file is empty";
    } else {
        for (const auto* name : {"MCP_GATEWAY_AGENT_ID", "DRAWBRIDGE_AGENT_ID"}) {
            if (!choice.value.empty()) break;
            source = name;
            choice.value = without_blanks(variable(name));
        }
    }
    const bool printable = std::all_of(choice.value.begin(), choice.value.end(),
                                       [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
    if (!printable || choice.value.size() > longest_agent_id)
        choice.error = source + ": this is no agent id: one line of printable ASCII characters";
    return choice;
}

// --- what it says

std::string foreign(const gateway_place& place, unsigned status) {
    return "what answers at " + place.shown() + " is not a gateway (HTTP status " + std::to_string(status) +
           ")";
}

status_report inquiry::ask(const table_style& style) const {
    status_report result;
    // At the control socket the file's mode is the credential, and nobody gets to see the id.
    if (agent_.empty() && place_.socket.empty())
        result.note = "details need the agent id: set MCP_GATEWAY_AGENT_ID or DRAWBRIDGE_AGENT_ID, or "
                      "name a file with --agent-id-file";
    else if (take("/health/servers", style, result) || result.status != unhealthy_status)
        return result;
    take("/health", style, result);
    return result;
}

bool inquiry::take(const char* target, const table_style& style, status_report& into) const {
    const bool details = std::string_view(target) != "/health";
    local_request request;
    request.target = target;
    if (details && place_.socket.empty()) request.authorization = agent_;
    request.limit = answer_limit;
    request.interrupt = interrupt_;
    auto answer = local_get(place_, request);
    into.interrupted = answer.interrupted;
    into.status = unreachable_status;
    if (answer.status == 0) {
        into.error = "no gateway answers at " + place_.shown() + ": " + answer.error;
        return false;
    }
    into.view = draw_status(answer.body, style);
    const bool expected = answer.status == 200 || answer.status == 503; // gateway.drawbridge.healthStatus
    if (expected && into.view.understood) {
        into.status = into.view.healthy ? healthy_status : unhealthy_status;
        into.document = std::move(answer.body);
        return true;
    }
    if (details && answer.status >= 400 && answer.status < 500) {
        into.status = unhealthy_status;
        into.note = refusal(answer.status);
        return false;
    }
    into.error = foreign(place_, answer.status);
    return false;
}

std::string inquiry::refusal(unsigned status) const {
    const auto number = "GET /health/servers: HTTP status " + std::to_string(status);
    if (status == 404) return number + ": this gateway tells no details";
    if (!place_.socket.empty()) return number + ": this socket is not the control socket of a gateway";
    return number + ": the agent id is not one of this gateway's";
}

} // namespace drawbridge
