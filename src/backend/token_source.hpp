// Where a link gets a bearer token from that changes over time.
#pragma once

#include "core/asio.hpp"

#include <string>

namespace drawbridge::backend {

class token_source {
  public:
    struct result {
        std::string token; // secret
        std::string error; // not empty: there is none, and why; no secrets
    };

    virtual ~token_source() = default;
    virtual core::task<result> get() = 0;
};

} // namespace drawbridge::backend
