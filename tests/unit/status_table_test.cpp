#include "status_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace drawbridge;

namespace {

// As GET /health/servers answers: well, crashed, degraded, crashing again and again, never used.
constexpr std::string_view five =
    R"({"gateway":{"version":"0.1.0","specVersion":"1.9.0","startedAt":"2026-11-21T08:00:00.123Z","uptimeSeconds":11530,
 "healthy":false,"closing":false,"sessions":2},
 "servers":[
 {"name":"time","type":"stdio","status":"running","state":"ready","since":"2026-11-21T08:00:01.000Z","sinceSeconds":11500,
  "uptimeSeconds":11500,"reason":{"code":"initialized","text":"the handshake is done"},"incarnation":1,"starts":1,"restarts":0,
  "crashLoop":false,"attempt":0,"nextTry":null,"nextTrySeconds":null,"lastError":null,
  "checks":{"passed":383,"failed":0,"consecutiveFailures":0,"lastAt":"2026-11-21T11:12:00.000Z","lastMilliseconds":3},
  "links":[{"number":1,"state":"ready","incarnation":1}],
  "calls":{"inFlight":3,"total":1200,"failed":1,"latencyMilliseconds":{"p50":4.2,"p90":20,"p99":340}}},
 {"name":"search-index","type":"stdio","status":"error","state":"backoff","sinceSeconds":7,"uptimeSeconds":0,
  "reason":{"code":"exited","text":"exited with status 3 before the handshake"},"incarnation":3,"starts":3,"restarts":2,
  "crashLoop":false,"attempt":2,"nextTry":"2026-11-21T11:12:12.000Z","nextTrySeconds":4,
  "lastError":{"at":"2026-11-21T11:12:03.000Z","code":"exited","text":"exited with status 3 before the handshake",
   "exit":{"code":3,"signal":null,"outOfMemory":false},"stderr":""},
  "calls":{"inFlight":0,"total":4,"failed":4,"latencyMilliseconds":{"p50":null,"p90":null,"p99":null}}},
 {"name":"github","type":"http","status":"running","state":"degraded","sinceSeconds":95,"uptimeSeconds":7260,
  "reason":{"code":"check_failed","text":"no answer to ping within 5 s, 2 of 3"},"incarnation":1,"starts":1,"restarts":0,
  "crashLoop":false,"attempt":0,"nextTry":null,"nextTrySeconds":null,"lastError":null,
  "calls":{"inFlight":12,"total":90,"failed":0,"latencyMilliseconds":{"p50":210,"p90":900,"p99":61000}},
  "origin":"https://mcp.example.com"},
 {"name":"loop","type":"stdio","status":"error","state":"starting","sinceSeconds":1,"uptimeSeconds":0,
  "reason":{"code":"retry","text":"the backoff is over"},"incarnation":41,"starts":41,"restarts":40,"crashLoop":true,
  "attempt":40,"nextTry":null,"nextTrySeconds":null,
  "lastError":{"at":"2026-11-21T11:12:00.000Z","code":"out_of_memory","text":"killed: out of memory, the limit is 512m",
   "exit":{"code":null,"signal":"SIGKILL","outOfMemory":true},"stderr":""},
  "calls":{"inFlight":0,"total":40,"failed":40,"latencyMilliseconds":{"p50":null,"p90":null,"p99":null}}},
 {"name":"idle","type":"stdio","status":"stopped","state":"stopped","sinceSeconds":11530,"uptimeSeconds":0,
  "reason":{"code":"prepared","text":"the image is there"},"incarnation":0,"starts":0,"restarts":0,
  "crashLoop":false,"attempt":0,"nextTry":null,"nextTrySeconds":null,"lastError":null,
  "calls":{"inFlight":0,"total":0,"failed":0,"latencyMilliseconds":{"p50":null,"p90":null,"p99":null}}}]})";

table_style wide(std::size_t width) {
    table_style style;
    style.width = width;
    return style;
}

std::string with_server(const std::string& members) {
    return R"({"gateway":{"healthy":true},"servers":[{"name":"one",)" + members + "}]}";
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines(1);
    for (const char each : text) {
        if (each == '\n')
            lines.emplace_back();
        else
            lines.back() += each;
    }
    return lines;
}

