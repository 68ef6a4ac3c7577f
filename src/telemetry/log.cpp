#include "telemetry/log.hpp"

#include "telemetry/log_line.hpp"
#include "telemetry/log_writer.hpp"

#include <boost/log/attributes/attribute_name.hpp>
#include <boost/log/attributes/attribute_set.hpp>
#include <boost/log/attributes/constant.hpp>
#include <boost/log/attributes/value_extraction.hpp>
#include <boost/log/core.hpp>
#include <boost/log/sinks/async_frontend.hpp>
#include <boost/log/sinks/basic_sink_backend.hpp>
#include <boost/log/sinks/bounded_fifo_queue.hpp>
#include <boost/make_shared.hpp>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <pthread.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace drawbridge::telemetry {

namespace logging = boost::log;
namespace sinks = boost::log::sinks;

namespace detail {

struct log_channel {
    std::atomic<std::uint8_t> level{level_off};
    std::atomic<std::uint64_t> dropped{0};
    std::atomic<std::size_t> queued{0}; // handed to Boost.Log and not yet written or dropped

    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t written = 0; // records that the sink's thread is done with
    bool finished = false;     // that thread has ended
};

} // namespace detail

namespace {

using detail::log_channel;

constexpr std::size_t queue_length = 2048; // at 8 KiB a line: 16 MiB at most

// What travels through Boost.Log: one attribute. The channel in it tells our own records from those of other
// code that logs in this process, and one backend from another.
struct entry {
    std::shared_ptr<log_channel> channel;
    log_line line;
};
using entry_pointer = std::shared_ptr<const entry>;

const logging::attribute_name& entry_name() {
    static const logging::attribute_name name("DrawbridgeLine");
    return name;
}

template <class Source>
entry_pointer read_entry(const Source& source) {
    const auto found = logging::extract<entry_pointer>(entry_name(), source);
    return found ? found.get() : entry_pointer();
}

// drop_on_overflow that counts. The queue keeps its strategy to itself, so the count lies in the record's
// channel.
struct counting_drop {
    template <class Lock>
    static bool on_overflow(const logging::record_view& record, Lock&) {
        if (const auto lost = read_entry(record)) {
            lost->channel->dropped.fetch_add(1, std::memory_order_relaxed);
            lost->channel->queued.fetch_sub(1, std::memory_order_relaxed);
        }
        return false;
    }
    static void on_queue_space_available() {}
    static void interrupt() {}
};

// Lives on the sink's thread.
class line_sink : public sinks::basic_sink_backend<sinks::synchronized_feeding> {
  public:
    line_sink(std::shared_ptr<log_channel> channel, int descriptor, log_format format, bool colour)
        : channel_(std::move(channel))
        , writer_(descriptor)
        , format_(format)
        , colour_(colour) {}

    void consume(const logging::record_view& record) {
        try {
            if (const auto found = read_entry(record)) {
                write(found->line);
                report_dropped(found->line.time);
            }
        } catch (...) {
            channel_->dropped.fetch_add(1, std::memory_order_relaxed); // no memory for the line
        }
        // Both under the lock: flush() adds them up.
        const std::lock_guard guard(channel_->mutex);
        channel_->queued.fetch_sub(1, std::memory_order_relaxed);
        ++channel_->written;
        channel_->changed.notify_all();
    }

    void abort() { writer_.abort(); }

  private:
    void write(const log_line& line) {
        text_.clear();
        append_line(text_, line, format_, colour_);
        writer_.write(text_);
    }

    // Once a second while lines are lost, and when the queue has run empty.
    void report_dropped(std::chrono::system_clock::time_point now) {
        const std::uint64_t dropped = channel_->dropped.load(std::memory_order_relaxed);
        if (dropped == reported_) return;
        const bool last = channel_->queued.load(std::memory_order_relaxed) <= 1;
        if (!last && now - reported_at_ < std::chrono::seconds(1)) return;
        log_line line;
        line.level = severity::warning;
        line.time = now;
        line.text = std::to_string(dropped - reported_) + " log lines dropped";
        reported_ = dropped;
        reported_at_ = now;
        write(line);
    }

    std::shared_ptr<log_channel> channel_;
    log_writer writer_;
    log_format format_;
    bool colour_;
    std::string text_;
    std::uint64_t reported_ = 0;
    std::chrono::system_clock::time_point reported_at_{};
};

using line_queue = sinks::bounded_fifo_queue<queue_length, counting_drop>;
using front = sinks::asynchronous_sink<line_sink, line_queue>;

log_format resolve(log_format wanted, int descriptor) {
    if (wanted != log_format::automatic) return wanted;
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return log_format::plain;
    const char* journal = std::getenv("JOURNAL_STREAM");
    return choose_format(::isatty(descriptor) == 1,
                         journal == nullptr ? std::nullopt : std::optional<std::string_view>(journal),
                         status.st_dev, status.st_ino);
}

bool wants_colour(int descriptor) {
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return ::isatty(descriptor) == 1 && (no_colour == nullptr || *no_colour == '\0') &&
           (terminal == nullptr || std::string_view(terminal) != "dumb");
}

// Signals belong to the threads that wait for them, and a write to a closed pipe must not raise SIGPIPE.
class block_signals {
  public:
    block_signals() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~block_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    block_signals(const block_signals&) = delete;
    block_signals& operator=(const block_signals&) = delete;

