#include "backend/stderr_tail.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using drawbridge::backend::stderr_tail;
using lines = std::vector<std::string>;

TEST_CASE("stderr tail: whole lines, however the chunks are cut") {
    const std::string text = "one\ntwo\n\n   \nthree";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        CAPTURE(cut);
        stderr_tail tail({});
        auto all = tail.feed(text.substr(0, cut));
        const auto second = tail.feed(text.substr(cut));
        all.insert(all.end(), second.begin(), second.end());
        CHECK(all == lines{"one", "two"}); // empty ones are left out
        CHECK(tail.finish() == lines{"three"});
        CHECK(tail.finish() == lines{});
        CHECK(tail.text() == "one | two | three");
    }
}

TEST_CASE("stderr tail: nothing fed, nothing said") {
    stderr_tail tail({});
    CHECK(tail.feed("") == lines{});
    CHECK(tail.finish() == lines{});
    CHECK(tail.text() == "");
}

TEST_CASE("stderr tail: the last ten lines are kept") {
    stderr_tail tail({});
    for (int i = 1; i <= 25; ++i)
        CHECK(tail.feed("line " + std::to_string(i) + "\n").size() == 1);
    CHECK(tail.text() ==
          "line 16 | line 17 | line 18 | line 19 | line 20 | line 21 | line 22 | line 23 | line 24 | "
          "line 25");
}

TEST_CASE("stderr tail: known secrets are not shown, not even across chunks") {
    stderr_tail tail({"hunter2-secret"});
    tail.feed("password is hunter2");
    const auto told = tail.feed("-secret, use it\n");
    REQUIRE(told.size() == 1);
    CHECK(told[0].find("hunter2") == std::string::npos);
    CHECK(told[0].find("use it") != std::string::npos);
    CHECK(tail.text().find("hunter2") == std::string::npos);
}

TEST_CASE("stderr tail: a line without an end takes no memory, and its first part is told once") {
    stderr_tail tail({});
    lines told;
    const std::string chunk(4096, 'x');
    for (int i = 0; i < 1000; ++i)
        for (auto& line : tail.feed(chunk))
            told.push_back(std::move(line));
    REQUIRE(told.size() == 1);
    CHECK(told[0].size() <= stderr_tail::line_limit);
    CHECK(tail.feed("rest\nnext\n") == lines{"next"});
    CHECK(tail.finish() == lines{});
}

TEST_CASE("stderr tail: control characters can't reach a terminal") {
    stderr_tail tail({});
    const auto told = tail.feed("\x1b[31mred\x1b[0m\x07\r\n");
    REQUIRE(told.size() == 1);
    CHECK(told[0].find('\x1b') == std::string::npos);
    CHECK(told[0].find('\x07') == std::string::npos);
    CHECK(told[0].find("red") != std::string::npos);
}

TEST_CASE("stderr tail: of a flood a part is shown, and how much is missing; the last lines are kept") {
    stderr_tail tail({"secret-1234"});
    const drawbridge::core::time_point start(std::chrono::hours(1));
    std::string flood;
    for (int i = 0; i < 5000; ++i)
        flood += "line " + std::to_string(i) + " secret-1234\n";
    const auto shown = tail.feed(flood, start);
    CHECK(shown.size() == 1000);
    const auto later = tail.feed("quiet again\n", start + std::chrono::seconds(1));
    REQUIRE(later.size() == 2);
    CHECK(later[0] == "(4000 lines left out)");
    CHECK(later[1] == "quiet again");
    CHECK(tail.text().find("line 4999") != std::string::npos);
    CHECK(tail.text().find("secret-1234") == std::string::npos);
}
