#include "mcp/federated_name.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace drawbridge::mcp;
using std::string;

namespace {

const std::vector<string> ab = {"a", "b"};

bool is_client_name(const string& name) {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '-';
    });
}

// There and back, for a server among `servers`.
void check_round_trip(const std::vector<string>& servers, const string& server, const string& name) {
    CAPTURE(server);
    CAPTURE(name);
    const auto federated = federated_name(server, name);
    CAPTURE(federated);
    CHECK(is_client_name(federated));
    name_table table;
    table.learn(server, name);
    const auto back = resolve(servers, table, federated);
    CHECK(back.how == name_lookup::found);
    CHECK(back.server == server);
    CHECK(back.name == name);
}

} // namespace

TEST_CASE("federated_name: plain names keep their letters") {
    CHECK(federated_name("files", "read_file") == "files__read_file");
    CHECK(federated_name("a", "b__c") == "a__b__c");
    CHECK(federated_name("a", "_b") == "a___b");
    CHECK(federated_name("a", "__") == "a____");
    CHECK(federated_name("git-hub", "Get-Issue_2") == "git-hub__Get-Issue_2");
    CHECK(federated_name("a", "get_user_statistics") == "a__get_user_statistics");
    CHECK(federated_name("a", string(61, 'x')) == "a__" + string(61, 'x'));
    CHECK(federated_name(string(61, 's'), "x") == string(61, 's') + "__x");
}

// These are seen by clients and written into their settings: they are for ever.
TEST_CASE("federated_name: shortened names never change") {
    CHECK(federated_name("a", "dir/read file") == "a__dir_read_file_0vjtt4jxepd");
    CHECK(federated_name("my.server", "read") == "my_server_0ovtd3zbah5__read");
    CHECK(federated_name("my.server", "a.b") == "my_server_0ovtd3zbah5__a_b_02eee2kvg2d");
    CHECK(federated_name("a", string(62, 'x')) == "a__" + string(49, 'x') + "_0qh6vbp4hdj");
    CHECK(federated_name("a", "") == "a___0c64ju26ac7");
}

TEST_CASE("federated_name: what clients do not take is shortened") {
    for (const string name :
         {"a.b", "a/b", "a b", "日本", "\xff", "", " ", "a\n", "\"", "é", "x_0abcdefghij"}) {
        CAPTURE(name);
        const auto federated = federated_name("srv", name);
        CHECK(is_client_name(federated));
        CHECK(federated.starts_with("srv__"));
        CHECK(federated != "srv__" + name);
    }
    CHECK(federated_name("s", "日本 語a").starts_with("s___a_0"));
    const string nul("a\0b", 3);
    CHECK(is_client_name(federated_name("s", nul)));
    CHECK(federated_name("s", nul) != federated_name("s", "a_b"));
    CHECK(federated_name("s", "a.b") != federated_name("s", "a/b"));
    // Long names that differ only at their end.
    CHECK(federated_name("s", string(80, 'x') + "1") != federated_name("s", string(80, 'x') + "2"));
    CHECK(federated_name("s", string(100000, 'x')).size() == 64);
}

TEST_CASE("federated_name: the limit of 64 characters, at each length") {
    std::vector<string> servers;
    for (std::size_t size = 1; size <= 63; ++size)
        servers.push_back(string(size, 's'));
    for (const auto& server : servers) {
        for (std::size_t size = 1; size <= 70; ++size) {
            const string name(size, 'n');
            const auto federated = federated_name(server, name);
            CHECK((federated == server + "__" + name) == (server.size() + 2 + size <= 64));
            check_round_trip(servers, server, name);
        }
    }
}

TEST_CASE("federated_name: two underscores part the halves, and nothing else does") {
    const std::vector<string> servers = {"a", "a_", "a__b", "a___b", "a_b", "a.b", "a-b", "a_0abcdefghij"};
    const std::vector<string> names = {"c", "b__c", "_b__c", "__c",         "_c",           "c__",
                                       "_", "__",   "___",   "0abcdefghij", "_0abcdefghij", "x_0abcdefghij",
                                       ""};
    std::map<string, std::pair<string, string>> seen;
    for (const auto& server : servers) {
        for (const auto& name : names) {
            const auto federated = federated_name(server, name);
            CAPTURE(federated);
            CHECK(seen.try_emplace(federated, server, name).second);
            check_round_trip(servers, server, name);
        }
    }
    CHECK(federated_name("a", "b__c") == "a__b__c");
    CHECK_FALSE(federated_name("a__b", "c").starts_with("a__"));
    CHECK(federated_name("a__b", "c").starts_with("a_b_0"));
}

