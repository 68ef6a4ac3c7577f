// Remote servers, and networks, that fail. (A certificate that changes is for the tests with TLS.)
#include "chaos/stage.hpp"
#include "chaos/wire.hpp"

#include "support/eventually.hpp"
#include "support/remote_server.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <map>

using namespace drawbridge::test;
using namespace std::chrono_literals;

namespace {

// A remote server behind a wire that can break, and that can answer nonsense itself.
class remote_case {
  public:
    enum class nonsense { none, status_500, body };

    remote_case() : server_([this](const remote_request&) { return speak(); }), wire_(server_.port()) {}

    std::string url() const { return wire_.url(); }
    void wire_fault(wire::fault what) { wire_.set(what); }
    void speak_nonsense(nonsense what) { nonsense_ = what; }

    // A call that may have been carried out is never sent again.
    void expect_no_repetition() const {
        std::map<std::string, int> times;
        for (const auto& each : server_.seen())
            if (each.body.find("tools/call") != std::string::npos)
                ++times[text_at(parse(each.body), "params.arguments.text")];
        for (const auto& [text, count] : times)
            CHECK_MESSAGE(count == 1, text << " came " << count << " times");
    }

  private:
    remote_answer speak() const {
        remote_answer told;
        told.status = 0;
        if (nonsense_ == nonsense::status_500) told.status = 500;
        if (nonsense_ != nonsense::body) return told;
        told.status = 200;
        told.body = R"({"jsonrpc": "2.0", not JSON at all)";
        return told;
    }

    std::atomic<nonsense> nonsense_ = nonsense::none;
    remote_server server_;
    wire wire_;
};

void break_wire(wire::fault what, const std::string& name, milliseconds limit,
                std::initializer_list<std::string_view> codes) {
    remote_case far;
    stage here(remote_victim(far.url()));
    const auto began = steady::now();
    far.wire_fault(what);
    here.expect_error(name, began, limit);
    here.expect_code(codes);
    far.wire_fault(wire::fault::none);
    here.expect_recovery();
    here.end();
    far.expect_no_repetition();
}

void answer_nonsense(remote_case::nonsense what, const std::string& name,
                     std::initializer_list<std::string_view> codes) {
    remote_case far;
    stage here(remote_victim(far.url()));
    const auto began = steady::now();
    far.speak_nonsense(what);
    here.expect_error(name, began, silence_bound);
    here.expect_code(codes);
    far.speak_nonsense(remote_case::nonsense::none);
    here.expect_recovery();
    here.end();
    far.expect_no_repetition();
}

} // namespace

TEST_CASE("a remote server refuses connections") {
    break_wire(wire::fault::refuse, "the refusal", silence_bound, {"unreachable"});
}

TEST_CASE("a remote server resets connections") {
    break_wire(wire::fault::reset, "the reset", silence_bound, {"unreachable"});
}

TEST_CASE("a remote server takes requests and stalls") {
    // A call that is on its way may still be worked on, until its time is over.
    break_wire(wire::fault::stall, "the stall", milliseconds(2000) + silence_bound,
               {"silent", "check_failed", "unreachable"});
}

TEST_CASE("a remote server's connections break in the middle of an answer") {
    break_wire(wire::fault::cut, "the cut", silence_bound, {"unreachable", "check_failed", "http_error"});
}

TEST_CASE("something that does not speak HTTP answers at a remote server's place") {
    break_wire(wire::fault::garbage, "the garbage", silence_bound,
               {"unreachable", "http_error", "check_failed", "silent"});
}

TEST_CASE("a remote server answers everything with status 500") {
    answer_nonsense(remote_case::nonsense::status_500, "the first 500",
                    {"http_error", "check_failed", "silent"});
}

TEST_CASE("a remote server answers with text that is no JSON") {
    answer_nonsense(remote_case::nonsense::body, "the first nonsense",
                    {"http_error", "check_failed", "silent"});
}

TEST_CASE("a remote server refuses connections while nobody calls it: a check finds it") {
    remote_case far;
    stage here(remote_victim(far.url()));
    here.calls().hold(victim);
    const auto began = steady::now();
    far.wire_fault(wire::fault::refuse);
    here.expect_error("the refusal", began, silence_bound);
    far.wire_fault(wire::fault::none);
    here.expect_running();
    here.calls().release(victim);
    here.expect_recovery();
    here.end();
}
