// Who this gateway is towards its containers, and the proof that no other process is the same one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::process {

// What tells the containers of this gateway from those of others.
struct instance {
    std::string id;          // 16 hex digits, the same at every start (see instance_id)
    std::string run;         // 8 hex digits, new at every start: makes the names of containers unique
    std::string runtime_dir; // absolute folder that only this user writes to; holds the lock and pid files
};

// Looks a variable up in the gateway's environment; nothing where it is not set.
using variable_lookup = std::function<std::optional<std::string>(std::string_view name)>;

// Stable 64-bit hash (FNV-1a) as 16 hex digits. Not for secrets.
std::string stable_hash(std::string_view text);

// The hash of user and listen address. Machine and folder take part, so that two gateways with the same id
// always meet at the same lock file, even when each runs in a container of its own and they share one engine:
// otherwise one of them could take the living servers of the other for leftovers.
std::string instance_id(std::uint32_t user, std::string_view machine, std::string_view runtime_dir,
                        std::string_view listen_address);

// Where the runtime folder may be, best first: $RUNTIME_DIRECTORY (systemd) alone if set; else
// /run/drawbridge for root; $XDG_RUNTIME_DIR/drawbridge; /run/user/UID/drawbridge; /tmp/drawbridge-UID.
std::vector<std::string> runtime_folders(std::uint32_t user, const variable_lookup& lookup);

// Makes the folder (mode 0700), or checks the one that is there: a real folder of this user that nobody else
// writes to. Returns why it can't be used; empty: it can.
std::string prepare_folder(const std::string& path);

// Takes the first folder of the list above that can be had; only the last one's failure counts.
struct instance_choice {
    instance value;
    std::string error;
};
instance_choice make_instance(const std::string& listen_address);

// Held as long as a gateway of this instance lives (flock on a file in the runtime directory: the kernel
// gives it back when the process dies, however it dies).
class instance_lock {
  public:
    instance_lock() = default;
    instance_lock(instance_lock&& other) noexcept;
    instance_lock& operator=(instance_lock&& other) noexcept;
    ~instance_lock();

    bool held() const { return descriptor_ >= 0; }

  private:
    friend struct locking;
    explicit instance_lock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

struct locking {
    instance_lock lock; // held() unless there is an error
    std::string error;
    static locking acquire(const instance& gateway);
};

} // namespace drawbridge::process