// The table's line of the first server.
std::string first_server(const std::string& document, std::size_t width = 0) {
    const auto view = draw_status(document, wide(width));
    CHECK(view.understood);
    const auto lines = lines_of(view.text);
    CAPTURE(view.text);
    REQUIRE(lines.size() > 3);
    return lines[2];
}

} // namespace

TEST_CASE("status table: 120 columns") {
    const auto view = draw_status(five, wide(120));
    CHECK(view.understood);
    CHECK(view.detailed);
    CHECK_FALSE(view.healthy);
    CHECK(view.text == R"(unhealthy: 2 of 5 servers in error, 2 sessions, up 3h12m, version 0.1.0
SERVER        STATUS   STATE     SINCE  UPTIME  RESTARTS  IN FLIGHT  P50/P99      REASON
time          running  ready     3h11m  3h11m          0          3  4.2ms/340ms  the handshake is done
search-index  error    backoff   7s     -              2          0  -            next try in 4s: exited with status ...
github        running  degraded  1m35s  2h1m           0         12  210ms/61s    no answer to ping within 5 s, 2 of 3
loop          error    starting  1s     -             40          0  -            crash loop: killed: out of memory, ...
idle          stopped  stopped   3h12m  -              0          0  -            the image is there
)");
}

TEST_CASE("status table: 80 columns, where the reasons have lines of their own") {
    CHECK(draw_status(five, wide(80)).text ==
          R"(unhealthy: 2 of 5 servers in error, 2 sessions, up 3h12m, version 0.1.0
SERVER        STATUS   STATE     SINCE  UPTIME  RESTARTS  IN FLIGHT  P50/P99
time          running  ready     3h11m  3h11m          0          3  4.2ms/340ms
search-index  error    backoff   7s     -              2          0  -
    next try in 4s: exited with status 3 before the handshake
github        running  degraded  1m35s  2h1m           0         12  210ms/61s
    no answer to ping within 5 s, 2 of 3
loop          error    starting  1s     -             40          0  -
    crash loop: killed: out of memory, the limit is 512m
idle          stopped  stopped   3h12m  -              0          0  -
)");
}

TEST_CASE("status table: 60 columns, where some are left out") {
    CHECK(draw_status(five, wide(60)).text == R"(unhealthy: 2 of 5 servers in error, 2 sessions, up 3h12m,...
SERVER        STATUS   STATE     SINCE  RESTARTS  IN FLIGHT
time          running  ready     3h11m         0          3
search-index  error    backoff   7s            2          0
    next try in 4s: exited with status 3 before the hands...
github        running  degraded  1m35s         0         12
    no answer to ping within 5 s, 2 of 3
loop          error    starting  1s           40          0
    crash loop: killed: out of memory, the limit is 512m
idle          stopped  stopped   3h12m         0          0
)");
}

TEST_CASE("status table: without a limit nothing is cut") {
    const auto text = draw_status(five, {}).text;
    CHECK(text.find("  next try in 4s: exited with status 3 before the handshake\n") != std::string::npos);
    CHECK(text.find("...") == std::string::npos);
}

TEST_CASE("status table: no line is wider than the terminal") {
    for (std::size_t width = 1; width < 130; ++width)
        for (const auto& line : lines_of(draw_status(five, wide(width)).text)) {
            CAPTURE(width);
            CHECK(line.size() <= width); // all of it is ASCII
        }
}

TEST_CASE("status table: colour changes nothing but colour") {
    for (const std::size_t width : {0, 30, 80, 120}) {
        auto style = wide(width);
        const auto plain = draw_status(five, style).text;
        style.colour = true;
        auto painted = draw_status(five, style).text;
        CHECK(painted.find("\x1b[31munhealthy\x1b[0m") == 0);
        for (const std::string code : {"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"})
            for (auto at = painted.find(code); at != std::string::npos; at = painted.find(code))
                painted.erase(at, code.size());
        CHECK(painted == plain);
    }
}

