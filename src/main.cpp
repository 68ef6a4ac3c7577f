// Command line -> configuration -> app.
#include "app.hpp"
#include "cli.hpp"
#include "commands.hpp"
#include "version.hpp"

#include <csignal>
#include <iostream>

int main(int argc, char** argv) {
    using namespace drawbridge;
    // A peer that went away is an error code where it is met, not the end of the gateway.
    std::signal(SIGPIPE, SIG_IGN);
    const auto given = parse_command_line(argc, argv);
    if (!given.error.empty()) {
        std::cerr << "drawbridge: " << given.error << '\n';
        return 2;
    }
    switch (given.what) {
    case command::help: std::cout << help_text(); return 0;
    case command::version: std::cout << "drawbridge " << gateway_version << '\n'; return 0;
    case command::check: return run_check(given);
    case command::reap: return run_reap(given);
    case command::serve: break;
    }
    return run_serve(given);
}
