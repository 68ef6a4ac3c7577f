// Protection against DNS rebinding: a page in a browser must not reach the gateway through a name of its own
// (MCP Streamable HTTP, "Security Warning"). Pure.
#pragma once

#include "http/message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::http {

class origin_policy {
  public:
    // `domain`: the gateway's own (Gateway 4.1.3). `origins`: "https://app.example.com", or "*" for all.
    // `hosts`: further names by which the gateway is reached, without port.
    origin_policy(std::string domain, std::vector<std::string> origins, std::vector<std::string> hosts);

    // Why the request must not be served; none: it may.
    //  - An Origin that is there must be allowed, or be the gateway's domain, or a loopback name where the
    //    client came over loopback.
    //  - Over loopback, Host must be a loopback name, the domain, or allowed.
    std::optional<std::string> refuses(const request_head& head) const;

  private:
    bool allows_origin(const request_head& head) const;
    bool allows_host(std::string_view name) const;

    std::string domain_;
    std::vector<std::string> origins_;
    std::vector<std::string> hosts_;
};

} // namespace drawbridge::http
