#include "chaos/stage.hpp"

#include "support/eventually.hpp"

#include <boost/json/serialize.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <thread>
#include <utility>

namespace drawbridge::test {
namespace {

using namespace std::chrono_literals;

// Results of each server before anything is disturbed: the first ones open what is opened once, and are no
// measure; of the others 99 of 100 are.
constexpr std::size_t first_calls = 20;
constexpr std::size_t quiet_calls = 200;

constexpr std::string_view checks =
    R"("checks":{"interval":0.5,"fastInterval":0.2,"downInterval":0.5,"timeout":0.5,"rise":2,"fall":3})";

// Speaks MCP in a few lines, and breaks as it is told.
constexpr std::string_view shell_server = R"sh(
[ "$(cat /chaos/mode)" = hang ] && exec tail -f /dev/null
say() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
info='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"shell","version":"1"}}'
while read -r line; do
    case $line in *'"id":'*) ;; *) continue ;; esac
    id=${line#*\"id\":}
    id=${id%%[,\}]*}
    text=${line#*\"text\":\"}
    text=${text%%\"*}
    case $line in
        *'"initialize"'*) say "$info" ;;
        *'"flood"'*) exec yes '{"this is": no message' ;;
        *'"endless"'*) yes 'and on and on and on' | tr -d '\n' ;;
        *'"deafen"'*) exec 0<&-; exec tail -f /dev/null ;;
        *'"tools/call"'*) say "{\"content\":[{\"type\":\"text\",\"text\":\"$text\"}]}" ;;
        *) say '{}' ;;
    esac
done
)sh";

std::string stdio_extra(int tool_timeout, const std::string& own = {}) {
    return R"("toolTimeout":)" + std::to_string(tool_timeout) +
           R"(,"drawbridge":{"start":"eager","stopGrace":1,"startupTimeout":3)" +
           (own.empty() ? "" : "," + own) + "}";
}

} // namespace

server_entry scripted_victim(std::vector<std::string> arguments, const std::string& extra, int tool_timeout,
                             const std::string& own) {
    return scripted(victim, std::move(arguments),
                    stdio_extra(tool_timeout, own) + (extra.empty() ? "" : "," + extra));
}

server_entry shell_victim(const temporary_folder& folder) {
    folder.write("mode", "ok");
    folder.write("server.sh", std::string(shell_server));
    const auto image = environment_or("DRAWBRIDGE_IMAGE_BUSYBOX", "localhost/drawbridge-test/busybox");
    return {victim, R"({"container":)" + json_string(image) +
                        R"(,"entrypoint":"sh","entrypointArgs":["/chaos/server.sh"],"mounts":[)" +
                        json_string(folder.path() + ":/chaos:ro") + "]," + stdio_extra(2) + "}"};
}

server_entry remote_victim(const std::string& url) {
    return {victim, R"({"type":"http","url":)" + json_string(url) + R"(,"connectTimeout":2,)" +
                        R"("toolTimeout":2,"drawbridge":{"start":"eager","startupTimeout":2}})"};
}

void tell(const std::string& what, double value, std::string_view unit) {
    char number[32];
    std::snprintf(number, sizeof number, "%.1f ", value);
    std::cout << "    " << what << ": " << number << unit << "\n" << std::flush;
}

stage::stage(server_entry hurt) {
    const bool remote = hurt.json.find(R"("type":"http")") != std::string::npos;
    const auto calm = R"("drawbridge":{"start":"eager","stopGrace":1,"network":"none"})";
    containers_ = {"calm1", "calm2"};
    if (!remote) containers_.push_back(victim);
    servers_ = {"calm1", "calm2", "distant", victim};
    options_.servers = {scripted("calm1", {}, calm), scripted("calm2", {}, calm)};
    options_.servers.push_back({"distant", R"({"type":"http","url":)" + json_string(distant_.url()) +
                                               R"(,"drawbridge":{"start":"eager"}})"});
    options_.servers.push_back(std::move(hurt));
    options_.gateway_extra = R"("drawbridge":{"drainTimeout":10,)" + std::string(checks) + "}";
    options_.environment = {{"RUNTIME_DIRECTORY", folder_.path()}};
    gate_ = std::make_unique<gateway>(options_);
    options_.port = gate_->port();
    for (const auto& file : files_in(folder_.path()))
        if (file.ends_with(".lock")) instance_ = file.substr(0, file.size() - 5);
    REQUIRE(!instance_.empty());
    warm_up();
}

stage::~stage() {
    if (calls_) calls_->stop();
}

bool stage::flows(const load& calls, std::size_t results) const {
    return eventually(60s, [&] {
        return std::all_of(servers_.begin(), servers_.end(),
                           [&](const auto& each) { return calls.of(each).results >= results; });
    });
}

