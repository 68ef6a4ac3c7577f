// What a server was found to speak is remembered as long as its image is the same.
#include "backend/actor_stage.hpp"

using namespace drawbridge;
using namespace drawbridge::testing;

namespace {

// A server of sessions that refuses server/discover, and ends after its first call.
constexpr const char* old_server = R"(
while hear; do
    id
    case "$line" in
    *'"method":"server/discover"'*) say '{"jsonrpc":"2.0","id":'"$id"',"error":{"code":-32601,"message":"no"}}' ;;
    *'"method":"initialize"'*)
        say '{"jsonrpc":"2.0","id":'"$id"',"result":{"protocolVersion":"2025-06-18","capabilities":{}}}' ;;
    *'"id":'*) say '{"jsonrpc":"2.0","id":'"$id"',"result":{}}'; exit 0 ;;
    esac
done
)";

std::size_t probes(const fake_client& client) {
    std::size_t count = 0;
    for (const auto& line : client.lines("heard"))
        count += line.find("server/discover") != std::string::npos;
    return count;
}

// The image has been looked at that many times.
void await_looks(stage& now, std::size_t count) {
    const auto limit = core::clock::now() + 10s;
    while (now.client.calls("image inspect").size() < count && core::clock::now() < limit) {
        core::event pause(now.loop.get_executor());
        const auto until = core::clock::now() + 10ms;
        testing::run(now.loop, pause.wait_until(until));
    }
    REQUIRE(now.client.calls("image inspect").size() == count);
}

} // namespace

TEST_CASE("actor, eras: an image that has changed under its name is asked anew what it speaks") {
    stage now(old_server);
    now.settings.server.era.reset();
    now.client.write("image", "sha256:1\n");
    now.start();
    CHECK(now.ask("a").response != "");
    CHECK(probes(now.client) == 1);
    await_looks(now, 2); // at the start, and at the end of the process
    now.until(state::ready, 2);
    CHECK(probes(now.client) == 1); // it is the same
    now.client.write("image", "sha256:2\n");
    CHECK(now.ask("b").response != "");
    await_looks(now, 3);
    now.until(state::ready, 3);
    CHECK(probes(now.client) == 2);
}
