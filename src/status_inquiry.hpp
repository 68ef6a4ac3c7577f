// What drawbridge status and drawbridge healthcheck ask: which gateway, as whom, and what it says of itself.
#pragma once

#include "cli.hpp"
#include "local_client.hpp"
#include "status_table.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace drawbridge {

// Exit statuses of drawbridge status.
inline constexpr int healthy_status = 0;
inline constexpr int unhealthy_status = 1;
inline constexpr int usage_status = 2;
inline constexpr int unreachable_status = 3;
inline constexpr std::chrono::seconds answer_limit{5};

struct place_choice {
    gateway_place value;
    std::string error;
};
place_choice find_place(const options& given);

struct agent_choice {
    std::string value; // empty: none
    std::string error;
};
agent_choice find_agent(const options& given);

// A variable of the environment; empty: it is not set.
std::string variable(const char* name);

// What is told about an answer that no gateway gives.
std::string foreign(const gateway_place& place, unsigned status);

struct status_report {
    int status = unreachable_status;
    std::string document;
    status_view view;
    std::string note;  // what would tell more
    std::string error; // why there is no document
    bool interrupted = false;
};

class inquiry {
  public:
    // `interrupt`: a descriptor; when it can be read the question is given up. -1: none.
    inquiry(gateway_place place, std::string agent, int interrupt)
        : place_(std::move(place))
        , agent_(std::move(agent))
        , interrupt_(interrupt) {}

    // Blocks, for answer_limit at most each of the two times that it may have to ask.
    status_report ask(const table_style& style) const;

  private:
    // True: the document is there. False with unhealthy_status: there may be another one.
    bool take(const char* target, const table_style& style, status_report& into) const;
    std::string refusal(unsigned status) const;

    gateway_place place_;
    std::string agent_;
    int interrupt_;
};

} // namespace drawbridge