void stage::warm_up() {
    for (const auto& each : servers_)
        REQUIRE_MESSAGE(gate_->becomes(each, "running", 30s), each << " does not start: " << last_of_log());
    for (const auto wanted : {first_calls, quiet_calls}) {
        load calls(gate_->port(), servers_, callers);
        REQUIRE(flows(calls, wanted));
        calls.stop();
        for (const auto& each : servers_)
            quiet_[each] = p99(calls.of(each).took);
    }
    const auto clients = [&] { return descriptors_of(gate_->pid()); };
    // The connections of the calls above are closed by us; the gateway notices a little later.
    auto before = clients();
    REQUIRE(eventually(5s, [&] { return std::exchange(before, clients()) == before; }));
    descriptors_ = before;
    children_ = children_of(gate_->pid()).size();
    sessions_ = sessions();
    calls_ = std::make_unique<load>(gate_->port(), servers_, callers);
    REQUIRE(flows(*calls_, 10));
}

void stage::start_again() {
    probe_.reset();
    gate_ = std::make_unique<gateway>(options_);
}

std::string stage::container() const {
    const auto all = containers_of(instance_, victim);
    REQUIRE(all.size() == 1);
    return all.front();
}

std::string stage::last_of_log() const {
    const auto log = gate_->log();
    return "the end of the log:\n" + log.substr(log.size() - std::min<std::size_t>(log.size(), 3000));
}

boost::json::value stage::ask(const std::string& path) const {
    http_client client(gate_->port());
    const auto answer = client.send("GET", path, {}, rpc_headers());
    REQUIRE(answer.status == 200);
    return parse(answer.body);
}

boost::json::value stage::detail(const std::string& server) const {
    return ask("/health/servers/" + server);
}

std::int64_t stage::sessions() const {
    return number_at(ask("/health/servers"), "gateway.sessions");
}

std::string stage::word(const std::string& server) {
    if (!probe_) probe_ = std::make_unique<http_client>(gate_->port());
    const auto answer = probe_->send("GET", "/health");
    if (answer.status == 0) {
        probe_.reset();
        return {};
    }
    return text_at(parse(answer.body), "servers." + server + ".status");
}

std::optional<milliseconds> stage::shows(const std::string& status, steady::time_point since,
                                         milliseconds limit) {
    // What is left of the limit, whatever was done since.
    const auto left = std::chrono::ceil<milliseconds>(since + limit - steady::now());
    if (!eventually(std::max(left, 0ms), [&] { return word(victim) == status; })) return std::nullopt;
    return std::chrono::duration_cast<milliseconds>(steady::now() - since);
}

void stage::expect_death(pid_t process, const std::function<void()>& deed) {
    const death_watch death(process);
    REQUIRE(death.valid());
    std::thread hand(deed); // a command of the runtime ends long after the process
    std::optional<steady::time_point> dead;
    const auto seen = [&] {
        if (!dead && death.ended(1)) dead = steady::now();
        return word(victim) == "error";
    };
    const bool told = eventually(30s, seen);
    const auto now = steady::now();
    hand.join();
    CHECK_MESSAGE(told, "the death was never shown; " << last_of_log());
    CHECK(death.ended());
    if (!told) return;
    const auto late = std::chrono::duration<double, std::milli>(dead ? now - *dead : steady::duration(0));
    tell("from the death to /health", late.count());
    CHECK(late <= noise);
}

void stage::expect_error(const std::string& what, steady::time_point since, milliseconds limit) {
    const auto took = shows("error", since, limit + 20s);
    CHECK_MESSAGE(took, what << " was never shown; " << last_of_log());
    if (!took) return;
    tell("from " + what + " to /health (promised: " + std::to_string(limit.count()) + ")",
         static_cast<double>(took->count()));
    CHECK(*took <= limit + noise);
}

void stage::expect_code(std::initializer_list<std::string_view> codes) const {
    // That it died is known before its exit status is.
    boost::json::value now;
    const bool right = eventually(2s, [&] {
        now = detail(victim);
        return std::find(codes.begin(), codes.end(), text_at(now, "lastError.code")) != codes.end();
    });
    CAPTURE(boost::json::serialize(now));
    CHECK_MESSAGE(right, "the code is " << text_at(now, "lastError.code"));
    CHECK(!text_at(now, "lastError.text").empty());
    CHECK(!text_at(now, "lastError.at").empty());
}

void stage::expect_running(std::chrono::seconds limit) {
    const auto began = steady::now();
    const auto took = shows("running", began, limit);
    CHECK_MESSAGE(took, "it did not come back; " << last_of_log());
    if (took) tell("back after", static_cast<double>(took->count()));
}

void stage::expect_recovery(std::chrono::seconds limit) {
    expect_running(limit);
    const auto before = calls_->of(victim).results;
    CHECK(eventually(20s, [&] { return calls_->of(victim).results >= before + 20; }));
}

} // namespace drawbridge::test
