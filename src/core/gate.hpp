// Counts what is in flight, and can be closed: nothing new enters, and the closer waits until all have left.
#pragma once

#include "core/asio.hpp"
#include "core/event.hpp"

#include <cstddef>
#include <utility>

namespace drawbridge::core {

// Lives on one loop and must outlive its passes.
class gate {
  public:
    // The right to be inside. Empty when the gate was closed.
    class pass {
      public:
        pass() = default;
        pass(pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
        pass& operator=(pass&& other) noexcept {
            leave();
            gate_ = std::exchange(other.gate_, nullptr);
            return *this;
        }
        ~pass() { leave(); }

        explicit operator bool() const { return gate_ != nullptr; }

        void leave() {
            if (auto* left = std::exchange(gate_, nullptr); left && --left->inside_ == 0) left->empty_.set();
        }

      private:
        friend class gate;
        explicit pass(gate* entered) : gate_(entered) {}
        gate* gate_ = nullptr;
    };

    explicit gate(executor loop) : empty_(loop) { empty_.set(); }
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    pass enter() {
        if (closed_) return pass();
        ++inside_;
        empty_.reset();
        return pass(this);
    }

    void close() { closed_ = true; }
    bool closed() const { return closed_; }
    std::size_t inside() const { return inside_; }

    // True once nobody is inside; false when the deadline passed first.
    task<bool> wait_empty(time_point deadline) {
        const bool empty = co_await empty_.wait_until(deadline);
        co_return empty;
    }

  private:
    std::size_t inside_ = 0;
    bool closed_ = false;
    event empty_;
};

} // namespace drawbridge::core
