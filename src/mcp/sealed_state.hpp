// The requestState that the gateway hands to clients: encrypted and authenticated (AES-256-GCM), so that a
// client can neither read nor change nor make one (MCP 2026-07-28, multi round-trip requests).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::mcp {

// A call that waits for its client's answers.
struct parked_state {
    std::uint64_t link = 0;  // incarnation; 0, which no link has: of another process
    std::uint64_t call = 0;  // on that link
    std::uint64_t round = 0; // which answers it waits for
    std::uint64_t agent = 0;
    std::string digest; // of method and arguments, see call_digest
    std::chrono::system_clock::time_point expires;

    bool operator==(const parked_state&) const = default;
};

// Immutable; safe to share. The key never leaves it.
class sealer {
  public:
    static constexpr std::size_t key_bytes = 32;

    // A random key: what it seals is worth nothing after the gateway's end.
    sealer();
    // `secret`: any text that nobody can guess; the key is derived from it (HKDF), so its strength is the
    // key's. For replicas that share it. An empty one is none: a random key, as above.
    explicit sealer(std::string_view secret);
    ~sealer(); // wipes the key
    sealer(const sealer&) = delete;
    sealer& operator=(const sealer&) = delete;

    // Base64url without padding. `server` is bound to it.
    std::string seal(const parked_state& what, std::string_view server) const;
    // nullopt: not ours, changed, of another server, or expired at `now`. Of another sealer with the same
    // secret: its link is 0, because numbers of links and calls mean something in their own process only.
    std::optional<parked_state> open(std::string_view sealed, std::string_view server,
                                     std::chrono::system_clock::time_point now) const;

  private:
    std::array<unsigned char, key_bytes> key_;
    std::uint64_t process_ = 0; // random
};

// SHA-256 (hexadecimal) over the method and over params without _meta, inputResponses and requestState,
// member by member in the order of their names: a retry that says the same in another order or spelling is
// the same call. `text`: the whole message.
std::string call_digest(std::string_view method, std::string_view text);

} // namespace drawbridge::mcp
