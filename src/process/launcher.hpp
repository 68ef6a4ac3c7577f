// A launcher for Boost.Process v2 that starts children with posix_spawn.
//
// The launchers that Boost 1.81 brings fork: they copy the page tables of the whole gateway (192 ms at 1 GB),
// hand our sockets to the child, and leave a zombie behind a failed exec. posix_spawn takes about 1 ms
// always, and glibc reports a failed exec as its result. Include this from one .cpp only: the v2 headers are
// heavy.
#pragma once

#include <boost/asio.hpp> // v2 does not include what it needs

#include <boost/process/v2/process_handle.hpp>

#include "core/asio.hpp"

#include <spawn.h>

#include <csignal>
#include <string>
#include <vector>

namespace drawbridge::process {

// The child gets descriptors 0, 1, 2 (and 3 if `extra` is set) and no other, a process group of its own, an
// empty signal mask and SIGPIPE at its default.
struct posix_spawn_launcher {
    using handle = boost::process::v2::basic_process_handle<core::executor>;

    int in = -1, out = -1, err = -1; // must be open descriptors
    int extra = -1;                  // becomes descriptor 3; -1: none

    handle operator()(core::executor loop, core::error_code& error, const std::vector<std::string>& argv,
                      const std::vector<std::string>& environment) const {
        file_actions actions(*this);
        attributes flags;
        const auto arguments = pointers(argv);
        const auto variables = pointers(environment);
        pid_t pid = -1;
        const int failed = ::posix_spawn(&pid, argv.front().c_str(), &actions.value, &flags.value,
                                         const_cast<char* const*>(arguments.data()),
                                         const_cast<char* const*>(variables.data()));
        if (failed != 0) {
            error.assign(failed, boost::system::system_category());
            return handle(loop);
        }
        return handle(loop, pid);
    }

  private:
    struct file_actions {
        explicit file_actions(const posix_spawn_launcher& from) {
            ::posix_spawn_file_actions_init(&value);
            ::posix_spawn_file_actions_adddup2(&value, from.in, 0);
            ::posix_spawn_file_actions_adddup2(&value, from.out, 1);
            ::posix_spawn_file_actions_adddup2(&value, from.err, 2);
            if (from.extra >= 0) ::posix_spawn_file_actions_adddup2(&value, from.extra, 3);
            ::posix_spawn_file_actions_addclosefrom_np(&value, from.extra >= 0 ? 4 : 3);
        }
        file_actions(const file_actions&) = delete;
        ~file_actions() { ::posix_spawn_file_actions_destroy(&value); }
        posix_spawn_file_actions_t value;
    };

    struct attributes {
        attributes() {
            sigset_t none, defaults;
            sigemptyset(&none);
            sigemptyset(&defaults);
            sigaddset(&defaults, SIGPIPE);
            ::posix_spawnattr_init(&value);
            ::posix_spawnattr_setpgroup(&value, 0);
            ::posix_spawnattr_setsigmask(&value, &none);
            ::posix_spawnattr_setsigdefault(&value, &defaults);
            ::posix_spawnattr_setflags(&value, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                   POSIX_SPAWN_SETSIGDEF);
        }
        attributes(const attributes&) = delete;
        ~attributes() { ::posix_spawnattr_destroy(&value); }
        posix_spawnattr_t value;
    };

    static std::vector<const char*> pointers(const std::vector<std::string>& from) {
        std::vector<const char*> list;
        list.reserve(from.size() + 1);
        for (const auto& text : from)
            list.push_back(text.c_str());
        list.push_back(nullptr);
        return list;
    }
};

} // namespace drawbridge::process
