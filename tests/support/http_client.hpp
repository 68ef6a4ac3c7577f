// A blocking HTTP/1.1 client on one keep-alive connection.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::test {

struct http_answer {
    unsigned status = 0;                        // 0: no answer, the connection ended
    std::map<std::string, std::string> headers; // names in lower case
    std::string body;
};

using http_headers = std::vector<std::pair<std::string, std::string>>;

// Every wait ends after 60 s.
class http_client {
  public:
    explicit http_client(std::uint16_t port);
    ~http_client();
    http_client(const http_client&) = delete;
    http_client& operator=(const http_client&) = delete;

    http_answer send(std::string_view method, std::string_view path, std::string_view body = {},
                     const http_headers& headers = {});
    // Writes bytes as they are and reads one answer.
    http_answer send_raw(std::string_view bytes, bool head = false);
    bool connected() const { return socket_ >= 0; }
    // For a request whose answer is read later.
    bool write(std::string_view bytes);
    http_answer read(bool head = false);
    // Of a body without a known length (an event stream): what has come when `marker` stands in it, or all of
    // it when it ended before. Chunk sizes are left in.
    std::string read_until(std::string_view marker);

  private:
    bool fill();

    int socket_ = -1;
    std::string buffer_;
};

std::string request_text(std::string_view method, std::string_view path, std::string_view body,
                         const http_headers& headers);

} // namespace drawbridge::test
