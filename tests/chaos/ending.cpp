// What has to be true when a disturbance is over.
#include "chaos/stage.hpp"

#include "support/eventually.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

namespace drawbridge::test {

using namespace std::chrono_literals;

void stage::end(bool killed) {
    calls_->stop();
    check_calls(killed);
    for (const auto& each : servers_)
        check_history(each);
    check_belongings();
    gate_->signal(SIGTERM);
    const auto status = gate_->wait_exit(30s);
    CHECK_MESSAGE(status == 0, last_of_log());
    expect_nothing_left();
}

void stage::check_calls(bool killed) {
    double ratio = 0, slowest = 0;
    for (const auto& each : servers_) {
        const auto seen = calls_->of(each);
        CAPTURE(each);
        CHECK_MESSAGE(seen.wrong == 0, seen.first_wrong);
        CHECK(seen.answered() + seen.lost == seen.sent);
        if (!killed) CHECK(seen.lost == 0);
        if (!killed) CHECK(seen.refused == 0);
        CHECK(seen.longest < 15000); // nobody hung on a dead server
        for (const auto& [code, count] : seen.errors)
            CHECK_MESSAGE((code == -32001 || code == -32002), "code " << code << ", " << count << " times");
        if (each == victim) {
            tell("victim's calls with a result", static_cast<double>(seen.results), "");
            tell("victim's calls with an error", static_cast<double>(seen.failed()), "");
            tell("victim's slowest answer", seen.longest);
            continue;
        }
        CHECK(seen.results > 0);
        if (!killed) CHECK_MESSAGE(seen.failed() == 0, "calls to a neighbour failed; " << last_of_log());
        const auto here = p99(seen.took);
        slowest = std::max(slowest, here);
        ratio = std::max(ratio, here / std::max(quiet_[each], 0.001));
    }
    if (killed) return;
    tell("neighbours' worst p99", slowest);
    tell("the same against an undisturbed run", ratio, "times");
}

// Transitions follow each other without a gap, and the last one is the present.
void stage::check_history(const std::string& server) const {
    const auto now = detail(server);
    CAPTURE(boost::json::serialize(now));
    CHECK(text_at(now, "status") == "running");
    CHECK(text_at(now, "state") == "ready");
    if (server != victim) CHECK(number_at(now, "restarts") == 0);
    const auto* recent = find(now, "transitions.recent");
    REQUIRE(recent != nullptr);
    REQUIRE(recent->is_array());
    const auto& all = recent->as_array();
    REQUIRE(!all.empty());
    CHECK(all.size() <= 64);
    CHECK(number_at(now, "transitions.total") >= static_cast<std::int64_t>(all.size()));
    for (std::size_t i = 1; i < all.size(); ++i) {
        CHECK(text_at(all[i], "from") == text_at(all[i - 1], "to"));
        CHECK(number_at(all[i], "sequence") > number_at(all[i - 1], "sequence"));
        CHECK(number_at(all[i], "incarnation") >= number_at(all[i - 1], "incarnation"));
    }
    CHECK(text_at(all[all.size() - 1], "to") == text_at(now, "state"));
}

// While all servers run: what belongs to them, and nothing more.
void stage::check_belongings() {
    probe_.reset();
    const auto process = gate_->pid();
    CHECK(eventually(10s, [&] { return sessions() <= sessions_; }));
    for (const auto& each : containers_) {
        CAPTURE(each);
        CHECK(eventually(10s, [&] { return containers_of(instance_, each).size() == 1; }));
    }
    CHECK(eventually(10s, [&] { return children_of(process).size() <= children_; }));
    // A check may have opened one more connection to each remote server, which is kept for the next.
    const auto allowed = descriptors_ + servers_.size() - containers_.size();
    CHECK_MESSAGE(eventually(10s, [&] { return descriptors_of(process) <= allowed; }),
                  descriptors_of(process) << " descriptors, " << descriptors_ << " before");
    std::size_t process_files = 0;
    for (const auto& file : files_in(folder_.path()))
        process_files += file.ends_with(".lock") ? 0 : 1;
    CHECK(process_files <= containers_.size());
}

// The lock file stays for ever: removing it would let two gateways hold a lock of the same name.
void stage::expect_nothing_left() const {
    CHECK(eventually(10s, [&] { return containers_of(instance_).empty(); }));
    CHECK(networks_of(instance_).empty());
    CHECK(eventually(10s, [&] { return processes_with("drawbridge-" + instance_).empty(); }));
    CHECK(files_in(folder_.path()) == std::vector<std::string>{instance_ + ".lock"});
}

} // namespace drawbridge::test
