#include "config/secrets.hpp"

#include "config/characters.hpp"
#include "config/percent.hpp"
#include "config/rules.hpp"
#include "telemetry/token_shapes.hpp"

#include <algorithm>

namespace drawbridge::config {

namespace {

constexpr std::size_t shortest = 4;
constexpr std::size_t least_user = 8; // of a user's name beside a password

// The value of base64 that is well formed enough; empty where it is none.
std::string base64_decoded(std::string_view text) {
    std::string out;
    unsigned bits = 0;
    unsigned count = 0;
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (text.ends_with('='))
        text.remove_suffix(1);
    for (const char c : text) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos) return {};
        bits = (bits << 6U | static_cast<unsigned>(digit)) & 0xFFFFU;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xFFU);
    }
    return out;
}

// 0 digit, 1 small letter, 2 capital, -1 none of them.
int kind_of(char c) {
    if (is_digit(c)) return 0;
    if (!is_alpha(c)) return -1;
    return c >= 'a' ? 1 : 2;
}

// A word as generators of keys make them: long, and changing between digits, small letters and capitals far
// more often than names and versions do ("modelcontextprotocol", "linux-amd64", "2025-11-25").
bool looks_generated(std::string_view word) {
    std::size_t signs = 0;
    std::size_t pairs = 0;
    std::size_t changes = 0;
    for (std::size_t at = 0; at < word.size(); ++at) {
        const int kind = kind_of(word[at]);
        signs += kind >= 0 ? 1 : 0;
        const int before = at == 0 ? -1 : kind_of(word[at - 1]);
        if (kind < 0 || before < 0) continue;
        ++pairs;
        changes += kind != before ? 1 : 0;
    }
    return signs >= 16 && changes >= 4 && changes * 4 >= pairs;
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

    // "Bearer X": the server may repeat X alone; "Basic X": what X says, too.
    void add_header(std::string_view value) {
        add(value);
        for (const std::string_view scheme : {"bearer ", "basic ", "token "}) {
            if (lower(value.substr(0, scheme.size())) != scheme) continue;
            const auto start = value.find_first_not_of(' ', scheme.size());
            if (start == std::string_view::npos) continue;
            add(value.substr(start));
            if (scheme == "basic ") add_user(base64_decoded(value.substr(start)));
        }
    }

    // "user:password". Without a password the user is often a token. With one it is a mere name, or a token
    // again ("TOKEN:x-oauth-basic"); names as short as "admin" would stand for nothing else in any text.
    void add_user(std::string_view user) {
        const auto colon = user.find(':');
        if (colon == std::string_view::npos) return add_url_part(user);
        add_url_part(user.substr(colon + 1));
        if (colon >= least_user) add_url_part(user.substr(0, colon));
    }

    void add_url(std::string_view url) {
        add_user(user_info(url));
        for (const auto part : split(query(url), '&')) {
            const auto equals = part.find('=');
            add_url_part(equals == std::string_view::npos ? part : part.substr(equals + 1));
        }
        add_generated(url.substr(0, url.find_first_of("?#")));
    }

    void add_variable(std::string_view value) {
        add_header(value);
        if (value.find("://") != std::string_view::npos) add_url(value);
    }

    // A word of a command line, where `flag` stands before it: what a name calls a secret, what looks like a
    // key, what a URL hides.
    void add_argument(std::string_view word, std::string_view flag) {
        const auto equals = word.find('=');
        if (equals != std::string_view::npos && telemetry::names_secret(word.substr(0, equals)))
            add_header(word.substr(equals + 1));
        if (flag.starts_with('-') && !word.starts_with('-') && telemetry::names_secret(flag))
            add_header(word);
        if (word.find("://") != std::string_view::npos) add_url(word);
        add_generated(word);
    }

    void add_arguments(const std::vector<std::string>& words) {
        std::string_view flag;
        for (const auto& word : words) {
            add_argument(word, flag);
            flag = word;
        }
    }

    std::vector<std::string> take() { return std::move(values_); }

  private:
    void add_generated(std::string_view text) {
        const auto in_word = [](char c) {
            return is_alnum(c) || c == '-' || c == '_' || c == '+' || c == '~';
        };
        for (std::size_t at = 0; at < text.size();) {
            std::size_t end = at;
            while (end < text.size() && in_word(text[end]))
                ++end;
            if (looks_generated(text.substr(at, end - at))) add(text.substr(at, end - at));
            at = std::max(end, at + 1);
        }
    }

    std::vector<std::string> values_;
};

} // namespace

std::vector<std::string> secrets_of(const gateway& gate, const server& one) {
    collection found;
    found.add(gate.request_state_key);
    for (const auto& id : gate.agent_ids)
        found.add(id);
    if (gate.tracing) {
        for (const auto& header : gate.tracing->headers)
            found.add_header(header.value);
        found.add_url(gate.tracing->endpoint);
    }
    if (one.stdio) {
        for (const auto& variable : one.stdio->env)
            found.add_variable(variable.value);
        if (one.stdio->entrypoint) found.add_argument(*one.stdio->entrypoint, {});
        found.add_arguments(one.stdio->entrypoint_args);
        found.add_arguments(one.stdio->runtime_args);
    }
    if (one.http) {
        for (const auto& header : one.http->headers)
            found.add_header(header.value);
        found.add_url(one.http->url);
    }
    return found.take();
}

} // namespace drawbridge::config
