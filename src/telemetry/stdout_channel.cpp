#include "telemetry/stdout_channel.hpp"

#include "jsonrpc/text.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace drawbridge::telemetry {
namespace {

constexpr std::size_t queue_limit = 1024;
constexpr auto flush_limit = std::chrono::seconds(2);

std::string timestamp() {
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    std::string fraction = std::to_string(1000 + millis).substr(1);
    return std::string(text, length) + "." + fraction + "Z";
}

void member(std::string& json, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (json.back() != '{') json += ',';
    json += jsonrpc::quote(name);
    json += ':';
    json += jsonrpc::quote(value);
}

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto n = ::write(descriptor, text.data(), text.size());
        if (n < 0 && errno == EAGAIN) {
            pollfd ready{descriptor, POLLOUT, 0};
            ::poll(&ready, 1, 1000);
            continue;
        }
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

} // namespace

// Shared with the thread, which may be left behind when its write never returns.
struct stdout_channel::implementation {
    struct queue {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<std::string> lines;
        bool writing = false;
        bool closing = false;
        bool failed = false;
        bool document_queued = false; // or not wanted on stdout
        int descriptor = -1;
        ~queue() { ::close(descriptor); }
    };

    std::shared_ptr<queue> shared = std::make_shared<queue>();
    std::thread writer;
    std::atomic<std::uint64_t> dropped{0};

    // Under the lock.
    void enqueue(std::string line) {
        if (shared->lines.size() >= queue_limit) {
            ++dropped;
            return;
        }
        line += '\n';
        shared->lines.push_back(std::move(line));
        shared->changed.notify_all();
    }

    static void write_lines(const std::shared_ptr<queue>& shared) {
        std::unique_lock lock(shared->mutex);
        for (;;) {
            shared->changed.wait(lock, [&] { return shared->closing || !shared->lines.empty(); });
            if (shared->lines.empty()) return;
            const auto line = std::move(shared->lines.front());
            shared->lines.pop_front();
            shared->writing = true;
            lock.unlock();
            const bool written = write_all(shared->descriptor, line);
            lock.lock();
            shared->failed = shared->failed || !written;
            shared->writing = false;
            shared->changed.notify_all();
        }
    }
};

stdout_channel::stdout_channel(int descriptor) : impl_(std::make_unique<implementation>()) {
    impl_->shared->descriptor = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    // Signals belong to the main loop.
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    impl_->writer = std::thread([shared = impl_->shared] { implementation::write_lines(shared); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

stdout_channel::~stdout_channel() {
    auto& shared = *impl_->shared;
    std::unique_lock lock(shared.mutex);
    shared.closing = true;
    shared.changed.notify_all();
    const bool done =
        shared.changed.wait_for(lock, flush_limit, [&] { return shared.lines.empty() && !shared.writing; });
    shared.lines.clear();
    lock.unlock();
    if (done)
        impl_->writer.join();
    else
        impl_->writer.detach(); // stuck in a write that nobody reads; it ends with the process
}

// Through the same queue: it neither overtakes what was reported before nor cuts into it.
bool stdout_channel::write_document(std::string_view json) {
    auto& shared = *impl_->shared;
    std::unique_lock lock(shared.mutex);
    shared.document_queued = true;
    shared.lines.push_back(std::string(json) + "\n");
    shared.changed.notify_all();
    shared.changed.wait(lock, [&] { return shared.lines.empty() && !shared.writing; });
    return !shared.failed;
}

void stdout_channel::begin_service() {
    const std::lock_guard lock(impl_->shared->mutex);
    impl_->shared->document_queued = true;
}

void stdout_channel::write_line(std::string json) {
    const std::lock_guard lock(impl_->shared->mutex);
    impl_->enqueue(std::move(json));
}

void stdout_channel::write_payload(std::string json) {
    const std::lock_guard lock(impl_->shared->mutex);
    if (!impl_->shared->document_queued) json = R"({"error":)" + json + "}";
    impl_->enqueue(std::move(json));
}

void stdout_channel::report(const start_failure& failure) {
    std::string json = "{";
    member(json, "type", "startup");
    member(json, "timestamp", timestamp());
    member(json, "server", failure.server);
    member(json, "attempted", failure.attempted);
    member(json, "message", failure.message);
    member(json, "stderr", failure.stderr_tail);
    member(json, "environmentSet", failure.variables_set);
    member(json, "environmentMissing", failure.variables_missing);
    json += '}';
    write_payload(std::move(json));
}

void stdout_channel::report(const runtime_failure& failure) {
    std::string json = "{";
    member(json, "type", "runtime");
    member(json, "timestamp", timestamp());
    member(json, "server", failure.server);
    json += R"(,"requestId":)" + (failure.request_id.empty() ? std::string("null") : failure.request_id);
    if (failure.code != 0) json += R"(,"code":)" + std::to_string(failure.code);
    member(json, "detail", failure.detail);
    json += '}';
    write_payload(std::move(json));
}

std::uint64_t stdout_channel::dropped() const {
    return impl_->dropped;
}

} // namespace drawbridge::telemetry
