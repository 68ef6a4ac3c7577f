#include "support/remote_server.hpp"

#include "support/json.hpp"

#include <boost/json/serialize.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace drawbridge::test {
namespace {

// False: the client is gone.
bool read_request(int client, std::string& buffer, remote_request& out) {
    auto fill = [&] {
        char chunk[16 * 1024];
        const auto n = ::recv(client, chunk, sizeof chunk, 0);
        if (n > 0) buffer.append(chunk, static_cast<std::size_t>(n));
        return n > 0;
    };
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
        if (!fill()) return false;
    const auto head = buffer.substr(0, end + 2);
    buffer.erase(0, end + 4);
    out.method = head.substr(0, head.find(' '));
    const auto path = head.find(' ') + 1;
    out.path = head.substr(path, head.find(' ', path) - path);
    for (auto at = head.find("\r\n") + 2; at < head.size();) {
        const auto stop = head.find("\r\n", at);
        const auto line = head.substr(at, stop - at);
        const auto colon = line.find(':');
        auto name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        out.headers[name] = line.substr(std::min(line.size(), colon + 2));
        at = stop + 2;
    }
    const auto length =
        out.headers.contains("content-length") ? std::stoul(out.headers["content-length"]) : 0;
    while (buffer.size() < length)
        if (!fill()) return false;
    out.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return true;
}

std::string result(const boost::json::value& message, std::string_view raw) {
    return R"({"jsonrpc":"2.0","id":)" + boost::json::serialize(message.at("id")) + R"(,"result":)" +
           std::string(raw) + "}";
}

} // namespace

remote_server::remote_server(handler handle, std::uint16_t port) : handle_(std::move(handle)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&place), size) != 0 || ::listen(socket_, 64) != 0)
        throw std::runtime_error("the remote server can't listen");
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&place), &size);
    port_ = ntohs(place.sin_port);
    acceptor_ = std::thread([this] { accept_clients(); });
}

remote_server::~remote_server() {
    ::shutdown(socket_, SHUT_RDWR);
    acceptor_.join();
    ::close(socket_);
    {
        const std::lock_guard guard(lock_);
        for (const int client : clients_)
            ::shutdown(client, SHUT_RDWR);
    }
    for (auto& each : threads_)
        each.join();
    for (const int client : clients_)
        ::close(client);
}

std::vector<remote_request> remote_server::seen() const {
    const std::lock_guard guard(lock_);
    return seen_;
}

void remote_server::accept_clients() {
    for (;;) {
        const int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        const std::lock_guard guard(lock_);
        clients_.push_back(client);
        threads_.emplace_back([this, client] { serve(client); });
    }
}

void remote_server::serve(int client) {
    std::string buffer;
    remote_request request;
    while (read_request(client, buffer, request)) {
        {
            const std::lock_guard guard(lock_);
            seen_.push_back(request);
        }
        const auto told = answer(request);
        if (told.never) {
            char rest = 0;
            while (::recv(client, &rest, 1, 0) > 0)
                continue;
            ++given_up_;
            break;
        }
        const auto text = "HTTP/1.1 " + std::to_string(told.status) + " X\r\nContent-Type: " + told.type +
                          "\r\n" + told.headers + "Content-Length: " + std::to_string(told.body.size()) +
                          "\r\n\r\n" + told.body;
        if (::send(client, text.data(), text.size(), MSG_NOSIGNAL) < 0) break;
        request = remote_request();
    }
    ::shutdown(client, SHUT_RDWR);
}

remote_answer remote_server::answer(const remote_request& request) {
    if (handle_) {
        auto own = handle_(request);
        if (own.status != 0) return own;
    }
    remote_answer told;
    if (request.method == "GET") {
        told.status = 405;
        return told;
    }
    if (request.method == "DELETE") return told;
    const auto message = parse(request.body);
    const auto method = text_at(message, "method");
    if (message.as_object().if_contains("id") == nullptr) {
        told.status = 202;
    } else if (method == "initialize") {
        told.headers = "Mcp-Session-Id: remote-session-1\r\n";
        told.body = result(message, R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{}},)"
                                    R"("serverInfo":{"name":"remote","version":"1"}})");
    } else if (method == "tools/call") {
        const auto text =
            boost::json::serialize(boost::json::value(text_at(message, "params.arguments.text")));
        told.body = result(message, R"({"content":[{"type":"text","text":)" + text + "}]}");
    } else {
        told.body = result(message, "{}");
    }
    return told;
}

} // namespace drawbridge::test
