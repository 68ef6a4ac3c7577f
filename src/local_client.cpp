#include "local_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge {
namespace {

namespace bhttp = boost::beast::http;
using clock = std::chrono::steady_clock;

constexpr std::size_t most_bytes = 16 * 1024 * 1024;

struct address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
};

// What ends a wait, whatever it waits for.
class patience {
  public:
    explicit patience(const local_request& request)
        : limit_(request.limit)
        , end_(clock::now() + request.limit)
        , interrupt_(request.interrupt) {}

    // True: the descriptor is ready, or `most` is over where there is no descriptor. False: the request is
    // to be given up.
    bool wait(int descriptor, short events, std::chrono::milliseconds most = std::chrono::hours(1)) {
        for (;;) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(end_ - clock::now()); // up: never spins
            if (left.count() <= 0) return give_up("no answer within " + seconds());
            // A negative descriptor is one that poll() passes over.
            std::array<pollfd, 2> watched{{{descriptor, events, 0}, {interrupt_, POLLIN, 0}}};
            const int ready =
                ::poll(watched.data(), watched.size(), static_cast<int>(std::min(left, most).count()));
            if (ready < 0 && errno == EINTR) continue;
            if (ready < 0) return give_up(std::strerror(errno));
            if (watched[1].revents != 0) {
                interrupted_ = true;
                return give_up("interrupted");
            }
            if (watched[0].revents != 0 || (descriptor < 0 && ready == 0)) return true;
        }
    }

    bool over() const { return !why_.empty(); }
    const std::string& why() const { return why_; }
    bool interrupted() const { return interrupted_; }

  private:
    bool give_up(std::string why) {
        why_ = std::move(why);
        return false;
    }
    std::string seconds() const {
        const auto tenths = limit_.count() / 100;
        const auto fraction = tenths % 10 == 0 ? std::string() : "." + std::to_string(tenths % 10);
        return std::to_string(tenths / 10) + fraction + " s";
    }

    std::chrono::milliseconds limit_;
    clock::time_point end_;
    int interrupt_;
    bool interrupted_ = false;
    std::string why_;
};

address unix_address(const std::string& path) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    path.copy(where.sun_path, sizeof where.sun_path - 1);
    address made;
    std::memcpy(&made.bytes, &where, sizeof where);
    made.size = sizeof where;
    return made;
}

void take(const addrinfo* list, std::vector<address>& into) {
    for (; list; list = list->ai_next) {
        if (list->ai_addrlen > sizeof(sockaddr_storage)) continue;
        address found;
        std::memcpy(&found.bytes, list->ai_addr, list->ai_addrlen);
        found.size = static_cast<socklen_t>(list->ai_addrlen);
        into.push_back(found);
    }
}

addrinfo stream_hints(int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    return hints;
}

bool take_numeric(const std::string& host, const std::string& port, std::vector<address>& into) {
    const auto hints = stream_hints(AI_NUMERICHOST);
    addrinfo* list = nullptr;
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) return false;
    take(list, into);
    ::freeaddrinfo(list);
    return true;
}

// A look-up and what it refers to: one that can't be stopped in time must outlive its question.
struct name_lookup {
    name_lookup(std::string name, std::string service)
        : host(std::move(name))
        , port(std::move(service))
        , hints(stream_hints(0)) {
        question.ar_name = host.c_str();
        question.ar_service = port.c_str();
        question.ar_request = &hints;
    }
    std::string host, port;
    addrinfo hints;
    gaicb question{};
};

std::string take_name(const std::string& host, const std::string& port, patience& time,
                      std::vector<address>& into) {
    auto lookup = std::make_unique<name_lookup>(host, port);
    std::array<gaicb*, 1> list{&lookup->question};
    if (::getaddrinfo_a(GAI_NOWAIT, list.data(), 1, nullptr) != 0) return "the look-up could not be started";
    int state = ::gai_error(&lookup->question);
    while (state == EAI_INPROGRESS && time.wait(-1, 0, std::chrono::milliseconds(20)))
        state = ::gai_error(&lookup->question);
    if (state == EAI_INPROGRESS) {
        // Its thread still uses it; this program ends soon and takes both with it.
        if (::gai_cancel(&lookup->question) != EAI_CANCELED) static_cast<void>(lookup.release());
        return time.why();
    }
    if (state != 0) return ::gai_strerror(state);
    take(lookup->question.ar_result, into);
    ::freeaddrinfo(lookup->question.ar_result);
    return {};
}

