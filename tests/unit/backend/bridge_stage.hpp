// A dialogue between clients and a server of either era, over a carrier with or without headers.
#pragma once

#include "backend/dialogue_stage.hpp"
#include "jsonrpc/skip.hpp"
#include "jsonrpc/text.hpp"
#include "version.hpp"

#include <chrono>
#include <map>
#include <string>
#include <utility>

namespace drawbridge::testing {

struct wire final : backend::carrier {
    bool send(std::string_view line, std::uint64_t call) override {
        CHECK((headers || call == 0 || jsonrpc::scan(line).id.in(line) == std::to_string(call)));
        CHECK(line.find('\n') == std::string_view::npos);
        if (takes) sent.emplace_back(line);
        return takes;
    }
    void mirror(std::uint64_t call, mcp::parameter_fields fields) override {
        mirrored[call] = std::move(fields);
    }
    bool has_headers() const override { return headers; }
    bool may_be_older() const override { return older; }
    void forget(std::uint64_t call) override { forgotten.push_back(call); }
    void lose(health::cause, std::string why) override { lost.push_back(std::move(why)); }

    bool headers = false;
    bool older = true;
    bool takes = true;
    words sent;
    std::map<std::uint64_t, mcp::parameter_fields> mirrored;
    std::vector<std::uint64_t> forgotten;
    words lost;
};

// A client of 2026-07-28. It has no session.
struct modern_guest : guest {
    explicit modern_guest(std::string capabilities = "{}", std::size_t agent = 0) : guest("", agent) {
        made->speaks = mcp::era::modern;
        made->revision = mcp::modern_revision;
        made->input_capable = capabilities != "{}";
        made->capabilities = std::move(capabilities);
    }
};

inline const std::string modern_meta = R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                                       R"("io.modelcontextprotocol/clientCapabilities":{}})";
inline const std::string any_result = R"({"content":[]})";
inline const std::string server_name =
    R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}})";

inline std::string gateway_name() {
    return R"({"name":"drawbridge","version":")" + std::string(gateway_version) + "\"}";
}
// What the gateway puts into `_meta` of a request to a modern server.
inline std::string claims(const std::string& capabilities = "{}", const std::string& info = gateway_name()) {
    return R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
           R"("io.modelcontextprotocol/clientCapabilities":)" +
           capabilities + R"(,"io.modelcontextprotocol/clientInfo":)" + info + "}";
}
inline std::string message(const std::string& id, const std::string& method, const std::string& members) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + R"(","params":{)" + members + "}}";
}
// A request of a modern client; `members` of params, without _meta.
inline std::string modern_request(const std::string& id, const std::string& method,
                                  const std::string& members) {
    return message(id, method, members + (members.empty() ? "" : ",") + modern_meta);
}
inline std::string error(const std::string& id, int code, const std::string& data = {}) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(code) +
           R"(,"message":"no")" + (data.empty() ? "" : ",\"data\":" + data) + "}}";
}
inline std::string discovered(const std::string& id, const std::string& capabilities = "{}") {
    return result(id, R"({"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":)" +
                          capabilities + "," + server_name + "}");
}
inline std::string introduced(const std::string& id, const std::string& capabilities = "{}") {
    return result(id, R"({"protocolVersion":"2025-11-25","capabilities":)" + capabilities +
                          R"(,"serverInfo":{"name":"s","version":"1"}})");
}
inline std::string id_of(const std::string& line) {
    return std::string(jsonrpc::scan(line).id.in(line));
}
inline std::string method_of(const std::string& line) {
    return jsonrpc::scan(line).method_name;
}
// The raw value of a member of the message's result, error or params.
inline std::string member_of(const std::string& line, const char* key) {
    const auto message = jsonrpc::scan(line);
    for (const auto& place : {message.result, message.error, message.params}) {
        if (!place.present()) continue;
        const auto found = jsonrpc::find_member(line, place, key);
        if (found.present()) return std::string(found.in(line));
    }
    return {};
}
inline bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

struct bridge : conversation {
    // `introduced_as`: the modern client as which a link to a server of sessions is opened.
    explicit bridge(const client_ref& introduced_as = nullptr, reach how = reach::one_agent)
        : conversation(how, introduced_as) {
        settings.server = "srv";
        settings.seal = std::make_shared<mcp::sealer>("a secret that the test knows");
    }
    bridge(const bridge&) = delete;
    ~bridge() {
        if (!talk) return;
        talk->end("the test is over");
        testing::run(loop, talk->join());
        testing::run(loop, group.join());
        talk.reset(); // before the carrier
    }

    void open(core::time_point deadline = core::time_point::max()) {
        talk = std::make_unique<dialogue>(loop.get_executor(), link, settings, owner, listeners, carrier,
                                          telemetry::log());
        group.spawn("handshake", shake(deadline));
        testing::settle(loop);
    }
    // The handshake is done and out of the way; the first call has the id 2.
    void up(mcp::era server, const std::string& capabilities = "{}") {
        settings.era = server;
        open();
        hear(server == mcp::era::modern ? discovered("1", capabilities) : introduced("1", capabilities));
        testing::settle(loop);
        REQUIRE(shaken);
        REQUIRE(failure == "");
        told();
    }
    // It comes as part of the answer to this call.
    void hear_on(std::uint64_t call, std::string_view line) { CHECK(talk->receive(line, call)); }
    words told() { return std::exchange(carrier.sent, {}); }
    // The one message that the server was told.
    std::string told_once() {
        testing::settle(loop);
        auto all = told();
        REQUIRE(all.size() == 1);
        return all.front();
    }
    void wait(core::duration time) {
        core::event never(loop.get_executor());
        const auto until = core::clock::now() + time;
        testing::run(loop, never.wait_until(until));
    }

    // The retry of a parked call, as the actor hands it on.
    reply_sink::receiver retry(const std::string& text, const client_ref& from) {
        auto [sender, receiver] = reply_sink::make(loop.get_executor());
        const auto scanned = jsonrpc::scan(text);
        call request(text, scanned.id, scanned.method_name, std::move(sender));
        request.progress_token = scanned.progress_token;
        request.from = from;
        const auto state = jsonrpc::unescape(member_of(text, "requestState"));
        REQUIRE(state);
        request.resumes = settings.seal->open(*state, settings.server, std::chrono::system_clock::now());
        REQUIRE(request.resumes);
        request.input_responses = member_of(text, "inputResponses");
        talk->submit(std::move(request));
        return std::move(receiver);
    }

    wire carrier;
};

} // namespace drawbridge::testing
