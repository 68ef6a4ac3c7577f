// Calls that flow to every server for as long as a test lasts, each one counted.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace drawbridge::test {

// What the callers of one server have seen.
struct tally {
    std::size_t sent = 0;
    std::size_t results = 0;                    // the right text under the right id
    std::map<std::int64_t, std::size_t> errors; // JSON-RPC errors under the right id, by their code
    std::size_t wrong = 0;                      // anything else that came, or came once too often
    std::size_t lost = 0;                       // the connection ended, and no answer had come
    std::size_t refused = 0;                    // no connection: nothing was sent
    std::string first_wrong;
    std::vector<double> took; // milliseconds of every result
    double longest = 0;       // milliseconds until any answer

    std::size_t failed() const;
    std::size_t answered() const { return results + failed() + wrong; }
    void add(const tally& more);
};

// The value below which 99 of 100 lie; 0 of none.
double p99(std::vector<double> values);
std::size_t longer_than(double limit, const std::vector<double>& values);

// Calls the tool "echo" over and over: `callers` threads for each server, each with a connection of its own
// that is opened anew when it ends. Ids and texts are unique, so an answer that belongs to somebody else is
// found.
class load {
  public:
    load(std::uint16_t port, const std::vector<std::string>& servers, std::size_t callers);
    ~load();

    // No call to the server is in flight when hold returns, and none is made until it is released.
    void hold(const std::string& server);
    void release(const std::string& server);
    // Ends after the calls in flight. Then no connection may hold an answer that nobody asked for.
    void stop();

    tally of(const std::string& server) const;

  private:
    struct caller {
        std::string server;
        bool held = false;
        bool busy = false;
        tally counted;
        std::thread thread;
    };

    void run(caller& who);
    bool wait_turn(caller& who);
    void finish_turn(caller& who, const tally& seen);

    const std::uint16_t port_;
    mutable std::mutex lock_; // guards what follows
    std::condition_variable changed_;
    bool stopping_ = false;
    std::vector<std::unique_ptr<caller>> callers_;
};

} // namespace drawbridge::test