TEST_CASE("status table: the first line") {
    const auto line = [](const std::string& gateway, const std::string& servers = "") {
        const auto text =
            draw_status(R"({"gateway":{)" + gateway + R"(},"servers":[)" + servers + "]}", {}).text;
        return text.substr(0, text.find('\n'));
    };
    CHECK(line(R"("healthy":true,"uptimeSeconds":5,"sessions":0,"version":"1.2.3")") ==
          "healthy: no servers, 0 sessions, up 5s, version 1.2.3");
    CHECK(line(R"("healthy":true,"closing":true,"uptimeSeconds":61,"sessions":1)", R"({"name":"a"})") ==
          "healthy, shutting down: 1 server, 1 session, up 1m1s");
    CHECK(line(R"("healthy":false,"uptimeSeconds":61)", R"({"name":"a","status":"error"})") ==
          "unhealthy: 1 of 1 server in error, up 1m1s");
    CHECK(line("") == "unhealthy: no servers, up -");
}

TEST_CASE("status table: durations have at most six characters") {
    struct row {
        const char* seconds;
        const char* shown;
    };
    constexpr row table[] = {{"0", "0s"},         {"59", "59s"},   {"60", "1m"},      {"61", "1m1s"},
                             {"599", "9m59s"},    {"600", "10m"},  {"3599", "59m"},   {"3600", "1h"},
                             {"86399", "23h59m"}, {"86400", "1d"}, {"90000", "1d1h"}, {"8639999", "99d23h"},
                             {"8640000", "100d"}, {"12.9", "12s"}, {"-1", "-"},       {"null", "-"},
                             {"\"7\"", "-"},      {"1e300", "-"}};
    for (const auto& each : table) {
        CAPTURE(each.seconds);
        CHECK(first_server(with_server(R"("status":"error","state":"backoff","sinceSeconds":)" +
                                       std::string(each.seconds))) ==
              "one     error   backoff  " + std::string(each.shown) +
                  std::string(std::max<std::size_t>(5, std::string(each.shown).size()) -
                                  std::string(each.shown).size(),
                              ' ') +
                  "  -              -          -  -");
    }
}

TEST_CASE("status table: latencies") {
    const auto shown = [](const std::string& p50, const std::string& p99) {
        const auto line = first_server(with_server(R"("calls":{"inFlight":0,"latencyMilliseconds":{"p50":)" +
                                                   p50 + R"(,"p99":)" + p99 + "}}"));
        return line.substr(line.rfind(' ') + 1);
    };
    CHECK(shown("0.04", "0.4") == "0.0ms/0.4ms");
    CHECK(shown("9.94", "9.96") == "9.9ms/10ms");
    CHECK(shown("999", "1000") == "999ms/1.0s");
    CHECK(shown("61000", "600000") == "61s/600s");
    CHECK(shown("3", "null") == "3.0ms/-");
    CHECK(shown("null", "3") == "-");
}

TEST_CASE("status table: why") {
    const auto reason = [](const std::string& members) {
        const auto line = first_server(with_server(members));
        const auto at = line.find("-  -"); // in flight, latencies
        REQUIRE(at != std::string::npos);
        const auto start = line.find_first_not_of(' ', at + 4);
        return start == std::string::npos ? std::string() : line.substr(start);
    };
    const std::string failure = R"("lastError":{"code":"exited","text":"exited with status 3"})";
    CHECK(reason(R"("reason":{"code":"exited","text":"gone"})") == "gone");
    CHECK(reason(R"("reason":{"code":"exited","text":""})") == "exited");
    CHECK(reason(R"("status":"error","reason":{"code":"retry","text":"again"},)" + failure) ==
          "exited with status 3");
    CHECK(reason(R"("status":"running","reason":{"code":"retry","text":"again"},)" + failure) == "again");
    CHECK(reason(R"("status":"error","reason":{"code":"retry","text":"again"},"lastError":null)") == "again");
    CHECK(reason(R"("crashLoop":true,"nextTrySeconds":61,"reason":{"code":"exited","text":"gone"})") ==
          "crash loop, next try in 1m1s: gone");
    CHECK(reason(R"("nextTrySeconds":0)") == "next try in 0s");
}

