#include "http/socket_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace drawbridge::http {
namespace {

constexpr mode_t owner_only = 0600;

std::string reason(int number) {
    return std::strerror(number);
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// 0: somebody listens there; else the error.
int call(const std::string& path) {
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return errno;
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    path.copy(where.sun_path, sizeof where.sun_path - 1);
    const int failed =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 ? 0 : errno;
    ::close(probe);
    return failed == EAGAIN ? 0 : failed; // its queue is full
}

// What stands at the path already is removed if it is dead.
std::string make_room(const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return {};
        return reason(errno);
    }
    if (!S_ISSOCK(found.st_mode))
        return "there is a file of this name that is no socket; choose another path";
    const int failed = call(path);
    if (failed == 0) return "another program listens there; end it, or choose another path";
    if (failed == ENOENT) return {};
    if (failed != ECONNREFUSED) return reason(failed);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return "the file that an earlier gateway left can't be removed: " + reason(errno);
    return {};
}

} // namespace

std::string socket_file::prepare(const std::string& path, int socket) {
    if (path.empty()) return "the path is empty";
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        return "the path of a socket has at most " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
               " bytes; choose a shorter one";
    const auto folder = folder_of(path);
    struct stat found {};
    if (::stat(folder.c_str(), &found) != 0)
        return errno == ENOENT ? "the folder " + folder + " does not exist; make it first"
                               : "the folder " + folder + ": " + reason(errno);
    if (!S_ISDIR(found.st_mode)) return folder + " is no folder";
    auto error = make_room(path);
    if (!error.empty()) return error;
    // Linux takes the mode of the file from that of the socket, so there is no moment at which others may
    // connect. What does not is put right in bound().
    ::fchmod(socket, owner_only);
    path_ = path;
    return {};
}

std::string socket_file::bound() {
    struct stat made {};
    if (::lstat(path_.c_str(), &made) != 0) return reason(errno);
    ours_ = true;
    device_ = made.st_dev;
    number_ = made.st_ino;
    if ((made.st_mode & 07777) == owner_only) return {};
    if (::chmod(path_.c_str(), owner_only) != 0) return "the file's mode can't be set: " + reason(errno);
    return {};
}

void socket_file::remove() {
    struct stat found {};
    const bool same =
        ours_ && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == number_;
    if (same) ::unlink(path_.c_str());
    ours_ = false;
}

} // namespace drawbridge::http