TEST_CASE("federated_name: a tool or server cannot take another's name") {
    // A tool that is called as another server's, or another tool's, shortened form.
    const auto other = federated_name("a__b", "c");
    const auto half = other.substr(0, other.find("__"));
    CHECK(federated_name(half, "c") != other);
    const auto slashed = federated_name("a", "x/y").substr(3);
    CHECK(federated_name("a", slashed) != "a__" + slashed);
    const std::vector<string> servers = {half, "a__b"};
    const name_table none;
    CHECK(resolve(servers, none, other).server == "a__b");
    CHECK(resolve(std::vector<string>{half}, none, other).how == name_lookup::unknown);
    name_table table;
    table.learn("a__b", "x y");
    const auto found = resolve(servers, table, federated_name("a__b", "x y"));
    CHECK(found.how == name_lookup::found);
    CHECK(found.server == "a__b");
}

TEST_CASE("federated_name: the prefix is what names begin with") {
    CHECK(name_prefix("files") == "files__");
    for (const string server : {"a", "a.b", "a__b", "a_", "x_0abcdefghij"})
        CHECK(federated_name(server, "t").starts_with(name_prefix(server)));
    for (std::size_t size = 1; size <= 63; ++size)
        CHECK(federated_name(string(size, 's'), "t").starts_with(name_prefix(string(size, 's'))));
}

TEST_CASE("resolve: what is not a name of a server") {
    name_table table;
    for (const string name : {"", "_", "__", "a", "a_", "a__", "__a", "c__x", "A__x", "a_x", "a__x y",
                              "a__x/y", "a__é", " a__x", "a__x\n", "_0abcdefghij__x"}) {
        CAPTURE(name);
        CHECK(resolve(ab, table, name).how == name_lookup::unknown);
    }
    CHECK(resolve(ab, table, "a__" + string(62, 'x')).how == name_lookup::unknown);
    CHECK(resolve({}, table, "a__x").how == name_lookup::unknown);
    CHECK(resolve(ab, table, string("a__x\0", 5)).how == name_lookup::unknown);
    // Only the one spelling: the whole fits, so neither half is shortened.
    const string longer(40, 's');
    const auto cut = federated_name(longer, string(40, 'n'));
    const auto half = cut.substr(0, cut.find("__") + 2);
    CHECK(resolve(std::vector<string>{longer}, table, half + "n").how == name_lookup::unknown);
    CHECK(resolve(std::vector<string>{longer}, table, longer + "__n_0abcdefghij").how ==
          name_lookup::unknown);
}

TEST_CASE("resolve: a shortened name is found once it is learned") {
    name_table table;
    const auto federated = federated_name("a", "x/y");
    auto found = resolve(ab, table, federated);
    CHECK(found.how == name_lookup::unlisted);
    CHECK(found.server == "a");
    CHECK(found.name == "");
    table.learn("a", "x/y");
    table.learn("a", "x/y");
    found = resolve(ab, table, federated);
    CHECK(found.how == name_lookup::found);
    CHECK(found.name == "x/y");
    CHECK(table.find("b", federated) == std::nullopt);
    table.learn("b", "x/y");
    table.forget("a");
    table.forget("unheard of");
    CHECK(resolve(ab, table, federated).how == name_lookup::unlisted);
    CHECK(table.find("b", federated_name("b", "x/y")) == "x/y");
}

