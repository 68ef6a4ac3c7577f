// Tokens of GitHub Actions for a remote server: `auth: {"type":"github-oidc"}` (Gateway 7.6).
#pragma once

#include "backend/token_source.hpp"
#include "core/event.hpp"
#include "http/client.hpp"
#include "telemetry/log.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::backend {

// What the runner of a workflow gives its steps.
struct oidc_environment {
    std::string request_url;   // ACTIONS_ID_TOKEN_REQUEST_URL
    std::string request_token; // ACTIONS_ID_TOKEN_REQUEST_TOKEN, secret
};

// One for each audience. Lives on one loop. A token is kept until 60 s before it expires; one request at a
// time fetches the next.
class oidc_token final : public token_source {
  public:
    oidc_token(core::executor loop, oidc_environment given, std::string audience, telemetry::log log);

    core::task<result> get() override;

  private:
    core::task<result> fetch();

    core::executor loop_;
    oidc_environment environment_;
    std::string audience_;
    telemetry::log log_;
    std::unique_ptr<http::client> client_;
    std::string target_;
    std::string token_;
    std::chrono::system_clock::time_point good_until_{};
    bool fetching_ = false;
    core::event fetched_;
    result last_;
};

// The `exp` of a JSON Web Token; nothing where it can't be read. Pure.
std::optional<std::chrono::system_clock::time_point> token_expiry(std::string_view token);
// What stands in a query for any text (RFC 3986). Pure.
std::string percent_encode(std::string_view text);

} // namespace drawbridge::backend
