// What the tests of the configuration share.
#pragma once

#include "config/read.hpp"

#include <map>
#include <string>
#include <string_view>

namespace drawbridge::config::test {

using variables = std::map<std::string, std::string, std::less<>>;

inline reading read_with(std::string_view document, const variables& known = {}) {
    return read(document, [&known](std::string_view name) -> std::optional<std::string> {
        const auto found = known.find(name);
        if (found == known.end()) return std::nullopt;
        return found->second;
    });
}

// A whole document around the text of one server, named "s".
inline std::string with_server(std::string_view server) {
    return "{\"mcpServers\":{\"s\":" + std::string(server) +
           "},\"gateway\":{\"port\":8080,\"domain\":\"localhost\",\"agentId\":\"id\"}}";
}

inline std::string with_stdio(std::string_view more) {
    return with_server("{\"container\":\"image:1\"," + std::string(more) + "}");
}

inline std::string with_http(std::string_view more) {
    return with_server("{\"type\":\"http\",\"url\":\"https://api.example/mcp\"," + std::string(more) + "}");
}

inline std::string with_extension(std::string_view more) {
    return with_stdio("\"drawbridge\":{" + std::string(more) + "}");
}

// A whole document around more fields of the gateway section.
inline std::string with_gateway(std::string_view more) {
    return "{\"mcpServers\":{},\"gateway\":{\"port\":8080,\"domain\":\"localhost\",\"agentId\":\"id\"," +
           std::string(more) + "}}";
}

// A whole document around a complete gateway section.
inline std::string with_section(std::string_view section) {
    return "{\"mcpServers\":{},\"gateway\":" + std::string(section) + "}";
}

inline const problem* find(const std::vector<problem>& problems, std::string_view path,
                           std::string_view part) {
    for (const auto& one : problems)
        if (one.path == path && (one.message + '\n' + one.suggestion).find(part) != std::string::npos)
            return &one;
    return nullptr;
}

// Exactly this one error, at this path, with this text in its message or suggestion.
inline bool only_error(const reading& what, std::string_view path, std::string_view part) {
    return !what.value && what.errors.size() == 1 && find(what.errors, path, part) != nullptr;
}

inline std::string all_text(const reading& what) {
    std::string out;
    for (const auto* list : {&what.errors, &what.warnings})
        for (const auto& one : *list)
            out += one.path + ": " + one.message + " / " + one.suggestion + '\n';
    return out;
}

} // namespace drawbridge::config::test
