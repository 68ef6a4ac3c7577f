#include "jsonrpc/sse.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace drawbridge::jsonrpc;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t limit = 1000;

using list = std::vector<std::string>;

void take_all(sse_decoder& from, list& into) {
    while (const auto event = from.next())
        into.push_back(event->type + "|" + event->id + "|" + event->data);
}

// Each event as TYPE|ID|DATA, fed in pieces of this size.
list decode(std::string_view text, std::size_t piece = std::string_view::npos) {
    sse_decoder decoder(limit);
    list all;
    while (!text.empty()) {
        decoder.feed(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
        take_all(decoder, all);
    }
    return all;
}

std::string last_id(std::string_view text) {
    sse_decoder decoder(limit);
    decoder.feed(text);
    return decoder.last_event_id();
}

} // namespace

TEST_CASE("sse: events are written so that every decoder reads them") {
    CHECK(sse_event("{}") == "data: {}\n\n");
    CHECK(sse_event("{}", "1-2") == "id: 1-2\ndata: {}\n\n");
    CHECK(sse_event("{}", "1-2", "message") == "id: 1-2\nevent: message\ndata: {}\n\n");
    CHECK(sse_event("/messages?x", "", "endpoint") == "event: endpoint\ndata: /messages?x\n\n");
    CHECK(sse_event("", "1-1") == "id: 1-1\ndata: \n\n");
    CHECK(sse_event("a\nb\r\nc\rd") == "data: a\ndata: b\ndata: c\ndata: d\n\n");
    CHECK(sse_event("\n\r") == "data: \ndata: \ndata: \n\n");
    CHECK(sse_event(" a") == "data:  a\n\n"); // one space belongs to the field
    CHECK(sse_comment("keep-alive") == ": keep-alive\n\n");
    CHECK(sse_retry(1500ms) == "retry: 1500\n");
}

TEST_CASE("sse: what was written is read again") {
    for (const std::string data :
         {"{}", " a", "a\nb", "\nb", "a\n", "a:b", ": a", "data: x", "\xEF\xBB\xBF"}) {
        CAPTURE(data);
        CHECK(decode(sse_event(data, "7", "t")) == list{"t|7|" + data});
    }
    CHECK(decode(sse_event("a\r\nb\rc")) == list{"||a\nb\nc"});
}

