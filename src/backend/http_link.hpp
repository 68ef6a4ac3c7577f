// A link to a remote server: a session over Streamable HTTP, or over HTTP+SSE (2024-11-05) where the server
// speaks only that.
//
// Every message is a POST of its own, and its answer comes back on it, as JSON or as an event stream; what
// the server says by itself comes on a stream that is kept open (MCP 2025-11-25 transports).
#pragma once

#include "backend/dialogue.hpp"
#include "backend/link.hpp"
#include "backend/token_source.hpp"
#include "core/event.hpp"
#include "core/task_group.hpp"
#include "http/client.hpp"
#include "jsonrpc/sse.hpp"
#include "telemetry/log.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace drawbridge::backend {

struct http_settings {
    dialogue_settings talk;
    http::client_settings client;
    http::header_list headers;                  // secret
    std::shared_ptr<token_source> tokens;       // null: the headers say it all
    std::chrono::seconds keepalive_interval{0}; // 0: none
    std::size_t max_message_bytes = 0;
};

class http_link final : public link, private carrier {
  public:
    http_link(core::executor loop, std::uint64_t incarnation, http_settings settings, client_ref owner,
              std::shared_ptr<audience> listeners, reporter report, telemetry::log log);

    core::task<> run() override;
    void stop() override;
    dialogue& talk() override { return talk_; }
    void give_up(health::cause code, std::string why) override { lose(code, std::move(why)); }

  private:
    // Which message of a session it is: the first two open it, and have to arrive before any other.
    // A server of 2026-07-28 has no session: every message stands for itself.
    enum class stage { probe, initialize, initialized, open };

    // Life (http_link.cpp).
    core::task<bool> open();
    core::task<std::string> shake_hands(core::time_point deadline);
    core::task<bool> open_old_transport(core::time_point deadline);
    core::task<bool> renew(std::string session);
    core::task<> keep_alive();
    core::task<> close();
    void lose(health::cause code, std::string why) override;
    void report(link_report::kind what, health::cause code, std::string why);

    // Traffic (http_traffic.cpp).
    bool send(std::string_view line, std::uint64_t call) override;
    void accompany(std::uint64_t call, std::string traceparent, std::string tracestate) override;
    void forget(std::uint64_t call) override;
    void mirror(std::uint64_t call, mcp::parameter_fields fields) override;
    bool has_headers() const override { return true; }
    bool may_be_older() const override;
    stage stage_of(std::string_view line) const;
    void add_message_headers(http::header_list& headers, std::string_view line, std::uint64_t call) const;
    core::task<> post(std::string line, std::uint64_t call, stage what);
    core::task<bool> post_once(const std::string& line, std::uint64_t call, stage what);
    core::task<http::client::result> request(std::string method, std::string body, std::string last_event_id,
                                             core::time_point deadline, std::uint64_t call = 0);
    core::task<> take_answer(http::exchange& answer, std::uint64_t call);
    core::task<> take_refusal(http::exchange& answer, std::uint64_t call);
    core::task<> take_stream(http::exchange& answer, std::uint64_t call);
    core::task<> read_events(http::exchange& answer, std::uint64_t call, jsonrpc::sse_decoder& events);
    core::task<bool> resume(jsonrpc::sse_decoder& events, std::uint64_t call);
    core::task<> listen();
    core::task<> read_old_transport(std::unique_ptr<http::exchange> stream);
    bool take_event(const jsonrpc::sse_message& event, std::uint64_t call);
    void on_broken(std::uint64_t call, const http::client_error& error);

    core::executor loop_;
    std::uint64_t incarnation_;
    http_settings settings_;
    reporter report_;
    telemetry::log log_;
    core::task_group group_;
    http::client client_;
    dialogue talk_;

    core::event ended_;
    std::string end_reason_;
    health::cause end_code_ = health::cause::internal;
    std::string target_;     // of messages
    std::string session_id_; // secret: who knows it has the session
    core::event opened_;     // the first two messages have arrived
    bool renewing_ = false;
    unsigned refused_with_ = 0; // the status that the first message got, if it was refused
    bool taken_ = false;        // it was not
    bool old_transport_ = false;
    core::event endpoint_known_;                              // of the old transport
    std::map<std::uint64_t, http::call_off> sending_;         // calls whose answer has not begun
    std::map<std::uint64_t, http::exchange*> reading_;        // calls whose answer is coming in
    std::map<std::uint64_t, http::header_list> traces_;       // of calls: what their requests carry
    std::map<std::uint64_t, mcp::parameter_fields> mirrored_; // likewise
    unsigned babbled_ = 0;
};

} // namespace drawbridge::backend
