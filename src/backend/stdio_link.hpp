// A link to a server in a container: the runtime's client is our child, its pipes carry the messages.
#pragma once

#include "backend/dialogue.hpp"
#include "backend/link.hpp"
#include "backend/stderr_tail.hpp"
#include "core/event.hpp"
#include "core/task_group.hpp"
#include "jsonrpc/line_framer.hpp"
#include "process/child.hpp"
#include "process/container.hpp"
#include "process/memory_watch.hpp"
#include "telemetry/log.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::backend {

struct stdio_settings {
    std::string server; // its name, for texts
    process::runtime client;
    process::instance gateway;
    dialogue_settings talk;
    std::chrono::seconds stop_grace{10};
    std::size_t max_message_bytes = 0;
};

class stdio_link final : public link, private carrier {
  public:
    // `owner`, `listeners`: as the dialogue takes them.
    stdio_link(core::executor loop, std::uint64_t incarnation, stdio_settings settings,
               process::launch_plan plan, client_ref owner, std::shared_ptr<audience> listeners,
               reporter report, telemetry::log log);

    core::task<> run() override;
    void stop() override;
    dialogue& talk() override { return talk_; }
    void give_up(health::cause code, std::string why) override { lose(code, std::move(why)); }

  private:
    // Life (stdio_link.cpp).
    bool spawn();
    core::task<bool> shake_hands();
    core::task<> watch_container();
    core::task<pid_t> container_process();
    core::task<> wait_exit();
    core::task<> last_answers();
    core::task<> last_words();
    core::task<> close();
    core::task<bool> signal_container(const char* signal, std::chrono::seconds grace);
    core::task<> remove_container();
    void lose(health::cause code, std::string why) override;
    void report(link_report::kind what, std::string why);
    bool ended_at_probe() const;
    std::string exit_text() const;
    health::exit_note exit_note() const;
    health::cause cause_of(link_report::kind what) const;

    // Traffic (stdio_traffic.cpp).
    core::task<> read_output();
    core::task<> read_errors();
    core::task<> write_input();
    bool send(std::string_view line, std::uint64_t call) override;
    void forget(std::uint64_t) override {} // on one pipe there is nothing to call off
    void on_oversized(const jsonrpc::oversized& line);
    void on_babble(std::string_view line);

    core::executor loop_;
    std::uint64_t incarnation_;
    stdio_settings settings_;
    process::launch_plan plan_;
    reporter report_;
    telemetry::log log_;
    core::task_group group_;

    std::unique_ptr<process::child> child_;
    std::unique_ptr<process::process_watch> watch_;
    process::memory_watch memory_;
    bool out_of_memory_ = false;
    std::optional<process::exit_status> exit_;
    core::event exited_;
    core::event ended_; // the link is over, whatever the reason
    std::string end_reason_;
    health::cause end_code_ = health::cause::internal;
    bool stop_requested_ = false;
    core::time_point started_{};

    jsonrpc::line_framer framer_;
    dialogue talk_;
    std::string outbox_;      // whole lines that wait for the pipe
    core::event output_read_; // to its end
    core::event outbox_filled_;
    stderr_tail tail_;
    core::event errors_read_;
    unsigned babbled_ = 0;
};

// A container's exit status as its runtime's client hands it on: 125-127 are the client's own, 128 + n a
// signal.
std::string describe_container_exit(process::exit_status status);

} // namespace drawbridge::backend
