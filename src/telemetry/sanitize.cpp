#include "telemetry/sanitize.hpp"

#include "jsonrpc/utf8.hpp"
#include "telemetry/spellings.hpp"
#include "telemetry/token_shapes.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace drawbridge::telemetry {

namespace {

constexpr std::string_view mask = "***";
constexpr std::size_t least_secret = 4; // shorter ones only as whole words
constexpr std::size_t least_line = 8;   // of a secret with several lines
constexpr std::size_t least_beginning = 8;
constexpr std::size_t least_coded = 6; // of a secret in base64: shorter ones are met by chance
constexpr int most_escapes = 2;        // JSON in JSON, a URL in JSON

bool between(char c, int low, int high) {
    const auto value = static_cast<unsigned char>(c);
    return value >= low && value <= high;
}

// The place after the ANSI escape whose ESC stands at `at` (ECMA-48 5.4, 5.6). What is none only loses its
// ESC.
std::size_t escape_end(std::string_view text, std::size_t at) {
    const std::size_t begin = at + 1;
    if (begin >= text.size()) return begin;
    const char kind = text[begin];
    at = begin + 1;
    if (kind == '[') {
        while (at < text.size() && between(text[at], 0x20, 0x3F))
            ++at;
        return at < text.size() && between(text[at], 0x40, 0x7E) ? at + 1 : begin + 1;
    }
    if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
        while (at < text.size() && text[at] != '\x07' && text[at] != '\x1B')
            ++at;
        if (at >= text.size()) return begin + 1;
        if (text[at] == '\x07') return at + 1;
        return text.substr(at, 2) == "\x1B\\" ? at + 2 : at;
    }
    at = begin;
    while (at < text.size() && between(text[at], 0x20, 0x2F))
        ++at;
    return at < text.size() && between(text[at], 0x30, 0x7E) ? at + 1 : begin;
}

// One line of valid UTF-8 without control characters.
std::string clean(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    for (std::size_t at = 0; at < raw.size();) {
        const char c = raw[at];
        if (between(c, 0x20, 0x7E)) {
            out += c;
            ++at;
        } else if (c == '\x1B') {
            at = escape_end(raw, at);
        } else if (between(c, 0, 0x7F)) {
            const bool part_of_break = c == '\r' && raw.substr(at + 1, 1) == "\n";
            if ((c == '\n' || c == '\t' || c == '\r') && !part_of_break) out += ' ';
            ++at;
        } else {
            const std::size_t length = jsonrpc::utf8_length(raw, at);
            const bool control = length == 2 && c == '\xC2' && between(raw[at + 1], 0x80, 0x9F);
            if (!control) out += length == 0 ? jsonrpc::replacement_character : raw.substr(at, length);
            at += length == 0 ? 1 : length;
        }
    }
    return out;
}