TEST_CASE("status table: what a terminal would obey never gets through") {
    const auto line =
        first_server(R"({"gateway":{},"servers":[{"name":"a\u001b[2Jb","status":"x\ny","state":"\u009bq",)"
                     R"("reason":{"text":"one\u0007two\u202ethree\r\u007f"}}]})");
    CHECK(line.find("a [2Jb") == 0);
    CHECK(line.find("x y") != std::string::npos);
    CHECK(line.find("one two three") != std::string::npos);
    for (const unsigned char each : line)
        CHECK((each >= 0x20 && each < 0x7f));
}

TEST_CASE("status table: wide and combining characters keep the columns in line") {
    const auto view =
        draw_status(R"({"gateway":{},"servers":[{"name":"時計","status":"running"},)"
                    R"({"name":"e\u0301","status":"running"},{"name":"😀","status":"running"}]})",
                    {});
    const auto lines = lines_of(view.text);
    REQUIRE(lines.size() == 6);
    CHECK(lines[2].find("時計    running") == 0);
    CHECK(lines[3].find("e\u0301       running") == 0);
    CHECK(lines[4].find("😀      running") == 0);
    CHECK(cut_text("時計時計", 7) == "時計...");
    CHECK(cut_text("時計時計", 6) == "時...");
    CHECK(cut_text("時計", 3) == "時");
    CHECK(cut_text("時計", 1) == "");
    CHECK(cut_text("時計", 4) == "時計");
    CHECK(cut_text("abc", 0) == "");
}

TEST_CASE("status table: a long name is shortened before columns are left out") {
    const std::string name(60, 'n');
    const std::string document =
        R"({"gateway":{},"servers":[{"name":")" + name + R"(","status":"running"}]})";
    CHECK(first_server(document).find(std::string(37, 'n') + "...  running") == 0);
    const auto narrow = draw_status(document, wide(80)).text;
    CHECK(narrow.find("P50/P99") != std::string::npos);
    CHECK(narrow.find("nnn...  running") != std::string::npos);
}

TEST_CASE("status table: GET /health alone") {
    const auto view = draw_status(R"({"status":"unhealthy","specVersion":"1.9.0","gatewayVersion":"0.1.0",)"
                                  R"("servers":{"time":{"status":"running","uptime":61},)"
                                  R"("search":{"status":"error","uptime":0}}})",
                                  {});
    CHECK(view.understood);
    CHECK_FALSE(view.detailed);
    CHECK_FALSE(view.healthy);
    CHECK(view.text == "unhealthy: 1 of 2 servers in error, version 0.1.0\n"
                       "SERVER  STATUS   UPTIME\n"
                       "time    running  1m1s\n"
                       "search  error    -\n");
    const auto empty = draw_status(R"({"status":"healthy","servers":{}})", {});
    CHECK(empty.healthy);
    CHECK(empty.text == "healthy: no servers\n");
}

TEST_CASE("status table: what is not of a gateway is not understood") {
    for (const auto* text :
         {"", "{", "null", "[]", "{}", R"({"gateway":{}})", R"({"servers":[]})", R"({"servers":{}})",
          R"({"gateway":[],"servers":[]})", R"({"gateway":{},"servers":{}})", R"({"status":"healthy"})",
          R"({"status":1,"servers":{}})", "<html>"}) {
        CAPTURE(text);
        const auto view = draw_status(text, {});
        CHECK_FALSE(view.understood);
        CHECK_FALSE(view.healthy);
        CHECK(view.text == "");
    }
}

TEST_CASE("status table: members of a wrong kind do no harm") {
    for (const auto* server :
         {"1", "null", "[]", R"({"name":1,"status":[],"calls":3,"reason":"x","lastError":7})",
          R"({"calls":{"latencyMilliseconds":[]},"status":"error","reason":{"code":"retry"}})"}) {
        CAPTURE(server);
        CHECK(draw_status(R"({"gateway":{},"servers":[)" + std::string(server) + "]}", wide(80)).understood);
    }
}

TEST_CASE("status table: why a gateway is not ready") {
    CHECK(readiness_reasons(R"({"ready":false,"reasons":["server a is in error","b\u001b"]})") ==
          "server a is in error, b ");
    for (const auto* text : {"", "{}", "[]", R"({"reasons":{}})", R"({"reasons":[1,null]})"})
        CHECK(readiness_reasons(text) == "");
}
