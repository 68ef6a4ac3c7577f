// stdout belongs to the specification: the client configuration, and error payloads as JSON lines (Gateway
// 4, 5.4, 9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace drawbridge::telemetry {

// A failed start of one server (Gateway 9.1). Names of variables, never values; texts are sanitized by the
// sender.
struct start_failure {
    std::string server;
    std::string attempted; // the image, or the URL without credentials
    std::string message;
    std::string stderr_tail;
    std::string variables_set;     // names, comma separated
    std::string variables_missing; // named in the configuration, without a value
};

// A fault at run time (Gateway 9.2).
struct runtime_failure {
    std::string server;
    std::string request_id; // raw JSON token; empty: no request
    int code = 0;           // of the JSON-RPC answer; 0: none
    std::string detail;
};

// Written by a thread of its own: a reader of stdout that has stopped reading costs lines, never a request.
// Any thread may call. The destructor waits at most 2 s for what is queued.
class stdout_channel {
  public:
    explicit stdout_channel(int descriptor = 1);
    ~stdout_channel();
    stdout_channel(const stdout_channel&) = delete;
    stdout_channel& operator=(const stdout_channel&) = delete;

    // The client configuration: written at once, returns when it is out. False when stdout does not take it.
    bool write_document(std::string_view json);

    // The same without the document, where it goes to a file.
    void begin_service();

    // Before the document a payload carries a top-level "error"; a reader that looks for one must not find it
    // in the lines behind the document.
    void report(const start_failure& failure);
    void report(const runtime_failure& failure);
    void write_line(std::string json);

    std::uint64_t dropped() const;

  private:
    void write_payload(std::string json);

    struct implementation;
    std::unique_ptr<implementation> impl_;
};

} // namespace drawbridge::telemetry
