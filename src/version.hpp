// Versions that the gateway reports (Gateway 8.1.1: MAJOR.MINOR.PATCH).
#pragma once

#include <string_view>

namespace drawbridge {

inline constexpr std::string_view gateway_version = DRAWBRIDGE_VERSION;
inline constexpr std::string_view specification_version = "1.17.0";

} // namespace drawbridge
