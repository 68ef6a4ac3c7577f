#include "status_command.hpp"

#include "http/listener.hpp"
#include "http/url.hpp"
#include "local_client.hpp"
#include "status_table.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace drawbridge {
namespace {

using namespace std::chrono_literals;

constexpr int healthy_status = 0;
constexpr int unhealthy_status = 1;
constexpr int usage_status = 2;
constexpr int unreachable_status = 3;
constexpr auto answer_limit = 5s;
constexpr auto watch_pause = 2s;
constexpr std::size_t longest_agent_id = 4096;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::string with_port(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// --- which gateway

struct place_choice {
    gateway_place value;
    std::string error;
};

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

place_choice find_place(const options& given) {
    if (!given.url.empty()) return place_of_url(given.url);
    if (given.socket.empty()) return place_of_listen(given.listen.empty() ? "127.0.0.1:8080" : given.listen);
    place_choice choice;
    choice.value.socket = given.socket;
    choice.value.authority = "localhost";
    return choice;
}

// --- as whom

struct agent_choice {
    std::string value; // empty: none
    std::string error;
};

std::string without_blanks(const std::string& text) {
    constexpr const char* blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

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

struct report {
    int status = unreachable_status;
    std::string document;
    status_view view;
    std::string note;  // what would tell more
    std::string error; // why there is no document
    bool interrupted = false;
};

std::string foreign(const gateway_place& place, unsigned status) {
    return "what answers at " + place.shown() + " is not a gateway (HTTP status " + std::to_string(status) +
           ")";
}

class inquiry {
  public:
    inquiry(gateway_place place, std::string agent, int interrupt)
        : place_(std::move(place))
        , agent_(std::move(agent))
        , interrupt_(interrupt) {}

    report ask(const table_style& style) const {
        report result;
        // At the control socket the file's mode is the credential, and nobody gets to see the id.
        if (agent_.empty() && place_.socket.empty())
            result.note = "details need the agent id: set MCP_GATEWAY_AGENT_ID or DRAWBRIDGE_AGENT_ID, or "
                          "name a file with --agent-id-file";
        else if (take("/health/servers", style, result) || result.status != unhealthy_status)
            return result;
        take("/health", style, result);
        return result;
    }

  private:
    // True: the document is there. False with unhealthy_status: there may be another one.
    bool take(const char* target, const table_style& style, report& into) const {
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

    std::string refusal(unsigned status) const {
        const auto number = "GET /health/servers: HTTP status " + std::to_string(status);
        if (status == 404) return number + ": this gateway tells no details";
        if (!place_.socket.empty()) return number + ": this socket is not the control socket of a gateway";
        return number + ": the agent id is not one of this gateway's";
    }

    gateway_place place_;
    std::string agent_;
    int interrupt_;
};

// --- the terminal

std::size_t number_in(const std::string& text) {
    std::size_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value < 10'000 ? value : 0;
}

struct screen {
    bool terminal = false;
    std::size_t rows = 0; // 0: no limit
    table_style style;
};

screen look_at_terminal() {
    screen now;
    now.terminal = ::isatty(STDOUT_FILENO) == 1;
    now.style.width = number_in(variable("COLUMNS"));
    winsize size{};
    if (now.terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        now.style.width = size.ws_col;
        now.rows = size.ws_row;
    }
    const auto type = variable("TERM");
    now.style.colour = now.terminal && variable("NO_COLOR").empty() && !type.empty() && type != "dumb";
    return now;
}

std::string text_of(const report& from) {
    if (from.document.empty()) return "unreachable: " + from.error + "\n";
    return from.view.text + (from.note.empty() ? "" : "\n" + from.note + "\n");
}

// In place of the last one, without a moment of emptiness; no more lines than the terminal has.
std::string frame(const std::string& text, const screen& now) {
    if (!now.terminal) return text + "\n";
    std::string drawn = "\x1b[H";
    std::size_t rows = 0;
    for (std::size_t at = 0; at < text.size() && (now.rows == 0 || ++rows < now.rows);) {
        const auto end = std::min(text.find('\n', at), text.size());
        auto line = text.substr(at, end - at);
        // Lines of a table fit already, and their colours would be counted here.
        if (now.style.width > 0 && line.find('\x1b') == std::string::npos)
            line = cut_text(line, now.style.width);
        drawn += line + "\x1b[K\n";
        at = end + 1;
    }
    return drawn + "\x1b[J";
}

// Descriptor that can be read when the program is asked to end.
class end_signals {
  public:
    end_signals() {
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, SIGINT);
        ::sigaddset(&set, SIGTERM);
        ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
        descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC);
    }
    end_signals(const end_signals&) = delete;
    end_signals& operator=(const end_signals&) = delete;
    ~end_signals() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    int descriptor() const { return descriptor_; }
    bool wait(std::chrono::milliseconds limit) const {
        pollfd watched{descriptor_, POLLIN, 0};
        return ::poll(&watched, 1, static_cast<int>(limit.count())) > 0;
    }

  private:
    int descriptor_ = -1;
};

int watch(const gateway_place& place, const std::string& agent) {
    const end_signals ending;
    const inquiry question(place, agent, ending.descriptor());
    int status = unreachable_status;
    if (look_at_terminal().terminal) std::cout << "\x1b[2J";
    while (std::cout) {
        const auto now = look_at_terminal(); // its size may have changed
        const auto told = question.ask(now.style);
        if (told.interrupted) break;
        status = told.status;
        std::cout << frame(text_of(told), now) << std::flush;
        if (ending.wait(watch_pause)) break;
    }
    return status;
}

} // namespace

int run_status(const options& given) {
    const auto place = find_place(given);
    const auto agent = find_agent(given);
    const auto& error = place.error.empty() ? agent.error : place.error;
    if (!error.empty()) {
        std::cerr << "drawbridge: " << error << '\n';
        return usage_status;
    }
    if (given.watch) return watch(place.value, agent.value);
    const auto told = inquiry(place.value, agent.value, -1).ask(look_at_terminal().style);
    if (told.document.empty()) {
        std::cerr << "drawbridge: " << told.error << '\n';
        return told.status;
    }
    std::cout << (given.json ? told.document : told.view.text);
    if (given.json && !told.document.ends_with('\n')) std::cout << '\n';
    std::cout << std::flush;
    if (!told.note.empty()) std::cerr << "drawbridge: " << told.note << '\n';
    return told.status;
}

int run_healthcheck(const options& given) {
    const auto place = find_place(given);
    if (!place.error.empty()) {
        std::cout << "wrong command line: " << place.error << std::endl;
        return 1;
    }
    local_request request;
    request.target = given.ready ? "/readyz" : "/health";
    request.limit = answer_limit - 500ms; // the whole program ends in time
    const auto answer = local_get(place.value, request);
    if (answer.status == 0) {
        std::cout << "unreachable: " << place.value.shown() << ": " << answer.error << '\n';
        return 1;
    }
    if (given.ready) {
        const auto why = readiness_reasons(answer.body);
        if (answer.status == 200)
            std::cout << "ready\n";
        else if (answer.status == 503)
            std::cout << "not ready" << (why.empty() ? "" : ": ") << why << '\n';
        else
            std::cout << foreign(place.value, answer.status) << '\n';
        return answer.status == 200 ? 0 : 1;
    }
    const auto view = draw_status(answer.body, {});
    if (!view.understood) {
        std::cout << foreign(place.value, answer.status) << '\n';
        return 1;
    }
    std::cout << view.text.substr(0, view.text.find('\n') + 1);
    return view.healthy && answer.status == 200 ? 0 : 1;
}

} // namespace drawbridge