TEST_CASE("name_table: plain names are not kept, and what one server makes it keep is bounded") {
    name_table table;
    table.learn("a", "plain");
    CHECK(table.find("a", "a__plain") == std::nullopt);
    table.learn("b", "mine/first");
    const string long_end(1000, '/');
    for (int i = 0; i < 5000; ++i)
        table.learn("a", std::to_string(i) + long_end);
    CHECK(table.find("a", federated_name("a", "0" + long_end)) == std::nullopt);
    CHECK(table.find("a", federated_name("a", "4999" + long_end)) == "4999" + long_end);
    CHECK(table.find("a", federated_name("a", "4500" + long_end)) == "4500" + long_end);
    // Each counts 1,300 bytes (256, its text, and 20 for its federated name, twice), so that 806 fit.
    CHECK(table.find("a", federated_name("a", "4193" + long_end)) == std::nullopt);
    CHECK(table.find("a", federated_name("a", "4194" + long_end)) == "4194" + long_end);
    CHECK(table.find("b", federated_name("b", "mine/first")) == "mine/first");
    // Too much by itself: nothing goes for it.
    const string huge(name_table::bytes_per_server, '/');
    table.learn("a", huge);
    CHECK(table.find("a", federated_name("a", huge)) == std::nullopt);
    CHECK(table.find("a", federated_name("a", "4999" + long_end)) == "4999" + long_end);
}

TEST_CASE("federated_name: random servers and names go there and back, whoever else is there") {
    std::mt19937 random(31);
    const std::vector<string> pieces = {
        "a",  "b", "_",  "_",          "__", "-",    ".", "/",  " ",  "é",
        "日", "0", "_0", "abcdefghij", "x",  "name", "A", "\"", "\\", string(20, 'z')};
    const auto text = [&](std::size_t most, bool any) {
        string out;
        for (std::size_t left = 1 + random() % most; left > 0; --left)
            out += pieces[random() % (any ? pieces.size() : 7)];
        return out;
    };
    for (int round = 0; round < 300; ++round) {
        std::set<string> unique;
        for (int i = 0; i < 8; ++i)
            unique.insert(text(5, round % 2 == 0).substr(0, 63));
        const std::vector<string> servers(unique.begin(), unique.end());
        std::map<string, std::pair<string, string>> seen;
        name_table table;
        for (int i = 0; i < 40; ++i) {
            const auto& server = servers[random() % servers.size()];
            const auto name = text(8, true);
            const auto federated = federated_name(server, name);
            CAPTURE(federated);
            const auto known = seen.try_emplace(federated, server, name).first->second;
            CHECK(known == std::pair(server, name));
            table.learn(server, name);
            // Alone, and with the others in any order.
            CHECK(resolve(std::vector<string>{server}, table, federated).name == name);
            std::vector<string> order = servers;
            std::shuffle(order.begin(), order.end(), random);
            const auto back = resolve(order, table, federated);
            CHECK(back.how == name_lookup::found);
            CHECK(back.server == server);
            CHECK(back.name == name);
        }
    }
}

TEST_CASE("federated_uri: the original verbatim behind the server's name, and back") {
    CHECK(federated_uri("files", "file:///a/b%20c?x#y") == "drawbridge://files/file:///a/b%20c?x#y");
    CHECK(federated_uri("a.b-c_d", "x:y") == "drawbridge://a.b-c_d/x:y");
    CHECK(federated_uri("ä/ %", "x:y") == "drawbridge://%C3%A4%2F%20%25/x:y");
    CHECK(uri_prefix("s") == "drawbridge://s/");
    const std::vector<string> servers = {"a", "A", "a.b", "a__b", "a/b", "ä %"};
    for (const auto& server : servers) {
        for (const string uri : {"file:///x", "", "/", "x", "drawbridge://a/x:y", "test://{+path}",
                                 "http://h/a/../b", "urn:日本", "\n"}) {
            const auto back = resolve_uri(servers, federated_uri(server, uri));
            REQUIRE(back);
            CHECK(back->server == server);
            CHECK(back->uri == uri);
        }
    }
}

TEST_CASE("resolve_uri: what is no server's") {
    for (const string uri :
         {"", "file:///a", "drawbridge:", "drawbridge://", "drawbridge:///", "drawbridge://a",
          "drawbridge://c/x", "drawbridge://ab/x", "drawbridge://A/x", "drawbridge:/a/x", "DRAWBRIDGE://a/x",
          " drawbridge://a/x", "drawbridge://%61/x", "drawbridge://a:1/x"}) {
        CAPTURE(uri);
        CHECK_FALSE(resolve_uri(ab, uri));
    }
    CHECK_FALSE(resolve_uri({}, "drawbridge://a/x"));
}
