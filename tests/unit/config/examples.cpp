// The example configurations that are packaged must be valid, and hold no secrets.
#include "support.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace drawbridge::config;
using namespace drawbridge::config::test;

TEST_CASE("config: every packaged example is valid") {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(DRAWBRIDGE_SOURCE_DIR "/packaging/examples")) {
        if (entry.path().extension() != ".json") continue;
        CAPTURE(entry.path().string());
        std::ifstream file(entry.path());
        std::stringstream text;
        text << file.rdbuf();
        const auto got = read(text.str(), [](std::string_view name) -> std::optional<std::string> {
            return name == "MCP_GATEWAY_PORT"     ? "8080"
                   : name == "MCP_GATEWAY_DOMAIN" ? "localhost"
                   : name.substr(0, 11) == "MCP_GATEWAY" && name != "MCP_GATEWAY_AGENT_ID"
                       ? std::optional<std::string>()
                   : name == "WORKSPACE" ? "/srv/workspace"
                                         : "a-value";
        });
        CHECK_MESSAGE(got.value, all_text(got));
        CHECK_MESSAGE(got.warnings.empty(), all_text(got));
        CHECK(text.str().find("\"agentId\": \"${MCP_GATEWAY_AGENT_ID}\"") != std::string::npos);
        ++count;
    }
    CHECK(count >= 5);
}
