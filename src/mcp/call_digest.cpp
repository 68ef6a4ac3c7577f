// Of which call a state was made: so that it is worth nothing in another one.
#include "mcp/sealed_state.hpp"

#include "jsonrpc/envelope.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace drawbridge::mcp {

namespace {

using jsonrpc::span;

constexpr std::string_view hexadecimal = "0123456789abcdef";

// SHA-256 fails for want of memory only.
void must(bool done) {
    if (!done) throw std::bad_alloc();
}

struct deleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// SHA-256 over JSON as it is meant: blanks, the order of members and the spelling of strings don't count.
// Every piece goes in with its kind and length, so that no two values give the same bytes.
class meaning {
  public:
    meaning() : context_(EVP_MD_CTX_new()) {
        must(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
    }

    void add(char kind, std::string_view piece) {
        pending_ += kind;
        append_length(piece.size());
        if (piece.size() < gathered) {
            pending_ += piece;
        } else {
            flush();
            update(piece);
        }
        if (pending_.size() >= gathered) flush();
    }

    void add_object(std::string_view text, span object, bool is_params, int depth) {
        std::vector<std::pair<std::string, span>> members;
        jsonrpc::object_walker walker(text, object.begin);
        jsonrpc::member each;
        while (walker.next(each)) {
            const auto token = each.key.in(text);
            auto name = jsonrpc::unescape(token).value_or(std::string(token));
            if (!is_params || !is_of_one_round(name)) members.emplace_back(std::move(name), each.value);
        }
        if (walker.failed()) return add('?', object.in(text));
        // Stable: of a name that stands twice the order tells who wins.
        std::stable_sort(members.begin(), members.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        add('{', {});
        for (const auto& [name, value] : members) {
            add('k', name);
            add_value(text, value, depth);
        }
        add('}', {});
    }

    std::string end() {
        flush();
        std::array<unsigned char, 32> digest{};
        must(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
        std::string out;
        for (const auto byte : digest) {
            out += hexadecimal[byte >> 4];
            out += hexadecimal[byte & 15];
        }
        return out;
    }

  private:
    // Each level is walked over once more for every level above it, so not all the way down: what lies deeper
    // counts as it is spelled.
    static constexpr int most_levels = 12;
    static constexpr std::size_t gathered = 4096; // small pieces go in together: each step of OpenSSL costs

    static bool is_of_one_round(std::string_view name) {
        return name == "_meta" || name == "inputResponses" || name == "requestState";
    }

    void add_value(std::string_view text, span value, int depth) {
        const auto token = value.in(text);
        if (token[0] == '"') {
            const auto said = jsonrpc::unescape(token);
            return said ? add('s', *said) : add('?', token);
        }
        if (depth == most_levels) return add('?', token);
        if (token[0] == '{') return add_object(text, value, false, depth + 1);
        if (token[0] == '[') return add_array(text, value, depth + 1);
        add('v', token);
    }

    void add_array(std::string_view text, span array, int depth) {
        add('[', {});
        jsonrpc::array_walker walker(text, array.begin);
        span element;
        while (walker.next(element))
            add_value(text, element, depth);
        add(walker.failed() ? '!' : ']', {});
        if (walker.failed()) add('?', array.in(text));
    }

    // Seven bits to a byte: short for the short pieces that most are.
    void append_length(std::size_t size) {
        for (; size >= 128; size >>= 7)
            pending_ += static_cast<char>(size | 128);
        pending_ += static_cast<char>(size);
    }

    void flush() {
        update(pending_);
        pending_.clear();
    }

    void update(std::string_view piece) {
        must(EVP_DigestUpdate(context_.get(), piece.data(), piece.size()) == 1);
    }

    std::unique_ptr<EVP_MD_CTX, deleter> context_;
    std::string pending_;
};

} // namespace

std::string call_digest(std::string_view method, std::string_view text) {
    meaning what;
    what.add('m', method);
    const auto params = jsonrpc::scan(text).params;
    if (params.present() && text[params.begin] == '{')
        what.add_object(text, params, true, 0);
    else
        what.add('?', params.in(text));
    return what.end();
}

} // namespace drawbridge::mcp
