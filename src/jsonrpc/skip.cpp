#include "jsonrpc/skip.hpp"

#include "jsonrpc/text.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace drawbridge::jsonrpc {

namespace {

constexpr std::size_t block_size = 64;

// One bit per byte of a block, the first byte lowest.
struct block {
    std::uint64_t quotes = 0;
    std::uint64_t backslashes = 0;
    std::uint64_t opens = 0;  // { [
    std::uint64_t closes = 0; // } ]
};

#if defined(__SSE2__)

// Four lanes of 16 bytes. Spelled out: g++ 12 unrolls nothing at -O2.
struct lanes {
    __m128i a, b, c, d;

    explicit lanes(const char* from)
        : a(load(from))
        , b(load(from + 16))
        , c(load(from + 32))
        , d(load(from + 48)) {}
    lanes(__m128i first, __m128i second, __m128i third, __m128i fourth)
        : a(first)
        , b(second)
        , c(third)
        , d(fourth) {}

    static __m128i load(const char* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

    lanes operator|(__m128i bits) const {
        return {_mm_or_si128(a, bits), _mm_or_si128(b, bits), _mm_or_si128(c, bits), _mm_or_si128(d, bits)};
    }

    std::uint64_t equal(char wanted) const {
        const __m128i pattern = _mm_set1_epi8(wanted);
        const std::uint64_t low = mask(a, pattern) | mask(b, pattern) << 16;
        const std::uint64_t high = mask(c, pattern) | mask(d, pattern) << 16;
        return low | high << 32;
    }

    static std::uint64_t mask(__m128i lane, __m128i pattern) {
        return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(lane, pattern)));
    }
};

block read_block(const char* from) {
    const lanes bytes(from);
    block out;
    out.quotes = bytes.equal('"');
    out.backslashes = bytes.equal('\\');
    // '[' and ']' differ from '{' and '}' by bit 0x20 alone, and no other character joins them.
    const lanes folded = bytes | _mm_set1_epi8(0x20);
    out.opens = folded.equal('{');
    out.closes = folded.equal('}');
    return out;
}

__m128i quotes_and_backslashes(__m128i lane) {
    return _mm_or_si128(_mm_cmpeq_epi8(lane, _mm_set1_epi8('"')), _mm_cmpeq_epi8(lane, _mm_set1_epi8('\\')));
}

bool has_quote_or_backslash(const char* from) {
    const lanes bytes(from);
    const __m128i low = _mm_or_si128(quotes_and_backslashes(bytes.a), quotes_and_backslashes(bytes.b));
    const __m128i high = _mm_or_si128(quotes_and_backslashes(bytes.c), quotes_and_backslashes(bytes.d));
    return _mm_movemask_epi8(_mm_or_si128(low, high)) != 0;
}

#else

block read_block(const char* from) {
    block out;
    for (std::size_t i = 0; i < block_size; ++i) {
        const std::uint64_t bit = std::uint64_t{1} << i;
        switch (from[i]) {
        case '"':
            out.quotes |= bit;
            break;
        case '\\':
            out.backslashes |= bit;
            break;
        case '{':
        case '[':
            out.opens |= bit;
            break;
        case '}':
        case ']':
            out.closes |= bit;
            break;
        default:
            break;
        }
    }
    return out;
}

bool has_quote_or_backslash(const char* from) {
    return std::memchr(from, '"', block_size) != nullptr || std::memchr(from, '\\', block_size) != nullptr;
}

#endif

// The bytes that a backslash escapes: those after an odd run of backslashes, found by the carry of one
// subtraction (the method of simdjson). `carry`: the first byte of the next block is escaped.
std::uint64_t escaped_bytes(std::uint64_t backslashes, std::uint64_t& carry) {
    if (backslashes == 0) return std::exchange(carry, 0);
    constexpr std::uint64_t odd = 0xAAAAAAAAAAAAAAAA;
    const std::uint64_t potential = backslashes & ~carry;
    const std::uint64_t series = ((potential << 1) | odd) - potential;
    const std::uint64_t codes = series ^ odd;
    const std::uint64_t escaped = codes ^ (backslashes | carry);
    carry = (codes & backslashes) >> 63;
    return escaped;
}