std::string_view trim(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

// A secret as it stands in a cleaned text, and each line of one that has several.
void add_values(std::string_view secret, std::vector<std::string>& out) {
    const auto add = [&](std::string_view raw, std::size_t least) {
        const std::string cleaned = clean(raw);
        if (const auto value = trim(cleaned); value.size() >= least) out.emplace_back(value);
    };
    add(secret, 1);
    if (secret.find('\n') == std::string_view::npos) return;
    while (!secret.empty()) {
        const std::size_t line_break = std::min(secret.find('\n'), secret.size());
        add(secret.substr(0, line_break), least_line);
        secret.remove_prefix(std::min(line_break + 1, secret.size()));
    }
}

bool is_word(char c) {
    return between(c, '0', '9') || between(c, 'a', 'z') || between(c, 'A', 'Z') || c == '_';
}

bool is_whole_word(std::string_view text, std::size_t begin, std::size_t end) {
    return (begin == 0 || !is_word(text[begin - 1])) && (end == text.size() || !is_word(text[end]));
}

// Knuth, Morris and Pratt: for each prefix of the pattern the length of its longest proper border.
std::vector<std::uint32_t> borders(std::string_view pattern) {
    std::vector<std::uint32_t> out(pattern.size(), 0);
    std::uint32_t length = 0;
    for (std::size_t i = 1; i < pattern.size(); ++i) {
        while (length > 0 && pattern[i] != pattern[length])
            length = out[length - 1];
        if (pattern[i] == pattern[length]) ++length;
        out[i] = length;
    }
    return out;
}

// True when the text may end with a beginning of the secret.
bool may_begin_at_end(std::string_view text, std::string_view secret) {
    if (secret.size() <= least_beginning) return false;
    const auto last = text.substr(text.size() - std::min(text.size(), secret.size() - 1));
    return ::memmem(last.data(), last.size(), secret.data(), least_beginning) != nullptr;
}

// All places of the secret, overlapping ones too, and a beginning of it at the end of the text. Linear,
// whatever the text is made of; a text without the secret only costs the library's search.
void find_secret(std::string_view text, std::string_view secret, std::vector<hidden>& out) {
    const bool there = ::memmem(text.data(), text.size(), secret.data(), secret.size()) != nullptr;
    if (!there && !may_begin_at_end(text, secret)) return;
    const auto border = borders(secret);
    std::size_t at = there || text.size() < secret.size() ? 0 : text.size() - secret.size() + 1;
    std::size_t matched = 0;
    for (; at < text.size(); ++at) {
        if (matched == secret.size()) matched = border[matched - 1];
        while (matched > 0 && text[at] != secret[matched])
            matched = border[matched - 1];
        if (text[at] == secret[matched]) ++matched;
        if (matched != secret.size()) continue;
        const hidden place{at + 1 - matched, at + 1};
        if (secret.size() >= least_secret || is_whole_word(text, place.begin, place.end))
            out.push_back(place);
    }
    if (matched >= least_beginning && matched < secret.size())
        out.push_back({text.size() - matched, text.size()});
}

bool holds(std::string_view text, std::string_view what) {
    return text.find(what) != std::string_view::npos;
}

// Looks for the secrets in a text, and in what it says when its escapes are read.
class search {
  public:
    explicit search(const std::vector<std::string>& values) : values_(values) {}

    std::vector<hidden> run(std::string_view text) {
        look(text, nullptr, holds(text, "\\"), holds(text, "%"));
        return std::move(found_);
    }

  private:
    // A decoded text and the one that it was made from; null: the text itself.
    struct nesting {
        const decoded_text& text;
        const nesting* outer;
        int depth;
    };

    // `backslashes`, `percents`: there are such escapes that have not been read in another order already.
    void look(std::string_view text, const nesting* inside, bool backslashes, bool percents) {
        find(text, inside, 0);
        for (std::size_t skipped = 0; skipped < 4; ++skipped) {
            const auto decoded = base64_decoded(text, skipped);
            if (decoded.bytes.empty()) break;
            const nesting coded{decoded, inside, 0};
            find(decoded.bytes, &coded, least_coded);
        }
        const int depth = inside == nullptr ? 1 : inside->depth + 1;
        if (depth > most_escapes) return;
        if (backslashes) {
            const auto plain = unescaped(text);
            const nesting inner{plain, inside, depth};
            look(plain.bytes, &inner, holds(plain.bytes, "\\"), holds(plain.bytes, "%"));
        }
        if (percents) {
            const auto plain = percent_decoded(text);
            const nesting inner{plain, inside, depth};
            look(plain.bytes, &inner, holds(text, "%5C") || holds(text, "%5c"), holds(text, "%25"));
        }
    }

    void find(std::string_view text, const nesting* inside, std::size_t least) {
        places_.clear();
        for (const auto& value : values_)
            if (value.size() >= least) find_secret(text, value, places_);
        for (auto place : places_) {
            for (const auto* each = inside; each != nullptr; each = each->outer)
                place = each->text.origin(place);
            found_.push_back(place);
        }
    }

    const std::vector<std::string>& values_;
    std::vector<hidden> places_;
    std::vector<hidden> found_;
};

std::string hide(std::string_view text, std::vector<hidden>& places) {
    std::sort(places.begin(), places.end(),
              [](const hidden& a, const hidden& b) { return a.begin < b.begin; });
    std::string out;
    out.reserve(text.size());
    std::size_t done = 0;
    for (std::size_t i = 0; i < places.size();) {
        const std::size_t begin = places[i].begin;
        std::size_t end = places[i].end;
        for (++i; i < places.size() && places[i].begin <= end; ++i)
            end = std::max(end, places[i].end);
        out.append(text, done, begin - done);
        out.append(mask);
        done = end;
    }
    out.append(text, done);
    return out;
}

} // namespace

std::string hide_secrets(std::string_view text, const std::vector<std::string>& secrets) {
    std::vector<std::string> values;
    for (const auto& secret : secrets)
        add_values(secret, values);
    auto places = search(values).run(text);
    find_token_shapes(text, places);
    return hide(text, places);
}

std::string sanitize(std::string_view raw, const std::vector<std::string>& secrets, std::size_t limit) {
    const std::string cleaned = clean(raw);
    std::string out = hide_secrets(trim(cleaned), secrets);
    if (out.size() <= limit) return out;
    constexpr std::string_view dots = "...";
    if (limit < dots.size()) return out.substr(0, jsonrpc::utf8_border(out, limit));
    out.resize(jsonrpc::utf8_border(out, limit - dots.size()));
    return out += dots;
}

} // namespace drawbridge::telemetry
