#include "support/diary.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace drawbridge::test {

diary::diary() {
    folder_ = (std::filesystem::temp_directory_path() / "drawbridge-test-XXXXXX").string();
    REQUIRE(::mkdtemp(folder_.data()) != nullptr);
}

diary::~diary() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

server_entry diary::server(std::string name, std::vector<std::string> arguments,
                           const std::string& extra) const {
    arguments.insert(arguments.end(), {"--record", "/diary/lines"});
    return scripted(std::move(name), std::move(arguments),
                    R"("mounts":[)" + json_string(folder_ + ":/diary:rw") + "]" +
                        (extra.empty() ? "" : "," + extra));
}

std::vector<std::string> diary::lines() const {
    std::ifstream file(path("lines"), std::ios::binary);
    return lines_of(std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
}

long diary::count(std::string_view line) const {
    const auto all = lines();
    return std::count(all.begin(), all.end(), line);
}

} // namespace drawbridge::test
