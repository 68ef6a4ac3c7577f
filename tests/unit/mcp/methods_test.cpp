#include "mcp/methods.hpp"

#include <doctest/doctest.h>

using drawbridge::mcp::shown_method;

TEST_CASE("methods: which names are told") {
    for (const auto* each : {"initialize",
                             "ping",
                             "logging/setLevel",
                             "completion/complete",
                             "prompts/list",
                             "prompts/get",
                             "resources/list",
                             "resources/templates/list",
                             "resources/read",
                             "resources/subscribe",
                             "resources/unsubscribe",
                             "tools/list",
                             "tools/call",
                             "server/discover",
                             "subscriptions/listen",
                             "tasks/get",
                             "tasks/update",
                             "tasks/cancel",
                             "tasks/result",
                             "tasks/list"})
        CHECK(shown_method(each) == each);
    for (const auto* each :
         {"", "server/", "Server/discover", "subscriptions/listen ", "tasks/geT", "tools/call\n", "\x1B[2J"})
        CHECK(shown_method(each) == "a request");
}
