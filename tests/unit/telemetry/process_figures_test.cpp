#include "telemetry/process_figures.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <string>

using namespace drawbridge::telemetry;

namespace {

const std::string numbers = " S 1 77 77 0 -1 4194560 2381 10 3 0 1234 567 8 9 20 0 4 0 352047 271892480 6412 "
                            "18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 0 0 0 0 0 0\n";

} // namespace

TEST_CASE("process figures: /proc/PID/stat") {
    for (const auto* start : {"77 (drawbridge)", "77 (a b)", "77 (a) S 1 (b))", "77 ()"}) {
        const auto found = parse_stat(start + numbers);
        REQUIRE(found);
        CHECK(found->user_ticks == 1234);
        CHECK(found->system_ticks == 567);
        CHECK(found->threads == 4);
        CHECK(found->start_ticks == 352047);
        CHECK(found->virtual_bytes == 271892480);
        CHECK(found->resident_pages == 6412);
    }
}

TEST_CASE("process figures: a stat that is cut or no stat gives nothing") {
    const std::string whole = "77 (drawbridge)" + numbers;
    const auto end = whole.find(" 6412") + 1;
    for (std::size_t length = 0; length <= end; ++length)
        CHECK_FALSE(parse_stat(std::string_view(whole).substr(0, length)));
    CHECK_FALSE(parse_stat("77 (x) S 1 77 77 0 -1 4194560 2381 10 3 0 twelve 567 8 9 20 0 4 0 1 2 3"));
    CHECK_FALSE(parse_stat("77 (x) S 1 77 77 0 -1 4194560 2381 10 3 0 12 567 8 9 20 0 4 0 1 2 -3"));
    CHECK_FALSE(parse_stat("77 (x) S 1 77 77 0 -1 4194560 2381 10 3 0 12x 567 8 9 20 0 4 0 1 2 3"));
}

TEST_CASE("process figures: when the system started") {
    CHECK(parse_boot_time("cpu  1 2 3\nintr 9 btime 4\nbtime 1795222097\nprocesses 5\n") == 1795222097);
    CHECK(parse_boot_time("btime 12") == 12);
    CHECK_FALSE(parse_boot_time("cpu 1\nxbtime 12\n"));
    CHECK_FALSE(parse_boot_time("btime soon\n"));
    CHECK_FALSE(parse_boot_time("btime \n"));
    CHECK_FALSE(parse_boot_time(""));
}

TEST_CASE("process figures: the soft limit of descriptors") {
    const std::string head =
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max cpu time              unlimited            unlimited            seconds   \n";
    CHECK(parse_descriptor_limit(
              head + "Max open files            1024                 524288               files     \n") ==
          1024);
    CHECK_FALSE(parse_descriptor_limit(
        head + "Max open files            unlimited            unlimited            files     \n"));
    CHECK_FALSE(parse_descriptor_limit(head));
}

TEST_CASE("process figures: of this process") {
    const auto found = process_figures::read();
    REQUIRE(found.open_descriptors);
    CHECK(*found.open_descriptors >= 1);
    REQUIRE(found.threads);
    CHECK(*found.threads >= 1);
    REQUIRE(found.resident_bytes);
    REQUIRE(found.virtual_bytes);
    CHECK(*found.resident_bytes > 100'000);
    CHECK(*found.virtual_bytes >= *found.resident_bytes);
    REQUIRE(found.cpu_seconds);
    CHECK(*found.cpu_seconds >= 0);
    REQUIRE(found.started);
    const auto now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    CHECK(*found.started > 1e9);
    CHECK(*found.started < now + 5); // the kernel's start time is in whole seconds

    // One descriptor more is one more, and reading leaves none behind.
    const int more = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE(more >= 0);
    CHECK(process_figures::read().open_descriptors == *found.open_descriptors + 1);
    ::close(more);
    CHECK(process_figures::read().open_descriptors == found.open_descriptors);
}
