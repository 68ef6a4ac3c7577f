#include "jsonrpc/line_framer.hpp"

#include "random_json.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <vector>

using namespace drawbridge::jsonrpc;

namespace {

struct outcome {
    std::vector<std::string> lines;
    std::vector<oversized> long_ones;
};

void take(outcome& out, const line_framer::event& event) {
    if (const auto* line = std::get_if<std::string_view>(&event))
        out.lines.emplace_back(*line);
    else
        out.long_ones.push_back(std::get<oversized>(event));
}

void put(line_framer& framer, std::string_view piece, std::size_t room) {
    while (!piece.empty()) {
        const auto free = framer.prepare(room);
        REQUIRE(free.size() >= room);
        const std::size_t size = std::min(piece.size(), room);
        std::memcpy(free.data(), piece.data(), size);
        framer.commit(size);
        piece.remove_prefix(size);
    }
}

outcome frame(line_framer& framer, std::string_view text, std::size_t piece) {
    outcome out;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        put(framer, text.substr(at, piece), piece);
        while (auto event = framer.next())
            take(out, *event);
    }
    if (auto event = framer.finish()) take(out, *event);
    CHECK_FALSE(framer.finish().has_value());
    return out;
}

outcome frame(std::string_view text, std::size_t piece, std::size_t limit = 1000) {
    line_framer framer(limit);
    return frame(framer, text, piece);
}

} // namespace

TEST_CASE("line_framer: lines, line breaks, empty lines, a last line without an end") {
    for (const std::size_t piece : {1, 2, 3, 5, 100}) {
        CHECK(frame("a\nbc\r\n\n\r\n\nd\re\nlast", piece).lines ==
              std::vector<std::string>{"a", "bc", "d\re", "last"});
        CHECK(frame("", piece).lines.empty());
        CHECK(frame("\n\r\n", piece).lines.empty());
        CHECK(frame("a\r", piece).lines == std::vector<std::string>{"a"});
        CHECK(frame(std::string("a\0b\n", 4), piece).lines ==
              std::vector<std::string>{std::string("a\0b", 3)});
    }
}

TEST_CASE("line_framer: the limit counts the line without its break") {
    for (const std::size_t piece : {1, 4, 7, 64}) {
        CAPTURE(piece);
        const auto fits = frame("12345678\n12345678\r\n12345678", piece, 8);
        CHECK(fits.lines == std::vector<std::string>(3, "12345678"));
        CHECK(fits.long_ones.empty());
        const auto over = frame("123456789\nok\n123456789\r\n1234567890123\r\n123456789", piece, 8);
        CHECK(over.lines == std::vector<std::string>{"ok"});
        REQUIRE(over.long_ones.size() == 4);
        CHECK(over.long_ones[0].bytes == 9);
        CHECK(over.long_ones[1].bytes == 9);
        CHECK(over.long_ones[2].bytes == 13);
        CHECK(over.long_ones[3].bytes == 9);
        CHECK_FALSE(over.long_ones[0].id.has_value());
    }
}

TEST_CASE("line_framer: an over-long line tells its id and the next line is whole") {
    const std::string filler(5000, 'x');
    const std::string text = R"({"jsonrpc":"2.0","result":{"id":1,"t":")" + filler + R"("},"id":42})" + "\n" +
                             R"({"method":"m","id":"a","p":")" + filler + "\"}\r\n" + R"({"id":7})" + "\n" +
                             R"({"id":8,"result":")" + filler;
    for (const std::size_t piece : {1, 13, 64, 1000, 20000}) {
        CAPTURE(piece);
        const auto out = frame(text, piece, 100);
        CHECK(out.lines == std::vector<std::string>{R"({"id":7})"});
        REQUIRE(out.long_ones.size() == 3);
        CHECK(out.long_ones[0].id == "42");
        CHECK(out.long_ones[0].is_response);
        CHECK(out.long_ones[0].bytes == text.find('\n'));
        CHECK(out.long_ones[1].id == "\"a\"");
        CHECK_FALSE(out.long_ones[1].is_response);
        CHECK(out.long_ones[2].id == "8");
        CHECK(out.long_ones[2].is_response);
    }
}

