#include "mcp/sealed_state.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace drawbridge::mcp {

namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t number_bytes = 8;
constexpr std::size_t fixed_bytes = 1 + 6 * number_bytes; // of the content, before the digest
constexpr std::size_t most_sealed = 1024;                 // no state of ours is half as long
constexpr char content_version = 2;
constexpr std::string_view key_label = "drawbridge request state key 1";
constexpr std::string_view bound_label = "drawbridge request state 1 of server ";

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

// What is asked of OpenSSL here fails for want of memory only.
void must(bool done) {
    if (!done) throw std::bad_alloc();
}

// A key or a nonce that could be guessed is worse than an end.
void fill_randomly(unsigned char* out, std::size_t size) {
    if (RAND_bytes(out, static_cast<int>(size)) != 1) std::terminate();
}

struct deleter {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
    void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
template <class T>
using owned = std::unique_ptr<T, deleter>;

// --- base64url without padding (RFC 4648, section 5)

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(std::string_view raw) {
    std::string out;
    out.reserve(raw.size() * 4 / 3 + 2);
    std::uint32_t held = 0;
    int bits = 0;
    for (const char c : raw) {
        held = held << 8 | static_cast<unsigned char>(c);
        for (bits += 8; bits >= 6;) {
            bits -= 6;
            out += alphabet[held >> bits & 63];
        }
    }
    if (bits != 0) out += alphabet[held << (6 - bits) & 63];
    return out;
}

// Only what encode() gives: with spare bits in the last character one state would have several spellings.
std::optional<std::string> decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    std::uint32_t held = 0;
    int bits = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        held = held << 6 | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(held >> bits & 255);
    }
    const std::uint32_t spare = held & ((std::uint32_t{1} << bits) - 1);
    if (bits >= 6 || spare != 0) return std::nullopt;
    return out;
}

// --- the content

void append_number(std::string& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 255);
}

std::uint64_t read_number(std::string_view text, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < number_bytes; ++i)
        value = value << 8 | static_cast<unsigned char>(text[at + i]);
    return value;
}

std::uint64_t random_number() {
    std::string raw(number_bytes, '\0');
    fill_randomly(bytes(raw), raw.size());
    return read_number(raw, 0);
}

std::string write_content(const parked_state& what, std::uint64_t process) {
    std::string out(1, content_version);
    const auto expires = what.expires.time_since_epoch().count();
    for (const auto number :
         {process, what.link, what.call, what.round, what.agent, static_cast<std::uint64_t>(expires)})
        append_number(out, number);
    return out += what.digest;
}

std::optional<parked_state> read_content(std::string_view text, std::uint64_t process) {
    using clock = std::chrono::system_clock;
    if (text.size() < fixed_bytes || text[0] != content_version) return std::nullopt;
    const auto number = [&](std::size_t index) { return read_number(text, 1 + index * number_bytes); };
    parked_state out;
    out.link = number(0) == process ? number(1) : 0;
    out.call = number(2);
    out.round = number(3);
    out.agent = number(4);
    out.expires = clock::time_point(clock::duration(static_cast<clock::rep>(number(5))));
    out.digest = std::string(text.substr(fixed_bytes));
    return out;
}

// --- AES-256-GCM; a box is nonce, ciphertext and tag

std::string bound_text(std::string_view server) {
    return std::string(bound_label) + std::string(server);
}

std::string encrypt(const unsigned char* key, std::string_view plain, std::string_view bound) {
    std::string box(nonce_bytes + plain.size() + tag_bytes, '\0');
    unsigned char* const out = bytes(box);
    fill_randomly(out, nonce_bytes);
    const owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
    auto* const to = context.get();
    int done = 0;
    must(to != nullptr && EVP_EncryptInit_ex(to, EVP_aes_256_gcm(), nullptr, key, out) == 1);
    must(EVP_EncryptUpdate(to, nullptr, &done, bytes(bound), static_cast<int>(bound.size())) == 1);
    must(EVP_EncryptUpdate(to, out + nonce_bytes, &done, bytes(plain), static_cast<int>(plain.size())) == 1);
    unsigned char* const tag = out + nonce_bytes + plain.size();
    must(EVP_EncryptFinal_ex(to, tag, &done) == 1); // writes nothing
    must(EVP_CIPHER_CTX_ctrl(to, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_bytes), tag) == 1);
    return box;
}

// nullopt: it is none of ours.
std::optional<std::string> decrypt(const unsigned char* key, std::string box, std::string_view bound) {
    if (box.size() < nonce_bytes + tag_bytes) return std::nullopt;
    std::string plain(box.size() - nonce_bytes - tag_bytes, '\0');
    unsigned char* const in = bytes(box);
    unsigned char* const tag = in + nonce_bytes + plain.size();
    const owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
    auto* const to = context.get();
    int done = 0;
    const int size = static_cast<int>(plain.size());
    must(to != nullptr && EVP_DecryptInit_ex(to, EVP_aes_256_gcm(), nullptr, key, in) == 1);
    must(EVP_DecryptUpdate(to, nullptr, &done, bytes(bound), static_cast<int>(bound.size())) == 1);
    must(EVP_DecryptUpdate(to, bytes(plain), &done, in + nonce_bytes, size) == 1);
    must(EVP_CIPHER_CTX_ctrl(to, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_bytes), tag) == 1);
    unsigned char none[tag_bytes];
    if (EVP_DecryptFinal_ex(to, none, &done) != 1) return std::nullopt;
    return plain;
}

// HKDF (RFC 5869) with SHA-256.
void derive_key(std::string_view secret, unsigned char* out, std::size_t size) {
    const owned<EVP_KDF> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    must(kdf != nullptr);
    const owned<EVP_KDF_CTX> context(EVP_KDF_CTX_new(kdf.get()));
    must(context != nullptr);
    char hash[] = "SHA256";
    // OpenSSL takes pointers to what it only reads.
    auto* const secret_at = const_cast<char*>(secret.data());
    auto* const label_at = const_cast<char*>(key_label.data());
    const OSSL_PARAM settings[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret_at, secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, label_at, key_label.size()),
        OSSL_PARAM_construct_end()};
    must(EVP_KDF_derive(context.get(), out, size, settings) == 1);
}

} // namespace

sealer::sealer() : sealer(std::string_view()) {}

sealer::sealer(std::string_view secret) : process_(random_number()) {
    if (secret.empty())
        fill_randomly(key_.data(), key_.size());
    else
        derive_key(secret, key_.data(), key_.size());
}

sealer::~sealer() {
    OPENSSL_cleanse(key_.data(), key_.size());
}

std::string sealer::seal(const parked_state& what, std::string_view server) const {
    return encode(encrypt(key_.data(), write_content(what, process_), bound_text(server)));
}

std::optional<parked_state> sealer::open(std::string_view sealed, std::string_view server,
                                         std::chrono::system_clock::time_point now) const {
    if (sealed.size() > most_sealed) return std::nullopt;
    auto box = decode(sealed);
    if (!box) return std::nullopt;
    const auto content = decrypt(key_.data(), std::move(*box), bound_text(server));
    if (!content) return std::nullopt;
    auto state = read_content(*content, process_);
    if (!state || state->expires <= now) return std::nullopt;
    return state;
}

} // namespace drawbridge::mcp
