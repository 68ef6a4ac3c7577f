// The gateway as an HTTP client: remote MCP servers, token services.
//
// One client speaks to one origin, over connections that it keeps. It follows no redirects, keeps no cookies,
// and sends nothing but what it is given.
#pragma once

#include "core/asio.hpp"
#include "http/url.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::http {

struct client_settings {
    url origin;
    std::string ca_file;
    std::chrono::seconds connect_timeout{30}; // resolving, connecting, TLS handshake
    std::chrono::seconds idle_timeout{30};    // of a kept connection
    std::size_t max_idle = 16;                // kept connections
};

using header_list = std::vector<std::pair<std::string, std::string>>;

struct outgoing {
    std::string method = "GET";
    std::string target;
    header_list headers;
    std::string body;
};

// What went wrong, without headers, credentials and queries.
struct client_error {
    enum class kind { none, resolve, connect, tls, write, read, timed_out, malformed, too_large, closed };

    kind what = kind::none;
    std::string text;
    bool sent = false; // some of the request may have reached the server

    explicit operator bool() const { return what != kind::none; }
};

// A response whose head has been read. Lives on the client's loop and may outlive the client. Destroyed
// before its end, it closes its connection.
class exchange {
  public:
    struct implementation;
    explicit exchange(std::unique_ptr<implementation> impl);
    ~exchange();
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    unsigned status() const;
    // The first field of this name, any case; empty: none.
    std::string_view header(std::string_view name) const;

    // The next piece of the body as it arrives; none: its end, or an error, see error().
    core::task<std::optional<std::string>> read(core::time_point deadline);
    // The rest of the body; none: an error, too_large beyond the limit.
    core::task<std::optional<std::string>> read_all(std::size_t limit, core::time_point deadline);
    const client_error& error() const;

    // A read that waits ends with an error.
    void cancel();

  private:
    std::unique_ptr<implementation> impl_;
};

// For whoever may want to end a request whose response has not begun. Lives as long as the request is sent.
class call_off {
  public:
    void operator()();
    bool done() const { return done_; }

  private:
    friend class client;
    std::function<void()> end_; // while there is something to end
    bool done_ = false;
};

class client {
  public:
    // A TLS context that can't be made is an error of every request.
    client(core::executor loop, client_settings settings);
    ~client();

    const url& origin() const;

    struct result {
        std::unique_ptr<exchange> value; // null: error says why
        client_error error;
    };
    // Sends and reads the response's head. A header with a line break in it is never sent: malformed.
    core::task<result> send(outgoing request, core::time_point head_deadline, call_off* end = nullptr);

    // Everything under way ends with an error, nothing can be sent any more.
    void close();

    struct pool;

  private:
    std::shared_ptr<pool> pool_;
};

} // namespace drawbridge::http