TEST_CASE("line_framer: an over-long line is not stored") {
    line_framer framer(10'000);
    std::size_t most = 0;
    const std::string piece(4096, 'x');
    for (int i = 0; i < 1000; ++i) {
        put(framer, piece, 4096);
        CHECK_FALSE(framer.next().has_value());
        most = std::max(most, framer.capacity());
    }
    CHECK(most <= 10'000 + 2 + 4096);
    put(framer, "\nok\n", 4096);
    const auto first = framer.next();
    REQUIRE(first.has_value());
    CHECK(std::get<oversized>(*first).bytes == 4'096'000);
    CHECK(std::get<std::string_view>(framer.next().value()) == "ok");
}

TEST_CASE("line_framer: memory of a large message is released") {
    line_framer framer(16 << 20);
    put(framer, std::string(5 << 20, 'x') + "\n", 64 * 1024);
    REQUIRE(std::get<std::string_view>(framer.next().value()).size() == 5 << 20);
    CHECK_FALSE(framer.next().has_value());
    CHECK(framer.capacity() > 5 << 20);
    framer.prepare(64 * 1024);
    CHECK(framer.capacity() <= line_framer::kept_bytes);
}

TEST_CASE("line_framer: a line stays valid until the next call, also at the end of the buffer") {
    line_framer framer(100);
    put(framer, "one\ntwo\nthr", 11);
    const auto one = framer.next();
    CHECK(std::get<std::string_view>(*one) == "one");
    const auto two = framer.next();
    CHECK(std::get<std::string_view>(*two) == "two");
    CHECK_FALSE(framer.next().has_value());
    CHECK(framer.buffered() == 3);
    put(framer, "ee\n", 3);
    CHECK(std::get<std::string_view>(framer.next().value()) == "three");
    CHECK(framer.buffered() == 0);
}

TEST_CASE("line_framer: more may be committed before the events are taken") {
    line_framer framer(4);
    put(framer, "aa\nbb\ncccccc\ndd\n", 3);
    outcome out;
    while (auto event = framer.next())
        take(out, *event);
    CHECK(out.lines == std::vector<std::string>{"aa", "bb", "dd"});
    REQUIRE(out.long_ones.size() == 1);
    CHECK(out.long_ones[0].bytes == 6);
}

TEST_CASE("line_framer: random documents cut at random borders come back") {
    drawbridge::test::random_json random(17);
    random.one_line();
    for (int round = 0; round < 200; ++round) {
        const std::size_t limit = random.number(400) + 100;
        std::vector<std::string> documents;
        std::string stream;
        for (std::uint32_t left = random.number(20); left > 0; --left) {
            documents.push_back(random.message());
            stream +=
                documents.back() + (random.coin() ? "\n" : "\r\n") + (random.number(5) == 0 ? "\n" : "");
        }
        line_framer framer(limit);
        outcome out;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t size = random.number(random.coin() ? 10 : 1000) + 1;
            put(framer, std::string_view(stream).substr(at, size), size);
            at += size;
            while (auto event = framer.next())
                take(out, *event);
        }
        std::vector<std::string> wanted;
        std::vector<std::size_t> wanted_sizes;
        for (const auto& document : documents) {
            if (document.size() <= limit)
                wanted.push_back(document);
            else
                wanted_sizes.push_back(document.size());
        }
        CHECK(out.lines == wanted);
        std::vector<std::size_t> sizes;
        for (const auto& each : out.long_ones)
            sizes.push_back(each.bytes);
        CHECK(sizes == wanted_sizes);
        CHECK_FALSE(framer.finish().has_value());
    }
}
