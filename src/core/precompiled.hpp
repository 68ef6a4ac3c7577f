// What nearly every file needs, compiled once. Not to be included by hand: each file includes what it uses.
#ifndef DRAWBRIDGE_PRECOMPILED // not #pragma once: the compiler sees this file as a main file
#define DRAWBRIDGE_PRECOMPILED

#include <boost/asio.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#endif
