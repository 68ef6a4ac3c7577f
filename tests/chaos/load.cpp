#include "chaos/load.hpp"

#include "support/gateway.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>

namespace drawbridge::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// Between two calls of one caller: the servers are to be busy, not the machine.
constexpr auto pace = 5ms;

bool has_id(const boost::json::value& message, const std::string& id) {
    const auto* found = find(message, "id");
    return found && boost::json::serialize(*found) == id;
}

// One answer into the count.
void judge(const http_answer& answer, const std::string& id, const std::string& text, tally& into) {
    boost::system::error_code error;
    const auto message = boost::json::parse(answer.body, error);
    if (!error && has_id(message, id)) {
        if (find(message, "error.code") != nullptr) {
            ++into.errors[number_at(message, "error.code")];
            return;
        }
        if (answer.status == 200 && tool_text(message) == text) {
            ++into.results;
            return;
        }
    }
    // Refused before it was read, so its id is not known.
    const bool unread = !error && answer.status == 503 && find(message, "id") == nullptr;
    if (unread && find(message, "error.code") != nullptr) {
        ++into.errors[number_at(message, "error.code")];
        return;
    }
    ++into.wrong;
    into.first_wrong = "instead of an answer to " + id + ", with status " + std::to_string(answer.status) +
                       ": " + answer.body.substr(0, 300);
}

// A connection to the gateway, opened when it is needed.
class line {
  public:
    explicit line(std::uint16_t port) : port_(port) {}

    tally call(const std::string& server, const std::string& id, const std::string& text) {
        tally seen;
        if (!client_) client_.emplace(port_);
        if (!client_->connected()) {
            client_.reset();
            ++seen.refused;
            return seen;
        }
        const auto body = call_text("echo", R"({"text":)" + json_string(text) + "}", id);
        const auto began = clock::now();
        ++seen.sent;
        const auto answer = client_->send("POST", "/mcp/" + server, body, rpc_headers());
        const double took = std::chrono::duration<double, std::milli>(clock::now() - began).count();
        if (answer.status == 0) {
            ++seen.lost;
            client_.reset();
            return seen;
        }
        judge(answer, id, text, seen);
        seen.longest = took;
        if (seen.results > 0) seen.took.push_back(took);
        const auto connection = answer.headers.find("connection");
        if (connection != answer.headers.end() && connection->second == "close") client_.reset();
        return seen;
    }

    // An answer too many would stand in front of this one.
    void say_goodbye(tally& into) {
        if (!client_) return;
        const auto last = client_->send("GET", "/livez");
        if (last.body.find("jsonrpc") == std::string::npos) return;
        ++into.wrong;
        into.first_wrong = "after the last call: " + last.body.substr(0, 300);
    }

  private:
    const std::uint16_t port_;
    std::optional<http_client> client_;
};

} // namespace

std::size_t tally::failed() const {
    std::size_t all = 0;
    for (const auto& [code, count] : errors)
        all += count;
    return all;
}

void tally::add(const tally& more) {
    sent += more.sent;
    results += more.results;
    wrong += more.wrong;
    lost += more.lost;
    refused += more.refused;
    for (const auto& [code, count] : more.errors)
        errors[code] += count;
    if (first_wrong.empty()) first_wrong = more.first_wrong;
    took.insert(took.end(), more.took.begin(), more.took.end());
    longest = std::max(longest, more.longest);
}

double p99(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) * 99 / 100];
}

std::size_t longer_than(double limit, const std::vector<double>& values) {
    return static_cast<std::size_t>(
        std::count_if(values.begin(), values.end(), [&](double each) { return each > limit; }));
}

load::load(std::uint16_t port, const std::vector<std::string>& servers, std::size_t callers) : port_(port) {
    for (const auto& server : servers) {
        for (std::size_t i = 0; i < callers; ++i) {
            callers_.push_back(std::make_unique<caller>());
            callers_.back()->server = server;
        }
    }
    for (auto& each : callers_)
        each->thread = std::thread([this, who = each.get()] { run(*who); });
}

load::~load() {
    stop();
}

void load::stop() {
    {
        const std::lock_guard guard(lock_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& each : callers_)
        if (each->thread.joinable()) each->thread.join();
}

void load::hold(const std::string& server) {
    std::unique_lock guard(lock_);
    for (auto& each : callers_)
        if (each->server == server) each->held = true;
    changed_.wait(guard, [&] {
        return std::none_of(callers_.begin(), callers_.end(),
                            [&](const auto& each) { return each->server == server && each->busy; });
    });
}

void load::release(const std::string& server) {
    {
        const std::lock_guard guard(lock_);
        for (auto& each : callers_)
            if (each->server == server) each->held = false;
    }
    changed_.notify_all();
}

tally load::of(const std::string& server) const {
    const std::lock_guard guard(lock_);
    tally all;
    for (const auto& each : callers_)
        if (each->server == server) all.add(each->counted);
    return all;
}

// False: it was the last turn.
bool load::wait_turn(caller& who) {
    std::unique_lock guard(lock_);
    changed_.wait_for(guard, pace, [&] { return stopping_; });
    changed_.wait(guard, [&] { return stopping_ || !who.held; });
    who.busy = !stopping_;
    return who.busy;
}

void load::finish_turn(caller& who, const tally& seen) {
    {
        const std::lock_guard guard(lock_);
        who.counted.add(seen);
        who.busy = false;
    }
    changed_.notify_all();
}

void load::run(caller& who) {
    static std::atomic<int> everybody = 0; // several loads, one after the other, repeat nothing either
    const auto name = who.server + "-" + std::to_string(everybody++) + "-";
    line connection(port_);
    for (int round = 0; wait_turn(who); ++round) {
        const auto text = name + std::to_string(round);
        finish_turn(who, connection.call(who.server, json_string(text), text));
    }
    tally last;
    connection.say_goodbye(last);
    finish_turn(who, last);
}

} // namespace drawbridge::test
