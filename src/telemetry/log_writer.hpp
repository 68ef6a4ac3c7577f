// The end of the log: lines into a descriptor that may be blocked, closed or shared with other programs.
// Used by the sink's thread alone, but for abort().
#pragma once

#include <string_view>

namespace drawbridge::telemetry {

class log_writer {
  public:
    // Duplicates the descriptor (close-on-exec), so that a number that is closed and used again elsewhere
    // never gets log lines. Where that fails (stderr is closed) everything is thrown away.
    explicit log_writer(int descriptor);
    ~log_writer();
    log_writer(const log_writer&) = delete;
    log_writer& operator=(const log_writer&) = delete;

    // Waits while a pipe or terminal is full. False: the rest of the line is lost (closed, or aborted).
    bool write(std::string_view line);
    // Any thread: a write that waits gives up, and so do all later ones.
    void abort();

  private:
    bool wait_writable();

    int descriptor_ = -1;
    int abort_event_ = -1;
};

} // namespace drawbridge::telemetry
