#include "config/secrets.hpp"

#include "config/characters.hpp"
#include "config/rules.hpp"

#include <algorithm>

namespace drawbridge::config {

namespace {

constexpr std::size_t shortest = 4;

int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escape = text[at] == '%' && at + 2 < text.size();
        const int high = escape ? hex_digit(text[at + 1]) : -1;
        const int low = escape ? hex_digit(text[at + 2]) : -1;
        if (high < 0 || low < 0) {
            out += text[at];
            continue;
        }
        out += static_cast<char>(high * 16 + low);
        at += 2;
    }
    return out;
}

class collection {
  public:
    void add(std::string_view value) {
        if (value.size() >= shortest && std::find(values_.begin(), values_.end(), value) == values_.end())
            values_.emplace_back(value);
    }

    void add_url_part(std::string_view value) {
        add(value);
        add(percent_decoded(value));
    }

    // "Bearer X": the server may repeat X alone.
    void add_header(std::string_view value) {
        add(value);
        for (const std::string_view scheme : {"bearer ", "basic ", "token "}) {
            if (lower(value.substr(0, scheme.size())) != scheme) continue;
            const auto start = value.find_first_not_of(' ', scheme.size());
            if (start != std::string_view::npos) add(value.substr(start));
        }
    }

    void add_url(std::string_view url) {
        const auto user = user_info(url);
        // Without a password the user is often a token; with one it is a mere name.
        const auto colon = user.find(':');
        add_url_part(colon == std::string_view::npos ? user : user.substr(colon + 1));
        for (const auto part : split(query(url), '&')) {
            const auto equals = part.find('=');
            add_url_part(equals == std::string_view::npos ? part : part.substr(equals + 1));
        }
    }

    std::vector<std::string> take() { return std::move(values_); }

  private:
    std::vector<std::string> values_;
};

} // namespace

std::vector<std::string> secrets_of(const gateway& gate, const server& one) {
    collection found;
    for (const auto& id : gate.agent_ids)
        found.add(id);
    if (one.stdio)
        for (const auto& variable : one.stdio->env)
            found.add(variable.value);
    if (one.http) {
        for (const auto& header : one.http->headers)
            found.add_header(header.value);
        found.add_url(one.http->url);
    }
    return found.take();
}

} // namespace drawbridge::config
