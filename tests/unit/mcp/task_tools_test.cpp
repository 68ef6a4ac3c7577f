#include "mcp/task_tools.hpp"

#include <doctest/doctest.h>

using drawbridge::mcp::without_task_tools;

namespace {

std::string list(const std::string& tools) {
    return R"({"jsonrpc":"2.0","id":1,"result":{ "tools":[)" + tools + R"(], "nextCursor":"x"}})";
}
const std::string plain = R"({"name":"a" })";
const std::string able = R"({"name":"b","execution":{"taskSupport":"optional"}})";
const std::string bound = R"({"name":"c","execution":{"taskSupport":"\u0072equired"}})";

} // namespace

TEST_CASE("task tools: those that only run as tasks are left out, the others stay as they are") {
    CHECK(without_task_tools(list(plain + "," + bound + ", " + able)) == list(plain + ", " + able));
    CHECK(without_task_tools(list(bound + "," + bound)) == list(""));
    CHECK(without_task_tools(list(bound + "," + plain)) == list(plain));
    CHECK(without_task_tools(list(plain + "," + able)) == list(plain + "," + able));
}

TEST_CASE("task tools: what is no list stays as it is") {
    for (const std::string text :
         {R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"taskSupport"}})",
          R"({"jsonrpc":"2.0","id":1,"result":{"tools":{"taskSupport":"required"}}})",
          R"({"jsonrpc":"2.0","id":1,"result":{"taskSupport":[]}})", "taskSupport"})
        CHECK(without_task_tools(text) == text);
}