  private:
    sigset_t before_{};
};

} // namespace

namespace detail {

void write(const std::shared_ptr<log_channel>& channel, const std::shared_ptr<const log_labels>& labels,
           severity level, std::string_view text) noexcept {
    try {
        auto made = std::make_shared<entry>();
        made->channel = channel;
        made->line.level = level;
        made->line.time = std::chrono::system_clock::now();
        made->line.labels = labels;
        made->line.text = cut_text(text);
        logging::attribute_set attributes;
        attributes.insert(entry_name(), logging::attributes::make_constant(entry_pointer(std::move(made))));
        const auto core = logging::core::get();
        logging::record record = core->open_record(attributes);
        if (!record) return;
        channel->queued.fetch_add(1, std::memory_order_relaxed);
        core->push_record(std::move(record));
    } catch (...) {
        channel->dropped.fetch_add(1, std::memory_order_relaxed); // no memory; the caller must go on
    }
}

} // namespace detail

log log::with(std::string log_labels::*which, std::string_view label) const {
    log out = *this;
    if (!channel_) return out;
    auto labels = labels_ ? std::make_shared<log_labels>(*labels_) : std::make_shared<log_labels>();
    (*labels).*which = label;
    out.labels_ = std::move(labels);
    return out;
}

std::uint64_t log::dropped() const noexcept {
    return channel_ ? channel_->dropped.load(std::memory_order_relaxed) : 0;
}

log log::for_server(std::string_view name) const {
    return with(&log_labels::server, name);
}

log log::for_session(std::string_view label) const {
    return with(&log_labels::session, label);
}

log log::for_request(std::string_view label) const {
    return with(&log_labels::request, label);
}

struct log_backend::implementation {
    std::shared_ptr<log_channel> channel = std::make_shared<log_channel>();
    boost::shared_ptr<line_sink> sink;
    boost::shared_ptr<front> queue;
    std::thread thread;
    std::chrono::milliseconds flush_limit{};

    bool flush(std::chrono::milliseconds limit) {
        std::unique_lock lock(channel->mutex);
        const auto wanted = channel->written + channel->queued.load(std::memory_order_relaxed);
        return channel->changed.wait_for(lock, limit, [&] {
            return channel->written >= wanted || channel->queued.load(std::memory_order_relaxed) == 0;
        });
    }

    bool wait_finished(std::chrono::milliseconds limit) {
        std::unique_lock lock(channel->mutex);
        return channel->changed.wait_for(lock, limit, [&] { return channel->finished; });
    }
};

log_backend::log_backend(const log_options& options) : impl_(std::make_unique<implementation>()) {
    impl_->flush_limit = options.flush_limit;
    const auto channel = impl_->channel;
    impl_->sink = boost::make_shared<line_sink>(channel, options.descriptor,
                                                resolve(options.format, options.descriptor),
                                                wants_colour(options.descriptor));
    impl_->queue = boost::make_shared<front>(impl_->sink, false);
    impl_->queue->set_filter([owner = channel.get()](const logging::attribute_value_set& values) {
        const auto found = read_entry(values);
        return found && found->channel.get() == owner;
    });
    const block_signals while_starting;
    impl_->thread = std::thread([queue = impl_->queue, channel] {
        pthread_setname_np(pthread_self(), "log");
        try {
            queue->run();
        } catch (...) {
            channel->level.store(detail::level_off, std::memory_order_relaxed);
        }
        const std::lock_guard guard(channel->mutex);
        channel->finished = true;
        channel->changed.notify_all();
    });
    logging::core::get()->add_sink(impl_->queue);
    set_level(options.level);
}

log_backend::~log_backend() {
    impl_->channel->level.store(detail::level_off, std::memory_order_relaxed);
    flush(impl_->flush_limit);
    logging::core::get()->remove_sink(impl_->queue);
    impl_->queue->stop();
    impl_->sink->abort();
    // Only a write that blocks although its pipe polled writable (another program filled it in between) is
    // left then. The thread keeps what it needs alive and is no reason to wait.
    if (impl_->wait_finished(std::chrono::milliseconds(250)))
        impl_->thread.join();
    else
        impl_->thread.detach();
}

log log_backend::handle() const {
    log out;
    out.channel_ = impl_->channel;
    out.level_ = &impl_->channel->level;
    return out;
}

void log_backend::set_level(severity level) {
    impl_->channel->level.store(static_cast<std::uint8_t>(level), std::memory_order_relaxed);
}

std::uint64_t log_backend::dropped() const {
    return impl_->channel->dropped.load(std::memory_order_relaxed);
}

bool log_backend::flush(std::chrono::milliseconds limit) {
    return impl_->flush(limit);
}

} // namespace drawbridge::telemetry
