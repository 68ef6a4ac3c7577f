// The one thing that an actor's main loop awaits: a queue of messages with two lanes.
//
// This is the strand-serialized channel of the design: whatever thread sends, the message is put into the
// queue on the receiver's home loop, and the receiver takes one message at a time there. So an actor's state
// needs no lock.
//
// *Control* (stop, exited, timer, transitions) is never refused and is taken first. *Work* (calls) is
// bounded: a full lane is a defined answer ("overloaded"), never a growing queue.
#pragma once

#include "core/asio.hpp"
#include "core/event.hpp"

#include <boost/asio/dispatch.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace drawbridge::core {

template <class Message>
class mailbox {
    struct state {
        state(executor home, std::size_t bound) : loop(home), arrived(home), limit(bound) {}

        executor loop;
        event arrived;
        std::deque<Message> control;
        std::deque<Message> work;
        std::atomic<std::size_t> waiting{0}; // of the work lane, counted before the message has crossed
        const std::size_t limit;
    };

  public:
    // What everybody but the owner holds. Cheap to copy, may be used from every thread, and may outlive the
    // actor: messages to one that is gone are dropped, which runs the destructors of whatever they carry.
    class handle {
      public:
        handle() = default;

        // Control lane. Never refused.
        void send(Message message) const {
            if (auto box = state_.lock()) enqueue(box, &state::control, std::move(message));
        }

        // Work lane. False: full or gone, and the message is untouched.
        bool offer(Message& message) const {
            auto box = state_.lock();
            if (!box) return false;
            if (box->waiting.fetch_add(1, std::memory_order_relaxed) >= box->limit) {
                box->waiting.fetch_sub(1, std::memory_order_relaxed);
                return false;
            }
            enqueue(box, &state::work, std::move(message));
            return true;
        }

        bool gone() const { return state_.expired(); }

      private:
        friend class mailbox;
        explicit handle(std::weak_ptr<state> box) : state_(std::move(box)) {}

        using lane = std::deque<Message> state::*;
        static void enqueue(const std::shared_ptr<state>& box, lane where, Message message) {
            // dispatch runs at once when we are on the home loop already: the usual case, and no hop.
            asio::dispatch(box->loop, [box, where, message = std::move(message)]() mutable {
                ((*box).*where).push_back(std::move(message));
                box->arrived.set();
            });
        }

        std::weak_ptr<state> state_;
    };

    mailbox(executor home, std::size_t work_limit) : state_(std::make_shared<state>(home, work_limit)) {}

    handle address() const { return handle(state_); }

    // The next message: control first, then work, each in order of arrival. One coroutine only.
    task<Message> next() {
        auto box = state_;
        while (box->control.empty() && box->work.empty()) {
            box->arrived.reset();
            co_await box->arrived.wait();
        }
        co_return take();
    }

    std::size_t waiting() const { return state_->waiting.load(std::memory_order_relaxed); }

  private:
    Message take() {
        if (!state_->control.empty()) {
            Message message = std::move(state_->control.front());
            state_->control.pop_front();
            return message;
        }
        Message message = std::move(state_->work.front());
        state_->work.pop_front();
        state_->waiting.fetch_sub(1, std::memory_order_relaxed);
        return message;
    }

    std::shared_ptr<state> state_;
};

} // namespace drawbridge::core
