#pragma once
#include <string>
#include <string_view>
namespace drawbridge::mcp {
inline std::string federated_notification(std::string_view, std::string_view text) { return std::string(text); }
}
