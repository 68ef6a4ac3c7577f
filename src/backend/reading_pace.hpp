// How fast a link reads, so that a server that says much does not slow down the others: they share a loop.
//
// A read is a turn of the loop of its own, also when the bytes are there already. So a reader that finds
// little at a time never rests; only one that finds much in one read does.
#pragma once

#include "core/asio.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <cstddef>

namespace drawbridge::backend {

// Lives on the loop of its reader, and belongs to it.
class reading_pace {
  public:
    // Bytes, and for every text so many more: short ones cost more than their bytes tell.
    static constexpr std::size_t per_text = 128;
    static constexpr std::size_t turn_limit = 32 * 1024;
    // Of noise, which is what is no message. After so much of it in a row the reader pauses: then the flood
    // waits in its pipe, and neither its server nor the container runtime nor the gateway takes the
    // processors from those who do something useful. About 13 MB of noise a second are still read, less in
    // short lines.
    static constexpr std::size_t noise_limit = 128 * 1024;
    static constexpr std::chrono::milliseconds noise_pause{10};

    explicit reading_pace(core::executor loop) : loop_(loop) {}

    // Something was read.
    void begin_turn() { done_ = 0; }
    // A text was dealt with.
    void took(std::size_t bytes, bool is_message) {
        done_ += bytes + per_text;
        noise_ = is_message ? 0 : noise_ + bytes + per_text;
    }

    // To be asked before the next text: what was the last one of a read costs no rest.
    bool due() const { return done_ >= turn_limit || noise_ >= noise_limit; }
    core::task<> rest() {
        done_ = 0;
        if (noise_ < noise_limit) {
            co_await core::asio::post(loop_, core::use_task);
            co_return;
        }
        noise_ = 0;
        core::timer pause(loop_, noise_pause);
        co_await pause.async_wait(core::use_task);
    }

  private:
    core::executor loop_;
    std::size_t done_ = 0;  // since the loop was left to others
    std::size_t noise_ = 0; // since the last message or pause
};

} // namespace drawbridge::backend