std::string find_addresses(const gateway_place& place, patience& time, std::vector<address>& into) {
    if (!place.socket.empty()) {
        if (place.socket.size() >= sizeof(sockaddr_un::sun_path)) return "the path is too long for a socket";
        into.push_back(unix_address(place.socket));
        return {};
    }
    const auto port = std::to_string(place.port);
    if (place.host == "localhost") { // also where no file says so
        take_numeric("127.0.0.1", port, into);
        take_numeric("::1", port, into);
        return {};
    }
    if (take_numeric(place.host, port, into)) return {};
    return take_name(place.host, port, time, into);
}

class line {
  public:
    line() = default;
    line(const line&) = delete;
    line& operator=(const line&) = delete;
    ~line() { close(); }

    // Empty: connected.
    std::string connect(const address& to, patience& time) {
        close();
        socket_ = ::socket(to.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (socket_ < 0) return std::strerror(errno);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to.bytes), to.size) == 0) return {};
        if (errno == EAGAIN) return "it takes no more connections"; // a Unix socket's queue is full
        if (errno != EINPROGRESS) return std::strerror(errno);
        if (!time.wait(socket_, POLLOUT)) return time.why();
        int failed = 0;
        socklen_t size = sizeof failed;
        ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failed, &size);
        return failed == 0 ? std::string() : std::strerror(failed);
    }

    std::string write(std::string_view text, patience& time) {
        while (!text.empty()) {
            const auto n = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (n >= 0)
                text.remove_prefix(static_cast<std::size_t>(n));
            else if (errno != EAGAIN && errno != EINTR)
                return std::strerror(errno);
            else if (!time.wait(socket_, POLLOUT))
                return time.why();
        }
        return {};
    }

    // 0: the end. Negative: see `error`.
    ssize_t read(char* into, std::size_t room, patience& time, std::string& error) {
        for (;;) {
            if (!time.wait(socket_, POLLIN)) {
                error = time.why();
                return -1;
            }
            const auto n = ::recv(socket_, into, room, 0);
            if (n >= 0) return n;
            if (errno == EAGAIN || errno == EINTR) continue;
            error = std::strerror(errno);
            return -1;
        }
    }

  private:
    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }

    int socket_ = -1;
};

std::string request_text(const gateway_place& to, const local_request& request) {
    std::string text = "GET " + request.target + " HTTP/1.1\r\nHost: " + to.authority +
                       "\r\nUser-Agent: drawbridge\r\nAccept: application/json\r\nConnection: close\r\n";
    if (!request.authorization.empty()) text += "Authorization: " + request.authorization + "\r\n";
    return text + "\r\n";
}

// Empty: the answer is whole.
std::string read_answer(line& from, patience& time, local_answer& into) {
    bhttp::response_parser<bhttp::string_body> parser;
    parser.eager(true);
    parser.body_limit(most_bytes);
    std::string received; // what the parser has not taken yet
    std::array<char, 16 * 1024> piece;
    boost::system::error_code failed;
    while (!parser.is_done()) {
        std::string error;
        const auto n = from.read(piece.data(), piece.size(), time, error);
        if (n < 0) return error;
        if (n == 0) {
            if (!parser.got_some()) return "the connection was closed without an answer";
            parser.put_eof(failed);
            if (failed) return "the answer was cut off";
            break;
        }
        received.append(piece.data(), static_cast<std::size_t>(n));
        std::size_t taken = 1;
        while (taken > 0 && !received.empty() && !parser.is_done()) {
            taken = parser.put(boost::asio::buffer(received), failed);
            received.erase(0, taken);
            if (failed == bhttp::error::need_more) break;
            if (failed == bhttp::error::body_limit) return "the answer is too long";
            if (failed) return "what answers is not HTTP: " + failed.message();
        }
    }
    into.status = parser.get().result_int();
    into.body = std::move(parser.get().body());
    return {};
}

std::string ask(const gateway_place& from, const local_request& request, patience& time, local_answer& into) {
    std::vector<address> addresses;
    auto error = find_addresses(from, time, addresses);
    if (!error.empty()) return error;
    line connection;
    error = "the name has no address";
    for (const auto& each : addresses) {
        error = connection.connect(each, time);
        if (error.empty() || time.over()) break;
    }
    if (error.empty()) error = connection.write(request_text(from, request), time);
    return error.empty() ? read_answer(connection, time, into) : error;
}

} // namespace

local_answer local_get(const gateway_place& from, const local_request& request) {
    local_answer answer;
    patience time(request);
    answer.error = ask(from, request, time, answer);
    answer.interrupted = time.interrupted();
    if (!answer.error.empty()) answer.status = 0;
    return answer;
}

} // namespace drawbridge