// Bit i: an odd number of quotes stands at or before byte i.
std::uint64_t prefix_xor(std::uint64_t bits) {
    for (int shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

// The open brackets, one bit each (1: a brace), so that {"a":[} is refused at any depth for little memory.
class bracket_stack {
  public:
    void push(bool brace) {
        if (depth_ != 0 && depth_ % 64 == 0) full_.push_back(top_);
        top_ = top_ << 1 | static_cast<std::uint64_t>(brace);
        ++depth_;
    }
    bool pop(bool brace) {
        if (depth_ == 0 || (top_ & 1) != static_cast<std::uint64_t>(brace)) return false;
        top_ >>= 1;
        if (--depth_ != 0 && depth_ % 64 == 0) {
            top_ = full_.back();
            full_.pop_back();
        }
        return true;
    }
    bool empty() const { return depth_ == 0; }

  private:
    std::uint64_t top_ = 0;
    std::size_t depth_ = 0;
    std::vector<std::uint64_t> full_;
};

// The last bytes of the text as a whole block. Copied in two overlapping steps of fixed size where that is
// possible: a copy of variable length costs more than the whole block.
const char* pad(std::string_view rest, char (&out)[block_size]) {
    std::memset(out, ' ', block_size);
    if (rest.size() >= 32) {
        std::memcpy(out, rest.data(), 32);
        std::memcpy(out + rest.size() - 32, rest.data() + rest.size() - 32, 32);
    } else if (rest.size() >= 8) {
        for (std::size_t i = 0; i + 8 <= rest.size(); i += 8)
            std::memcpy(out + i, rest.data() + i, 8);
        std::memcpy(out + rest.size() - 8, rest.data() + rest.size() - 8, 8);
    } else {
        for (std::size_t i = 0; i < rest.size(); ++i)
            out[i] = rest[i];
    }
    return out;
}

// From a block at `at` that lies inside a string and has no quote: to the last block before the one with the
// next quote. memchr is the fastest thing there is for a long string; only the backslashes right before the
// block that it leads to matter.
std::size_t jump(std::string_view text, std::size_t at, std::uint64_t& escape_carry) {
    escape_carry = 0;
    if (text.size() - at <= 2 * block_size) return at;
    const std::size_t quote = std::min(text.find('"', at + block_size), text.size());
    const std::size_t target = at + (quote - at) / block_size * block_size;
    std::size_t before = target;
    while (before > at && text[before - 1] == '\\')
        --before;
    escape_carry = (target - before) & 1;
    return target - block_size;
}

std::size_t container_end(std::string_view text, std::size_t at) {
    bracket_stack open;
    std::uint64_t escape_carry = 0;
    std::uint64_t string_carry = 0; // all ones inside a string
    for (; at < text.size(); at += block_size) {
        char padded[block_size];
        const char* from = text.data() + at;
        if (text.size() - at < block_size) from = pad(text.substr(at), padded);
        if (string_carry != 0 && !has_quote_or_backslash(from)) {
            at = jump(text, at, escape_carry);
            continue;
        }
        const block bits = read_block(from);
        const std::uint64_t quotes = bits.quotes & ~escaped_bytes(bits.backslashes, escape_carry);
        const std::uint64_t inside = prefix_xor(quotes) ^ string_carry;
        string_carry = std::uint64_t{0} - (inside >> 63);
        for (std::uint64_t left = (bits.opens | bits.closes) & ~inside; left != 0; left &= left - 1) {
            const int index = std::countr_zero(left);
            const bool brace = (from[index] & 0x20) != 0;
            if ((bits.opens >> index & 1) != 0) {
                open.push(brace);
            } else if (!open.pop(brace)) {
                return npos;
            } else if (open.empty()) {
                return at + static_cast<std::size_t>(index) + 1;
            }
        }
    }
    return npos;
}

bool is_scalar_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '+' || c == '.';
}

} // namespace

std::size_t find_quote_or_backslash(std::string_view text, std::size_t at) {
#if defined(__SSE2__)
    std::size_t steps = 0;
    for (; text.size() - at >= 16; at += 16) {
        const __m128i lane = lanes::load(text.data() + at);
        const auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(quotes_and_backslashes(lane)));
        if (bits != 0) return at + static_cast<std::size_t>(std::countr_zero(bits));
        // A long string: four lanes a step until something is near.
        if (++steps % 8 == 0) {
            while (text.size() - at >= block_size + 16 && !has_quote_or_backslash(text.data() + at + 16))
                at += block_size;
        }
    }
#endif
    while (at < text.size() && text[at] != '"' && text[at] != '\\')
        ++at;
    return at;
}

std::size_t string_end(std::string_view text, std::size_t at) {
    for (++at;; at += 2) {
        at = find_quote_or_backslash(text, at);
        if (at >= text.size()) return npos;
        if (text[at] == '"') return at + 1;
        if (text.size() - at < 2) return npos;
    }
}

std::size_t value_end(std::string_view text, std::size_t at) {
    if (at >= text.size()) return npos;
    if (text[at] == '"') return string_end(text, at);
    if (text[at] == '{' || text[at] == '[') return container_end(text, at);
    const std::size_t begin = at;
    while (at < text.size() && is_scalar_character(text[at]))
        ++at;
    return at == begin ? npos : at;
}

bool object_walker::fail() {
    failed_ = true;
    return false;
}

bool object_walker::next_key(span& key) {
    if (failed_) return false;
    at_ = skip_blank(text_, at_);
    if (at_ >= text_.size()) return fail();
    if (text_[at_] == '}') {
        ++at_;
        return false;
    }
    if (!std::exchange(first_, false)) {
        if (text_[at_] != ',') return fail();
        at_ = skip_blank(text_, at_ + 1);
    }
    if (at_ >= text_.size() || text_[at_] != '"') return fail();
    const std::size_t key_end = string_end(text_, at_);
    if (key_end == npos) return fail();
    key = {at_, key_end - at_};
    at_ = skip_blank(text_, key_end);
    if (at_ >= text_.size() || text_[at_] != ':') return fail();
    at_ = skip_blank(text_, at_ + 1);
    return true;
}

bool object_walker::next(member& out) {
    if (!next_key(out.key)) return false;
    const std::size_t end = value_end(text_, at_);
    if (end == npos) return fail();
    out.value = {at_, end - at_};
    at_ = end;
    return true;
}

bool array_walker::fail() {
    failed_ = true;
    return false;
}

bool array_walker::next(span& element) {
    if (failed_) return false;
    at_ = skip_blank(text_, at_);
    if (at_ >= text_.size()) return fail();
    if (text_[at_] == ']') {
        ++at_;
        return false;
    }
    if (!std::exchange(first_, false)) {
        if (text_[at_] != ',') return fail();
        at_ = skip_blank(text_, at_ + 1);
    }
    const std::size_t end = value_end(text_, at_);
    if (end == npos) return fail();
    element = {at_, end - at_};
    at_ = end;
    return true;
}

span find_member(std::string_view text, span object, std::string_view key) {
    if (!object.present() || text[object.begin] != '{') return {};
    object_walker members(text, object.begin);
    member each;
    while (members.next(each))
        if (string_equals(each.key.in(text), key)) return each.value;
    return {};
}

} // namespace drawbridge::jsonrpc
