#include "telemetry/token_shapes.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace drawbridge::telemetry {

namespace {

constexpr std::size_t none = std::string_view::npos;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_alnum(char c) {
    return is_digit(c) || is_lower(c) || is_upper(c);
}
bool is_word(char c) {
    return is_alnum(c) || c == '_' || c == '-';
}
bool is_base64(char c) {
    return is_alnum(c) || c == '+' || c == '/' || c == '=';
}
// What an unquoted credential may be made of (the token68 of RFC 7235, and a little more).
bool is_token(char c) {
    return is_word(c) || is_base64(c) || c == '.' || c == '~' || c == ':' || c == '%';
}

char lower(char c) {
    return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case) {
    return text.size() >= lower_case.size() && std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                                                          [](char a, char b) { return a == lower(b); });
}

template <class Predicate>
std::size_t run(std::string_view text, std::size_t at, Predicate accepts) {
    while (at < text.size() && accepts(text[at]))
        ++at;
    return at;
}

// Prefixes that nothing but a credential has, and how many characters at least have to follow.
struct prefix {
    std::string_view text;
    std::size_t more;
};
constexpr std::array prefixes = {
    prefix{"ghp_", 16},  prefix{"gho_", 16},        prefix{"ghu_", 16},   prefix{"ghs_", 16},
    prefix{"ghr_", 16},  prefix{"github_pat_", 16}, prefix{"glpat-", 16}, prefix{"xapp-", 10},
    prefix{"npm_", 30},  prefix{"sk-", 20},         prefix{"hf_", 30},    prefix{"AIza", 30},
    prefix{"ya29.", 20}, prefix{"pypi-", 30},
};

bool is_extended(char c) {
    return is_word(c) || c == '.';
}

// The end of a token with a known prefix that begins at `at`, or none.
std::size_t prefixed_token(std::string_view text, std::size_t at) {
    constexpr std::string_view first_letters = "ghnspxyA";
    if (first_letters.find(text[at]) == none) return none;
    const std::string_view rest = text.substr(at);
    for (const auto& each : prefixes) {
        if (!rest.starts_with(each.text)) continue;
        const std::size_t end = run(text, at + each.text.size(), is_extended);
        if (end - at - each.text.size() >= each.more) return end;
    }
    // Slack: xoxb-, xoxp-, ...
    if (rest.size() > 5 && rest.starts_with("xox") && is_alnum(rest[3]) && rest[4] == '-') {
        const std::size_t end = run(text, at + 5, is_word);
        if (end - at >= 15) return end;
    }
    // AWS access key ids: exactly 20 capitals and digits.
    if (rest.starts_with("AKIA") || rest.starts_with("ASIA")) {
        const std::size_t end = run(text, at, [](char c) { return is_upper(c) || is_digit(c); });
        if (end - at == 20 && (end == text.size() || !is_word(text[end]))) return end;
    }
    return none;
}

// header.payload[.signature], each base64url, the header beginning with {" . `header` is where the word that
// begins at `at` ends.
std::size_t json_web_token(std::string_view text, std::size_t at, std::size_t header) {
    if (!text.substr(at).starts_with("eyJ")) return none;
    if (header - at < 10 || header >= text.size() || text[header] != '.') return none;
    const std::size_t payload = run(text, header + 1, is_word);
    if (payload - header < 3) return none;
    if (payload >= text.size() || text[payload] != '.') return payload;
    return run(text, payload + 1, is_word);
}

// A credential inside the word [at, end), which it may outreach ("x-ghp_..." counts, "xghp_..." does not).
hidden shaped_token(std::string_view text, std::size_t at, std::size_t end) {
    for (std::size_t i = at; i < end; ++i) {
        if (i != at && is_alnum(text[i - 1])) continue;
        std::size_t found = prefixed_token(text, i);
        if (found == none) found = json_web_token(text, i, end);
        if (found != none) return {i, found};
    }
    return {};
}

// "Bearer X" and "Basic X": the place of X.
hidden scheme_credentials(std::string_view text, std::size_t at) {
    const std::string_view rest = text.substr(at);
    const bool bearer = starts_with_ignoring_case(rest, "bearer");
    if (!bearer && !starts_with_ignoring_case(rest, "basic")) return {};
    const std::size_t word_end = at + (bearer ? 6 : 5);
    const std::size_t begin = run(text, word_end, [](char c) { return c == ' '; });
    if (begin == word_end) return {};
    if (bearer) return {begin, run(text, begin, is_token)};
    // "Basic usage" is plain English; base64 of a name and a password hardly ever is small letters alone.
    const std::size_t end = run(text, begin, is_base64);
    const bool plain = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                   text.begin() + static_cast<std::ptrdiff_t>(end), is_lower);
    return plain || end - begin < 6 ? hidden{} : hidden{begin, end};
}

constexpr std::array<std::string_view, 14> secret_names = {
    "token",    "password",   "passwd",     "secret",      "apikey",        "api_key",   "api-key",
    "apitoken", "secret_key", "access_key", "private_key", "authorization", "signature", "credential"};

