#include "chaos/wire.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>

namespace drawbridge::test {
namespace {

constexpr std::string_view noise = "\x16\x03\x01 this is not what you asked for \xff\r\n\r\n\r\n";
constexpr std::size_t beginning = 40; // bytes of an answer that pass before it is cut

sockaddr_in place(std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return where;
}

bool send_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

void handshake(int write_to, int read_from) {
    char byte = 0;
    if (::write(write_to, &byte, 1) != 1 || (read_from >= 0 && ::read(read_from, &byte, 1) != 1))
        throw std::runtime_error("the wire's thread is gone");
}

} // namespace

wire::wire(std::uint16_t upstream) : upstream_(upstream) {
    if (::pipe2(wake_, O_CLOEXEC) != 0 || ::pipe2(changed_, O_CLOEXEC) != 0)
        throw std::runtime_error("the wire has no pipes");
    listen();
    thread_ = std::thread([this] { run(); });
}

wire::~wire() {
    ending_ = true;
    handshake(wake_[1], -1);
    thread_.join();
    for (auto& each : pairs_)
        drop(each, false);
    for (const int each : {listener_, wake_[0], wake_[1], changed_[0], changed_[1]})
        if (each >= 0) ::close(each);
}

void wire::set(fault what) {
    wanted_ = what;
    handshake(wake_[1], changed_[0]);
}

void wire::listen() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    auto where = place(port_);
    socklen_t size = sizeof where;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&where), size) != 0 || ::listen(listener_, 64) != 0)
        throw std::runtime_error("the wire can't listen");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size);
    port_ = ntohs(where.sin_port);
}

void wire::run() {
    while (!ending_) {
        std::vector<pollfd> watched{{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
        for (const auto& each : pairs_) {
            watched.push_back({each.client, POLLIN, 0});
            // What the server says waits in its socket while nothing passes.
            watched.push_back({fault_ == fault::stall ? -1 : each.server, POLLIN, 0});
        }
        if (::poll(watched.data(), watched.size(), -1) < 0) continue;
        const auto spoke = [&](std::size_t at) { return watched[at].revents != 0; };
        const auto known = pairs_.size();
        for (std::size_t i = 0; i < known; ++i) {
            auto& each = pairs_[i];
            const bool good =
                (!spoke(2 + 2 * i) || client_spoke(each)) && (!spoke(3 + 2 * i) || server_spoke(each));
            if (!good) drop(each, fault_ == fault::reset);
        }
        if (spoke(1)) accept_one();
        if (spoke(0)) change();
        std::erase_if(pairs_, [](const pair& each) { return each.client < 0; });
    }
}

void wire::change() {
    char byte = 0;
    if (::read(wake_[0], &byte, 1) != 1 || ending_) return;
    if (wanted_ == fault::refuse && listener_ >= 0) {
        ::close(listener_);
        listener_ = -1;
    }
    if (wanted_ != fault::refuse && listener_ < 0) listen();
    // Half a conversation does not go on where it stood.
    if (wanted_ == fault::refuse || wanted_ == fault::reset || fault_ != fault::none)
        for (auto& each : pairs_)
            drop(each, wanted_ == fault::reset);
    fault_ = wanted_;
    handshake(changed_[1], -1);
}

void wire::accept_one() {
    pair fresh;
    fresh.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fresh.client < 0) return;
    fresh.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto where = place(upstream_);
    if (::connect(fresh.server, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
        drop(fresh, false);
        return;
    }
    pairs_.push_back(fresh);
}

bool wire::client_spoke(pair& who) {
    char chunk[16 * 1024];
    const auto n = ::recv(who.client, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    switch (fault_) {
    case fault::none:
    case fault::cut:
        return send_all(who.server, std::string_view(chunk, static_cast<std::size_t>(n)));
    case fault::garbage:
        send_all(who.client, noise);
        return false;
    case fault::stall:
        return true;
    case fault::reset:
    case fault::refuse:
        break;
    }
    return false;
}

bool wire::server_spoke(pair& who) {
    char chunk[16 * 1024];
    const auto n = ::recv(who.server, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    const auto bytes = std::string_view(chunk, static_cast<std::size_t>(n));
    if (fault_ != fault::cut) return send_all(who.client, bytes);
    send_all(who.client, bytes.substr(0, beginning));
    return false;
}

void wire::drop(pair& who, bool reset) {
    if (who.client >= 0) {
        const linger at_once{1, 0}; // close then sends RST
        if (reset) ::setsockopt(who.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::close(who.client);
    }
    if (who.server >= 0) ::close(who.server);
    who = pair();
}

} // namespace drawbridge::test
