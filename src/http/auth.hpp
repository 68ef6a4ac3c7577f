// Who calls: agent identifiers in the Authorization header (Gateway 7). Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::http {

enum class credentials { accepted, missing, malformed, wrong };

struct verdict {
    credentials what = credentials::missing;
    std::size_t agent = 0; // place of the identifier in the configuration, when accepted
};

class authenticator {
  public:
    explicit authenticator(std::vector<std::string> agent_ids) : agent_ids_(std::move(agent_ids)) {}

    // `values`: how many Authorization fields the request has, `value`: the first. The identifier stands
    // there as it is, or behind "Bearer ". The time does not depend on how much of an identifier was guessed
    // right.
    verdict check(std::size_t values, std::string_view value) const;

  private:
    std::optional<std::size_t> find(std::string_view candidate) const;

    std::vector<std::string> agent_ids_;
};

// Compares every byte of both, whatever the first difference is.
bool equal_in_constant_time(std::string_view left, std::string_view right);

} // namespace drawbridge::http
