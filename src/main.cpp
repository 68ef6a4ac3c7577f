// Command line -> configuration -> app.
#include "app.hpp"
#include "cli.hpp"
#include "commands.hpp"
#include "status_command.hpp"
#include "version.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

namespace {

// A launcher may hand over fewer than three descriptors; the next file opened must not become somebody's
// stdout.
void fill_standard_descriptors() {
    int opened = 0;
    do
        opened = ::open("/dev/null", O_RDWR);
    while (opened >= 0 && opened <= 2);
    if (opened > 2) ::close(opened);
}

// Each connection and each server needs descriptors; the soft limit of 1,024 is meant for programs that use
// select.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace

int main(int argc, char** argv) {
    using namespace drawbridge;
    fill_standard_descriptors();
    raise_descriptor_limit();
    // A peer that went away is an error code where it is met, not the end of the gateway.
    std::signal(SIGPIPE, SIG_IGN);
    const auto given = parse_command_line(argc, argv);
    if (!given.error.empty()) {
        std::cerr << "drawbridge: " << given.error << '\n';
        return given.what == command::healthcheck ? 1 : 2; // of a container's check 2 is reserved
    }
    switch (given.what) {
    case command::help:
        std::cout << help_text();
        return 0;
    case command::version:
        std::cout << "drawbridge " << gateway_version << '\n';
        return 0;
    case command::check:
        return run_check(given);
    case command::reap:
        return run_reap(given);
    case command::status:
        return run_status(given);
    case command::healthcheck:
        return run_healthcheck(given);
    case command::serve:
        break;
    }
    return run_serve(given);
}
