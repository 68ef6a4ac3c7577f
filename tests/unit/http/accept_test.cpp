#include "http/accept.hpp"

#include <doctest/doctest.h>

using namespace drawbridge::http;

TEST_CASE("accept: what a client reads") {
    struct row {
        const char* header;
        bool json, events;
    };
    constexpr row table[] = {
        {"", true, false},
        {"*/*", true, false},
        {"application/json", true, false},
        {"Application/JSON; charset=utf-8", true, false},
        {"application/*", true, false},
        {"application/json, text/event-stream", true, true},
        {"text/event-stream;q=0.9 ,application/json", true, true},
        {"text/event-stream", false, true},
        {"text/html, application/xml", false, false},
        {"application/json;q=0, text/event-stream", false, true},
        {"text/event-stream; q=0.0", false, false},
        {"application/jsonx", false, false},
    };
    for (const auto& each : table) {
        CAPTURE(each.header);
        const auto read = read_accept(each.header);
        CHECK(read.json == each.json);
        CHECK(read.events == each.events);
    }
}
