#include "backend/oidc_token.hpp"

#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"
#include "jsonrpc/validate.hpp"

#include <charconv>
#include <utility>

namespace drawbridge::backend {
namespace {

using namespace std::chrono_literals;

constexpr auto request_limit = 30s;
constexpr auto margin = 60s;        // before a token expires
constexpr auto unknown_life = 5min; // of a token that does not say when it expires
constexpr std::size_t answer_bytes = 64 * 1024;

token_source::result none(std::string why) {
    token_source::result failed;
    failed.error = std::move(why);
    return failed;
}

std::string base64url_decode(std::string_view text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos) break;
        bits = (bits << 6U) | static_cast<unsigned>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>((bits >> count) & 0xFFU);
    }
    return out;
}

std::string_view member(std::string_view object, std::string_view key) {
    const jsonrpc::span whole{jsonrpc::skip_blank(object, 0), 1};
    return jsonrpc::find_member(object, whole, key).in(object);
}

} // namespace

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char each : text) {
        const auto c = static_cast<unsigned char>(each);
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            out += each;
        else
            out.append({'%', digits[c >> 4U], digits[c & 15U]});
    }
    return out;
}

std::optional<std::chrono::system_clock::time_point> token_expiry(std::string_view token) {
    const auto first = token.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    const auto second = token.find('.', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const auto claims = base64url_decode(token.substr(first + 1, second - first - 1));
    if (!claims.starts_with('{') || jsonrpc::find_syntax_fault(claims)) return std::nullopt;
    const auto exp = member(claims, "exp");
    std::int64_t seconds = 0;
    const auto [stopped, error] = std::from_chars(exp.data(), exp.data() + exp.size(), seconds);
    if (exp.empty() || error != std::errc()) return std::nullopt;
    return std::chrono::system_clock::time_point(std::chrono::seconds(seconds));
}

oidc_token::oidc_token(core::executor loop, oidc_environment given, std::string audience, telemetry::log log)
    : loop_(loop)
    , environment_(std::move(given))
    , audience_(std::move(audience))
    , log_(std::move(log))
    , fetched_(loop) {
    auto place = http::parse_url(environment_.request_url);
    if (!place) return;
    const bool has_query = place->target.find('?') != std::string::npos;
    target_ = place->target + (has_query ? "&" : "?") + "audience=" + percent_encode(audience_);
    http::client_settings settings;
    settings.origin = std::move(*place);
    settings.connect_timeout = request_limit;
    client_ = std::make_unique<http::client>(loop_, std::move(settings));
}

core::task<token_source::result> oidc_token::get() {
    if (!token_.empty() && std::chrono::system_clock::now() < good_until_) {
        result kept;
        kept.token = token_;
        co_return kept;
    }
    if (fetching_) {
        co_await fetched_.wait();
        co_return last_;
    }
    fetching_ = true;
    fetched_.reset();
    last_ = co_await fetch();
    fetching_ = false;
    fetched_.set();
    if (last_.error.empty()) {
        token_ = last_.token;
        const auto expires = token_expiry(token_);
        good_until_ = expires ? *expires - margin : std::chrono::system_clock::now() + unknown_life;
    } else {
        log_.error("no token for this server: ", last_.error);
    }
    co_return last_;
}

core::task<token_source::result> oidc_token::fetch() {
    if (environment_.request_url.empty() || environment_.request_token.empty())
        co_return none(
            "auth is github-oidc, but ACTIONS_ID_TOKEN_REQUEST_URL or ACTIONS_ID_TOKEN_REQUEST_TOKEN "
            "is not set; the workflow needs the permission id-token: write");
    if (!client_) co_return none("ACTIONS_ID_TOKEN_REQUEST_URL is no http or https URL");
    http::outgoing request;
    request.target = target_;
    request.headers.emplace_back("Authorization", "bearer " + environment_.request_token);
    request.headers.emplace_back("Accept", "application/json");
    const auto deadline = core::clock::now() + request_limit;
    auto sent = co_await client_->send(std::move(request), deadline);
    if (!sent.value) co_return none("the token service can't be reached: " + sent.error.text);
    const auto body = co_await sent.value->read_all(answer_bytes, deadline);
    const auto status = sent.value->status();
    if (status != 200 || !body)
        co_return none("the token service answered with HTTP status " + std::to_string(status));
    const bool good = body->starts_with('{') && !jsonrpc::find_syntax_fault(*body);
    auto token = good ? jsonrpc::unescape(member(*body, "value")) : std::nullopt;
    if (!token || token->empty() || token->find_first_of("\r\n ") != std::string::npos)
        co_return none("the token service's answer has no usable `value`");
    result found;
    found.token = std::move(*token);
    co_return found;
}

} // namespace drawbridge::backend
