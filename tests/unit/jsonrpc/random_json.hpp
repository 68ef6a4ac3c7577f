// Random JSON text for property tests, always from a given seed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace drawbridge::test {

class random_json {
  public:
    explicit random_json(std::uint32_t seed) : engine_(seed) {}

    std::uint32_t number(std::uint32_t below) { return static_cast<std::uint32_t>(engine_() % below); }
    bool coin() { return number(2) == 0; }

    std::string blank() {
        return number(4) != 0 ? std::string() : std::string(1, " \t\r\n"[number(lines_ ? 4 : 2)]);
    }

    // No line breaks in what follows.
    void one_line() { lines_ = false; }

    std::string string() {
        static const char* const pieces[] = {"a",
                                             "id",
                                             "name",
                                             "method",
                                             "\\\"",
                                             "\\\\",
                                             "\\n",
                                             "{",
                                             "}",
                                             "[",
                                             "]",
                                             ":",
                                             ",",
                                             "\\u0061",
                                             "é",
                                             "\\\\\\\"",
                                             "\\/",
                                             "日",
                                             "\\ud83d\\ude00",
                                             "result",
                                             " "};
        std::string out = "\"";
        for (std::uint32_t left = number(number(20) == 0 ? 200 : 8); left > 0; --left) {
            out += pieces[number(sizeof pieces / sizeof *pieces)];
        }
        return out + "\"";
    }

    std::string scalar() {
        static const char* const pieces[] = {"0",     "-1",  "12345678901234567890123", "1.5e3", "true",
                                             "false", "null"};
        return coin() ? string() : pieces[number(sizeof pieces / sizeof *pieces)];
    }

    std::string value(int depth) {
        if (depth <= 0 || number(3) == 0) return scalar();
        return coin() ? object(depth) : array(depth);
    }

    std::string array(int depth) {
        std::string out = "[" + blank();
        for (std::uint32_t left = number(5); left > 0; --left) {
            out += value(depth - 1) + blank();
            if (left > 1) out += "," + blank();
        }
        return out + "]";
    }

    // Keys are unique by a number at their end; `extra` members (text of the form "key":value) come in
    // between.
    std::string object(int depth, const std::vector<std::string>& extra = {}) {
        std::vector<std::string> members = extra;
        for (std::uint32_t left = number(4); left > 0; --left) {
            std::string key = string();
            key.insert(key.size() - 1, std::to_string(++keys_));
            members.push_back(key + blank() + ":" + blank() + value(depth - 1));
        }
        std::shuffle(members.begin(), members.end(), engine_);
        std::string out = "{" + blank();
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (i != 0) out += blank() + "," + blank();
            out += members[i];
        }
        return out + blank() + "}";
    }

    // A valid JSON-RPC request, notification or response.
    std::string message() {
        std::vector<std::string> members = {"\"jsonrpc\":\"2.0\""};
        const std::uint32_t kind = number(3);
        if (kind != 1)
            members.push_back("\"id\":" + blank() + (coin() ? string() : std::to_string(number(100000))));
        if (kind == 2) {
            members.push_back(coin() ? "\"result\":" + value(4) : "\"error\":" + value(3));
            return object(2, members);
        }
        members.push_back("\"method\":" + string());
        if (number(4) == 0) {
            members.push_back("\"params\":" + array(3));
        } else if (number(4) != 0) {
            std::vector<std::string> params;
            if (coin()) params.push_back("\"name\":" + blank() + value(1));
            if (coin()) params.push_back("\"_meta\":" + object(2, {"\"progressToken\":" + scalar()}));
            if (coin()) params.push_back("\"arguments\":" + value(4));
            members.push_back("\"params\":" + blank() + object(3, params));
        }
        return object(2, members);
    }

    std::mt19937& engine() { return engine_; }

  private:
    std::mt19937 engine_;
    std::uint32_t keys_ = 0;
    bool lines_ = true;
};

} // namespace drawbridge::test
