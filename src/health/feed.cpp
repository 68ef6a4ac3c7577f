#include "health/feed.hpp"

#include <utility>

namespace drawbridge::health {

void feed::add(record_ref what) {
    newest_ = what->sequence;
    recent_.push_back(std::move(what));
    if (recent_.size() > kept) recent_.pop_front();
    for (auto* each : readers_)
        each->news_.set();
}

feed::reader::reader(feed& from, std::optional<std::uint64_t> after)
    : feed_(from)
    , seen_(after.value_or(from.newest_))
    , news_(from.loop_) {
    feed_.readers_.insert(this);
    news_.set(); // there may be something already
}

feed::reader::~reader() {
    feed_.readers_.erase(this);
}

core::task<feed::reader::batch> feed::reader::next(core::time_point deadline) {
    co_await news_.wait_until(deadline);
    news_.reset();
    batch got;
    got.newest = feed_.newest_;
    const auto oldest = feed_.recent_.empty() ? feed_.newest_ + 1 : feed_.recent_.front()->sequence;
    // Ahead of everything: the number is of an earlier run of the gateway.
    got.missed = seen_ > feed_.newest_ || seen_ + 1 < oldest;
    if (!got.missed)
        for (const auto& each : feed_.recent_)
            if (each->sequence > seen_) got.records.push_back(each);
    seen_ = feed_.newest_;
    co_return got;
}

void feed::reader::end() {
    news_.set();
}

} // namespace drawbridge::health
