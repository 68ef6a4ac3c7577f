#include "support/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

namespace drawbridge::test {

http_client::http_client(std::uint16_t port) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
        ::close(socket_);
        socket_ = -1;
    }
}

http_client::~http_client() {
    if (socket_ >= 0) ::close(socket_);
}

std::string request_text(std::string_view method, std::string_view path, std::string_view body,
                         const http_headers& headers) {
    std::string text = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& [name, value] : headers)
        text += name + ": " + value + "\r\n";
    if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + std::string(body);
}

http_answer http_client::send(std::string_view method, std::string_view path, std::string_view body,
                              const http_headers& headers) {
    return send_raw(request_text(method, path, body, headers), method == "HEAD");
}

http_answer http_client::send_raw(std::string_view bytes, bool head) {
    write(bytes); // a refused request may be answered before all of it was taken
    return read(head);
}

bool http_client::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

bool http_client::fill() {
    char chunk[64 * 1024];
    const auto n = ::recv(socket_, chunk, sizeof chunk, 0);
    if (n > 0) buffer_.append(chunk, static_cast<std::size_t>(n));
    return n > 0;
}

http_answer http_client::read(bool head) {
    http_answer answer;
    if (socket_ < 0) return answer;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
        if (!fill()) return answer;
    const auto top = buffer_.substr(0, end + 2);
    answer.status = static_cast<unsigned>(std::stoul(top.substr(9, 3)));
    for (auto at = top.find("\r\n") + 2; at < top.size();) {
        const auto stop = top.find("\r\n", at);
        const auto line = top.substr(at, stop - at);
        const auto colon = line.find(':');
        auto name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        answer.headers[name] = line.substr(std::min(line.size(), colon + 2));
        at = stop + 2;
    }
    buffer_.erase(0, end + 4);
    if (answer.status == 100) return read(head);
    const auto length = answer.headers.find("content-length");
    const std::size_t wanted = head || length == answer.headers.end() ? 0 : std::stoul(length->second);
    while (buffer_.size() < wanted)
        if (!fill()) break;
    answer.body = buffer_.substr(0, wanted);
    buffer_.erase(0, wanted);
    return answer;
}

std::string http_client::read_until(std::string_view marker) {
    std::size_t found = 0;
    while ((found = buffer_.find(marker)) == std::string::npos)
        if (!fill()) return std::exchange(buffer_, std::string());
    auto text = buffer_.substr(0, found + marker.size());
    buffer_.erase(0, text.size());
    return text;
}

} // namespace drawbridge::test
