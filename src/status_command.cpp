#include "status_command.hpp"

#include "status_inquiry.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>

namespace drawbridge {
namespace {

using namespace std::chrono_literals;

constexpr auto watch_pause = 2s;

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

std::string text_of(const status_report& from) {
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
