#include "config/units.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::config;
using std::chrono::seconds;

TEST_CASE("config durations: Go's spelling, rounded up to seconds") {
    CHECK(parse_duration("90s") == seconds(90));
    CHECK(parse_duration("1h30m") == seconds(5400));
    CHECK(parse_duration("1h1m1s") == seconds(3661));
    CHECK(parse_duration("1.5h") == seconds(5400));
    CHECK(parse_duration(".5m") == seconds(30));
    CHECK(parse_duration("500ms") == seconds(1));
    CHECK(parse_duration("1s1ms") == seconds(2));
    CHECK(parse_duration("+4h") == seconds(14400));
    CHECK(parse_duration("-4h") == seconds(-14400));
    CHECK(parse_duration("0") == seconds(0));
    CHECK(parse_duration("1500000us") == seconds(2));
    CHECK(parse_duration("2000000\xc2\xb5s") == seconds(2));
    CHECK(parse_duration("3000000000ns") == seconds(3));
}

TEST_CASE("config durations: everything else is none") {
    for (const auto* text : {"", "s", "4", "4 h", "4d", "h4", "4h4", "1.2.3s", ".s", "-", "4H", "1h-2m",
                             "999999999h", "99999999999999999999999999999999999999999999999h", " 4h"}) {
        CAPTURE(text);
        CHECK(!parse_duration(text));
    }
}

TEST_CASE("config sizes: binary units in every common spelling") {
    CHECK(parse_bytes("1048576") == 1048576u);
    CHECK(parse_bytes("512b") == 512u);
    CHECK(parse_bytes("512m") == 512u << 20);
    CHECK(parse_bytes("512MiB") == 512u << 20);
    CHECK(parse_bytes("512 MB") == 512u << 20);
    CHECK(parse_bytes("2GiB") == std::uint64_t{2} << 30);
    CHECK(parse_bytes("1.5g") == std::uint64_t{3} << 29);
    CHECK(parse_bytes("4k") == 4096u);
    CHECK(parse_bytes("1T") == std::uint64_t{1} << 40);
    for (const auto* text : {"", "m", "12x", "12mm", "12iB", "-1", "1e9", "99999999999999999999t"}) {
        CAPTURE(text);
        CHECK(!parse_bytes(text));
    }
}
