// Short ways to read JSON in tests. A wrong path fails the test with the text that was read.
#pragma once

#include <boost/json/fwd.hpp>

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace drawbridge::test {

boost::json::value parse(std::string_view text);
// "servers.demo.status", "tools.0.name".
const boost::json::value* find(const boost::json::value& in, std::string_view path);
std::string text_at(const boost::json::value& in, std::string_view path);    // "" where it is not a string
std::int64_t number_at(const boost::json::value& in, std::string_view path); // -1 where it is not an integer
std::string json_string(std::string_view text);

} // namespace drawbridge::test