bool is_quote(char c) {
    return c == '"' || c == '\'';
}

// The value whose opening quote stands at `at`, up to the closing one. In JSON inside a string the quotes
// come with backslashes; the first of them ends the value then.
hidden quoted_value(std::string_view text, std::size_t at, bool escaped) {
    const char quote = text[at];
    const std::size_t begin = at + 1;
    for (at = begin; at < text.size() && text[at] != quote; ++at) {
        if (text[at] != '\\') continue;
        if (escaped) break;
        ++at;
    }
    return {begin, std::min(at, text.size())};
}

// password=X, "token": "X", Authorization: X, where the word [begin, end) has just been read: the place of X.
// An English sentence ("no token: sign in first") is left alone: a colon counts only before a quote or for
// the header.
hidden named_value(std::string_view text, std::size_t begin, std::size_t end) {
    const std::string_view word = text.substr(begin, end - begin);
    if (!names_secret(word)) return {};
    const auto is_blank = [](char c) { return c == ' '; };
    const auto is_backslash = [](char c) { return c == '\\'; };
    std::size_t at = run(text, end, is_backslash);
    if (at < text.size() && is_quote(text[at])) ++at;
    at = run(text, at, is_blank);
    if (at >= text.size() || (text[at] != '=' && text[at] != ':')) return {};
    const bool assigned = text[at] == '=' || starts_with_ignoring_case(word, "authorization");
    const std::size_t value = run(text, at + 1, is_blank);
    const std::size_t quote = run(text, value, is_backslash);
    if (quote < text.size() && is_quote(text[quote])) return quoted_value(text, quote, quote != value);
    if (!assigned) return {};
    // "Authorization: Bearer X" is left to the schemes.
    const std::string_view rest = text.substr(value);
    if (starts_with_ignoring_case(rest, "bearer ") || starts_with_ignoring_case(rest, "basic ")) return {};
    const auto in_value = [](char c) { return is_token(c) || c == '!' || c == '@' || c == '$' || c == '*'; };
    return {value, run(text, value, in_value)};
}

// scheme://user:password@host, where `at` stands on "://": the place of user:password.
hidden url_credentials(std::string_view text, std::size_t at) {
    const std::size_t begin = at + 3;
    std::size_t sign = none;
    for (std::size_t i = begin; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '/' || c == '?' || c == '#' || c == ' ' || c == '"' || c == '\'' || c == '<' || c == '>')
            break;
        if (c == '@') sign = i;
    }
    return sign == none ? hidden{} : hidden{begin, sign};
}

// PEM private keys: each from its first line to its last, or to the end of the text.
void find_pem_keys(std::string_view text, std::vector<hidden>& out) {
    constexpr std::string_view opening = "-----BEGIN ";
    constexpr std::string_view closing = "PRIVATE KEY-----";
    for (std::size_t at = text.find(opening); at != none; at = text.find(opening, at)) {
        const std::size_t label = at + opening.size();
        if (text.substr(label, 40).find(closing) == none) {
            at = label;
            continue;
        }
        const std::size_t last = text.find("-----END ", label);
        const std::size_t end = last == none ? none : text.find(closing, last);
        out.push_back({at, end == none ? text.size() : end + closing.size()});
        at = out.back().end;
    }
}

// A text that is nothing but one long line of base64: the inside of a key that came line by line. Hex is left
// alone, as digests are no secret.
bool is_key_line(std::string_view text) {
    while (text.ends_with(' '))
        text.remove_suffix(1);
    while (text.starts_with(' '))
        text.remove_prefix(1);
    if (text.size() < 60 || text.size() > 80 || !std::all_of(text.begin(), text.end(), is_base64))
        return false;
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return !is_digit(c) && (lower(c) < 'a' || lower(c) > 'f'); });
}

} // namespace

bool names_secret(std::string_view word) {
    return std::any_of(secret_names.begin(), secret_names.end(), [&](std::string_view name) {
        return word.size() >= name.size() &&
               starts_with_ignoring_case(word.substr(word.size() - name.size()), name);
    });
}

void find_token_shapes(std::string_view text, std::vector<hidden>& out) {
    if (is_key_line(text)) {
        out.push_back({0, text.size()});
        return;
    }
    find_pem_keys(text, out);
    // Hides what was found; where the search goes on.
    const auto hide = [&](hidden found, std::size_t otherwise) {
        if (found.end <= found.begin) return otherwise;
        out.push_back(found);
        return std::max(found.end, otherwise);
    };
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == ':' && text.substr(at, 3) == "://") {
            hide(url_credentials(text, at), at);
            at += 3;
            continue;
        }
        if (!is_word(c)) {
            ++at;
            continue;
        }
        const std::size_t word_end = run(text, at, is_word);
        const hidden token = shaped_token(text, at, word_end);
        if (token.end != 0) {
            at = hide(token, word_end);
            continue;
        }
        hide(scheme_credentials(text, at), at);
        at = hide(named_value(text, at, word_end), word_end);
    }
}

} // namespace drawbridge::telemetry
