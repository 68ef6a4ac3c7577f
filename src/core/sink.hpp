// The way back of a call: any number of messages, then exactly one end.
//
// The two halves are handed out together. Whoever serves the call holds the sender; if it is dropped without
// an end, whatever the reason, the receiver gets a default-constructed End: a call can be lost, but never its
// answer.
#pragma once

#include "core/asio.hpp"
#include "core/event.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace drawbridge::core {

template <class Message, class End>
class sink {
    struct state {
        explicit state(executor loop) : changed(loop) {}
        event changed;
        std::deque<Message> messages;
        std::optional<End> end;
        bool abandoned = false; // the receiver is gone
    };

  public:
    // Lives on the receiver's loop. Move-only.
    class sender {
      public:
        sender() = default;
        sender(sender&&) noexcept = default;
        sender& operator=(sender&& other) noexcept {
            finish(End{});
            state_ = std::move(other.state_);
            return *this;
        }
        ~sender() { finish(End{}); }

        // False: nobody listens any more, or `limit` messages wait already.
        bool message(Message text, std::size_t limit) {
            if (!state_ || state_->abandoned || state_->messages.size() >= limit) return false;
            state_->messages.push_back(std::move(text));
            state_->changed.set();
            return true;
        }

        // The first end counts; the sender is empty afterwards.
        void finish(End end) {
            if (auto target = std::exchange(state_, nullptr); target && !target->end) {
                target->end.emplace(std::move(end));
                target->changed.set();
            }
        }

        explicit operator bool() const { return state_ != nullptr; }
        bool abandoned() const { return !state_ || state_->abandoned; }

      private:
        friend class sink;
        explicit sender(std::shared_ptr<state> shared) : state_(std::move(shared)) {}
        std::shared_ptr<state> state_;
    };

    // Puts messages beside the sender's into the same stream, in order with them. May outlive both.
    class tap {
      public:
        tap() = default;
        // False: the stream has ended, nobody listens, or `limit` messages wait already.
        bool message(Message text, std::size_t limit) const {
            const auto target = state_.lock();
            if (!target || target->end || target->abandoned || target->messages.size() >= limit) return false;
            target->messages.push_back(std::move(text));
            target->changed.set();
            return true;
        }

      private:
        friend class sink;
        explicit tap(std::weak_ptr<state> shared) : state_(std::move(shared)) {}
        std::weak_ptr<state> state_;
    };

    class receiver {
      public:
        receiver(receiver&&) noexcept = default;
        receiver& operator=(receiver&&) = delete;
        ~receiver() {
            if (state_) state_->abandoned = true;
        }

        // The next message, or the end. Not to be called again after the end.
        task<std::variant<Message, End>> next() {
            auto shared = state_;
            while (shared->messages.empty() && !shared->end) {
                shared->changed.reset();
                co_await shared->changed.wait();
            }
            co_return take(*shared);
        }

        // False when neither a message nor the end came before the deadline.
        task<bool> wait_until(time_point deadline) {
            auto shared = state_;
            while (shared->messages.empty() && !shared->end) {
                shared->changed.reset();
                const bool changed = co_await shared->changed.wait_until(deadline);
                if (!changed) co_return false;
            }
            co_return true;
        }

        // A second way in, for messages only.
        sink::tap tap() const { return sink::tap(state_); }

      private:
        friend class sink;
        explicit receiver(std::shared_ptr<state> shared) : state_(std::move(shared)) {}

        static std::variant<Message, End> take(state& shared) {
            if (shared.messages.empty())
                return std::variant<Message, End>(std::in_place_index<1>, std::move(*shared.end));
            std::variant<Message, End> next(std::in_place_index<0>, std::move(shared.messages.front()));
            shared.messages.pop_front();
            return next;
        }

        std::shared_ptr<state> state_;
    };

    static std::pair<sender, receiver> make(executor loop) {
        auto shared = std::make_shared<state>(loop);
        return {sender(shared), receiver(shared)};
    }
};

} // namespace drawbridge::core
