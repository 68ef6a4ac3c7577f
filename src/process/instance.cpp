#include "process/instance.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace drawbridge::process {
namespace {

std::string hex(std::uint64_t value, int digits) {
    std::string text(static_cast<std::size_t>(digits), '0');
    for (auto place = text.rbegin(); place != text.rend(); ++place, value >>= 4)
        *place = "0123456789abcdef"[value & 15];
    return text;
}

std::string random_hex() {
    std::uint32_t value = 0;
    // Only uniqueness is asked, so the process id will do where there is no entropy yet.
    if (::getrandom(&value, sizeof value, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof value))
        value = static_cast<std::uint32_t>(::getpid());
    return hex(value, 8);
}

std::string machine_name() {
    utsname names{};
    return ::uname(&names) == 0 ? names.nodename : "";
}

std::string with_reason(const std::string& what, int error) {
    return what + ": " + std::strerror(error);
}

bool is_folder(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

std::optional<std::string> from_environment(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

// The process id that the holder of a lock wrote into it.
std::string holder(int descriptor) {
    char text[16];
    const ssize_t n = ::pread(descriptor, text, sizeof text, 0);
    std::string digits;
    for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; ++i)
        digits += text[i];
    return digits;
}

} // namespace

std::string stable_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const unsigned char byte : text)
        hash = (hash ^ byte) * 0x100000001b3;
    return hex(hash, 16);
}

std::string instance_id(std::uint32_t user, std::string_view machine, std::string_view runtime_dir,
                        std::string_view listen_address) {
    std::string all = std::to_string(user);
    for (const auto part : {machine, runtime_dir, listen_address})
        all.append(1, '\n').append(part);
    return stable_hash(all);
}

std::vector<std::string> runtime_folders(std::uint32_t user, const variable_lookup& lookup) {
    std::vector<std::string> folders;
    const auto absolute = [](const std::optional<std::string>& path) {
        return path && path->starts_with('/');
    };
    // systemd separates several folders by colons.
    auto given = lookup("RUNTIME_DIRECTORY");
    if (given) given->resize(std::min(given->find(':'), given->size()));
    if (absolute(given)) return {*given}; // somebody decided: any other place would be a surprise
    // Root's folder must not depend on whether a login session, sudo or a service started us.
    if (user == 0) folders.emplace_back("/run/drawbridge");
    const auto session = lookup("XDG_RUNTIME_DIR");
    if (absolute(session)) folders.push_back(*session + "/drawbridge");
    folders.push_back("/run/user/" + std::to_string(user) + "/drawbridge");
    folders.push_back("/tmp/drawbridge-" + std::to_string(user));
    return folders;
}

std::string prepare_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return with_reason("can't make the folder " + path, errno);
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return with_reason("can't look at the folder " + path, errno);
    if (!S_ISDIR(found.st_mode))
        return path + " is not a folder: remove it, or set RUNTIME_DIRECTORY to a folder of yours";
    if (found.st_uid != ::geteuid())
        return path + " belongs to somebody else: set RUNTIME_DIRECTORY to a folder of yours";
    if ((found.st_mode & 022) != 0) return path + " can be written to by others: chmod 700 it";
    if (::access(path.c_str(), W_OK | X_OK) != 0)
        return with_reason("can't write to the folder " + path, errno);
    return {};
}

instance_choice make_instance(const std::string& listen_address) {
    instance_choice choice;
    const auto user = static_cast<std::uint32_t>(::geteuid());
    const auto folders = runtime_folders(user, from_environment);
    for (const auto& folder : folders) {
        const bool last = folder == folders.back();
        // A session's folder may be gone, or belong to the user that sudo started from.
        if (!last && !is_folder(folder.substr(0, folder.rfind('/')))) continue;
        choice.error = prepare_folder(folder);
        if (!choice.error.empty()) continue;
        choice.value.runtime_dir = folder;
        choice.value.id = instance_id(user, machine_name(), folder, listen_address);
        choice.value.run = random_hex();
        return choice;
    }
    return choice;
}

instance_lock::instance_lock(instance_lock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

instance_lock& instance_lock::operator=(instance_lock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

instance_lock::~instance_lock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

locking locking::acquire(const instance& gateway) {
    locking result;
    const std::string path = gateway.runtime_dir + "/" + gateway.id + ".lock";
    // The file stays for ever: removing it would let two gateways hold a lock of the same name.
    instance_lock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock.held()) {
        result.error = with_reason("can't open the lock file " + path, errno);
        return result;
    }
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            result.error = with_reason("can't lock " + path, errno);
            return result;
        }
        const std::string owner = holder(lock.descriptor_);
        result.error = "another gateway with this listen address runs already" +
                       (owner.empty() ? std::string() : " (process " + owner + ")") +
                       ": stop it first, or choose another port (lock file " + path + ")";
        return result;
    }
    const std::string self = std::to_string(::getpid()) + "\n";
    // Only a hint for the message above; the lock counts.
    if (::ftruncate(lock.descriptor_, 0) != 0 ||
        ::pwrite(lock.descriptor_, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size())) {
        result.error = with_reason("can't write " + path, errno);
        return result;
    }
    result.lock = std::move(lock);
    return result;
}

} // namespace drawbridge::process