TEST_CASE("sse: the examples of the specification") {
    CHECK(decode("data: This is the first message.\n\ndata: This is the second message, it\ndata: has two "
                 "lines.\n\ndata: This is the third message.\n\n") ==
          list{"||This is the first message.", "||This is the second message, it\nhas two lines.",
               "||This is the third message."});
    CHECK(decode("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n") ==
          list{"add||73857293", "remove||2153", "add||113411"});
    CHECK(decode("data: YHOO\ndata: +2\ndata: 10\n\n") == list{"||YHOO\n+2\n10"});
    CHECK(
        decode(
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n") ==
        list{"|1|first event", "||second event", "|| third event"});
    CHECK(decode("data:test\n\ndata: test\n\n") == list{"||test", "||test"});
    // Unlike there, an event whose data is empty is not handed out; the last block has no end.
    CHECK(decode("data\n\ndata\ndata\n\ndata:") == list{"||\n"});
}

TEST_CASE("sse: every way to end a line") {
    const list wanted{"t|1|a\nb", "|1|c"};
    CHECK(decode("id: 1\nevent: t\ndata: a\ndata: b\n\ndata: c\n\n") == wanted);
    CHECK(decode("id: 1\revent: t\rdata: a\rdata: b\r\rdata: c\r\r") == wanted);
    CHECK(decode("id: 1\r\nevent: t\r\ndata: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n") == wanted);
    CHECK(decode("id: 1\r\nevent: t\rdata: a\ndata: b\n\rdata: c\r\r\n") == wanted);
    CHECK(decode("data: a\r") == list{});
    CHECK(decode("data: a\r\r") == list{"||a"}); // without waiting for a line feed
    CHECK(decode("\n\n\r\r\r\n\n") == list{});
}

TEST_CASE("sse: fields") {
    CHECK(decode("data:a\n\n") == list{"||a"});
    CHECK(decode("data\n\ndata: a\n\n") == list{"||a"});
    CHECK(decode("data: a\ndata\n\n") == list{"||a\n"});
    CHECK(decode("data:\ta\n\n") == list{"||\ta"});
    CHECK(decode("data: a:b\n\n") == list{"||a:b"});
    for (const auto* other : {"Data: x", "DATA: x", " data: x", "data : x", "dat: x", "datas: x", ":data: x",
                              ":", "colour: red", "x", "retry: x"}) {
        CAPTURE(other);
        CHECK(decode(std::string(other) + "\ndata: a\n" + other + "\n\n") == list{"||a"});
    }
    CHECK(decode("event: a\nevent: b\ndata: x\n\n") == list{"b||x"});
    CHECK(decode("event: a\n\ndata: x\n\n") == list{"||x"}); // the type ends with its event, data or not
}

TEST_CASE("sse: a byte order mark may stand in front, once") {
    const std::string mark = "\xEF\xBB\xBF";
    CHECK(decode(mark + "data: a\n\n") == list{"||a"});
    CHECK(decode(mark + "data: a\n\n", 1) == list{"||a"});
    CHECK(decode(mark + mark + "data: a\n\n") == list{});
    CHECK(decode("\n" + mark + "data: a\n\n") == list{});
    CHECK(decode("data: a\n\n" + mark + "data: b\n\n") == list{"||a"});
}

TEST_CASE("sse: the last id stays until another one comes") {
    CHECK(decode("id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\nid\ndata: d\n\n") ==
          list{"|1|a", "|1|b", "|2|c", "||d"});
    CHECK(last_id("id: 1\ndata: \n\n") == "1"); // a priming event
    CHECK(last_id("id: 1\n\n") == "1");
    CHECK(last_id("id: 1\n\nid: \n\n").empty());
    CHECK(last_id(std::string_view("id: 1\n\nid: 2\0003\n\n", 17)) == "1"); // NUL: not an id
    CHECK(decode(std::string_view("id: 1\nid: \0\ndata: a\n\n", 21)) == list{"|1|a"});
}

TEST_CASE("sse: an id counts only with its whole event, or what broke off would never be sent again") {
    const std::string text = "id: 1\ndata: a\n\nid: 2\ndata: b\n";
    for (std::size_t cut = 15; cut <= text.size(); ++cut) {
        CAPTURE(cut);
        CHECK(last_id(text.substr(0, cut)) == "1");
    }
    CHECK(last_id(text + "\n") == "2");
}

TEST_CASE("sse: the pause before a new connection") {
    const auto pause = [](std::string_view text) {
        sse_decoder decoder(limit);
        decoder.feed(text);
        return decoder.retry();
    };
    CHECK_FALSE(pause("data: a\n\n"));
    CHECK(pause("retry: 1500\n") == 1500ms); // does not wait for its event
    CHECK(pause("retry:0\n") == 0ms);
    CHECK(pause("retry: 1\nretry: 2\n\n") == 2ms);
    for (const auto* bad : {"", " ", "x", "1x", "-1", "+1", "1.5", " 1", "1 ", "99999999999999999999"}) {
        CAPTURE(bad);
        CHECK(pause(std::string("retry: 7\nretry: ") + bad + "\n\n") == 7ms);
    }
}

TEST_CASE("sse: the same events wherever the reads end") {
    const std::string text =
        "\xEF\xBB\xBF: hello\r\n\r\nid: 1-1\r\ndata: \r\n\r\nretry: 20\rid: 1-2\revent: "
        "message\rdata: {\"a\":1}\r\rdata: one\ndata: two\n\n: x\n\nevent: end\ndata: c\r\n\nid\ndata:d\n\r"
        "data: unfinished";
    const list wanted{"message|1-2|{\"a\":1}", "|1-2|one\ntwo", "end|1-2|c", "||d"};
    CHECK(decode(text) == wanted);
    for (std::size_t piece = 1; piece <= text.size(); ++piece)
        CHECK(decode(text, piece) == wanted);
    for (std::size_t first = 0; first <= text.size(); ++first)
        for (std::size_t second = first; second <= text.size(); ++second) {
            sse_decoder decoder(limit);
            decoder.feed(std::string_view(text).substr(0, first));
            decoder.feed(std::string_view(text).substr(first, second - first));
            decoder.feed(std::string_view(text).substr(second));
            list all;
            take_all(decoder, all);
            REQUIRE(all == wanted);
            REQUIRE(decoder.retry() == 20ms);
        }
}

TEST_CASE("sse: an event over the limit is skipped and counted, and the next one is read") {
    const std::string most(limit, 'x');
    CHECK(decode("data: " + most + "\n\n") == list{"||" + most});
    const std::string half(limit / 2, 'x');
    const std::string too_much[] = {
        "id: 2\ndata: " + most + "x\n\n",
        "id: 2\ndata: " + half + "\ndata: " + half + "\n\n", // the line feed between them counts
        "id: 2\ndata: " + most + "\ndata: y\ndata: z\n\n",
        "id: 2\ndata: " + std::string(50 * limit, 'x') + "\n\n",
        "data: y\nid: 2\n" + std::string(3 * limit, 'x') + "\n\n",
        "id: 2\ndata: a" + std::string(2000, 'b') + "\ndata: c\ndata: d\n\n",
    };
    for (const auto& each : too_much)
        for (const std::size_t piece :
             {std::size_t{1}, std::size_t{7}, std::size_t{1024}, each.size() + 50}) {
            CAPTURE(piece);
            CAPTURE(each.substr(0, 20));
            sse_decoder decoder(limit);
            list all;
            const std::string text = "id: 1\ndata: a\n\n" + each + "data: b\n\n";
            for (std::size_t at = 0; at < text.size(); at += piece) {
                decoder.feed(std::string_view(text).substr(at, piece));
                take_all(decoder, all);
            }
            CHECK(all == list{"|1|a", "|2|b"});
            CHECK(decoder.oversized() == 1);
            CHECK(decoder.last_event_id() == "2"); // it would be too large the next time as well
            const auto ends = std::count(each.begin(), each.end(), '\n');
            CHECK(decoder.oversized_bytes() == each.size() - static_cast<std::size_t>(ends));
        }
}

TEST_CASE("sse: a limit of nothing still reads ids") {
    sse_decoder decoder(0);
    decoder.feed("id: 1\ndata: \n\ndata: a\n\n");
    CHECK_FALSE(decoder.next());
    CHECK(decoder.last_event_id() == "1");
    CHECK(decoder.oversized() == 1);
}

TEST_CASE("sse: another connection does not inherit what the one before left unfinished") {
    for (const std::string unfinished :
         {"data: b\n", "data: b", "dat", "id: 2\ndata: b\n", "id: 2", "event: t\n", "data: b\r"}) {
        CAPTURE(unfinished);
        sse_decoder decoder(limit);
        decoder.feed("retry: 5\nid: 1\ndata: a\n\n" + unfinished);
        decoder.restart();
        CHECK(decoder.last_event_id() == "1");
        CHECK(decoder.retry() == 5ms);
        decoder.feed("\xEF\xBB\xBF"
                     "data: c\n\n");
        list all;
        take_all(decoder, all);
        CHECK(all == list{"|1|a", "|1|c"});
    }
    sse_decoder decoder(limit);
    decoder.feed("data: " + std::string(5000, 'x'));
    decoder.restart();
    decoder.feed("data: a\n\n");
    CHECK(decoder.next());
    CHECK(decoder.oversized() == 0); // it may be sent again, and is counted then
}

TEST_CASE("sse: many small pieces and many short lines are no work for long") {
    // Quadratic time would take minutes.
    sse_decoder decoder(std::size_t{64} << 20);
    decoder.feed("data: ");
    for (int i = 0; i < 4'000'000; ++i)
        decoder.feed("xy");
    decoder.feed("\n\n");
    const auto large = decoder.next();
    REQUIRE(large);
    CHECK(large->data.size() == 8'000'000);
    for (const std::string end : {"\n", "\r", "\r\n"}) {
        std::string lines;
        for (int i = 0; i < 500'000; ++i)
            lines += "data" + end;
        lines += "data: x" + end + end;
        decoder.feed(lines);
        const auto many = decoder.next();
        REQUIRE(many);
        CHECK(many->data.size() == 500'001);
    }
}
