#include "mcp/url_elicitation.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace drawbridge;
using mcp::declines_url;

namespace {

std::vector<mcp::input_request> read(const std::string& error) {
    const auto text = R"({"jsonrpc":"2.0","id":1,"error":)" + error + "}";
    return mcp::read_url_elicitations(text, jsonrpc::scan(text));
}
std::string wants(const std::string& elicitations, const std::string& code = "-32042") {
    return R"({"code":)" + code + R"(,"message":"m","data":{"elicitations":)" + elicitations + "}}";
}
const std::string visit = R"({"mode":"url","elicitationId":"e","url":"https://a.example/","message":"go"})";

} // namespace

TEST_CASE("url elicitation: what has to be opened becomes what the client is asked") {
    const auto asked =
        read(wants("[" + visit + R"(, {"url":"https://b.example/","message":"and", "elicitationId":"f"}])"));
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].key == "url-1");
    CHECK(asked[0].method == "elicitation/create");
    CHECK(asked[0].params == visit);
    CHECK(asked[1].key == "url-2");
    CHECK(asked[1].params ==
          R"({"mode":"url","url":"https://b.example/","message":"and", "elicitationId":"f"})");
    const auto sent = mcp::input_required_response("1", asked, {}, {});
    CHECK(sent.find("elicitationId") == std::string::npos);
}

TEST_CASE("url elicitation: any other error, and one that can't be read, is none") {
    for (const auto& error :
         {wants("[" + visit + "]", "-32041"), wants("[]"), wants("{}"), wants("[1]"),
          wants("[" + visit + ",{}]"), wants(R"([{"mode":"form","url":"u","message":"m"}])"),
          wants(R"([{"url":1,"message":"m"}])"), wants(R"([{"url":"u"}])"),
          std::string(R"({"code":-32042,"message":"m"})"), std::string(R"({"code":-32042,"data":[]})"),
          std::string("1")}) {
        CAPTURE(error);
        CHECK(read(error).empty());
    }
    const std::string fine = R"({"jsonrpc":"2.0","id":1,"result":{}})";
    CHECK(mcp::read_url_elicitations(fine, jsonrpc::scan(fine)).empty());
    std::string many;
    for (std::size_t i = 0; i <= mcp::max_input_requests; ++i)
        many += (many.empty() ? "" : ",") + visit;
    CHECK(read(wants("[" + many + "]")).empty());
}

TEST_CASE("url elicitation: a retry that does not say that the user agreed") {
    CHECK_FALSE(declines_url(R"({"url-1":{"action":"accept"}})"));
    CHECK_FALSE(declines_url(R"({"input-1":{"action":"decline"}})"));
    CHECK_FALSE(declines_url("{}"));
    CHECK_FALSE(declines_url(""));
    CHECK_FALSE(declines_url("[]"));
    CHECK(declines_url(R"({"url-1":{"action":"decline"}})"));
    CHECK(declines_url(R"({"url-1":{"action":"accept"}, "\u0075rl-2":{"action":"cancel"}})"));
    CHECK(declines_url(R"({"url-1":{}})"));
    CHECK(declines_url(R"({"url-1":1})"));
}
