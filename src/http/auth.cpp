#include "http/auth.hpp"

#include <algorithm>
#include <cctype>

namespace drawbridge::http {
namespace {

constexpr std::string_view bearer = "bearer";

// The scheme alone, or in front of something.
bool has_bearer_scheme(std::string_view value) {
    return value.size() >= bearer.size() && (value.size() == bearer.size() || value[bearer.size()] == ' ') &&
           std::equal(bearer.begin(), bearer.end(), value.begin(), [](char wanted, char given) {
               return wanted == std::tolower(static_cast<unsigned char>(given));
           });
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    // The length of the configured value decides how long this takes, never the content.
    unsigned difference = left.size() == right.size() ? 0 : 1;
    for (std::size_t i = 0; i < right.size(); ++i) {
        const unsigned char guess = left.empty() ? 0 : static_cast<unsigned char>(left[i % left.size()]);
        difference |= static_cast<unsigned>(guess ^ static_cast<unsigned char>(right[i]));
    }
    return difference == 0;
}

std::optional<std::size_t> authenticator::find(std::string_view candidate) const {
    std::optional<std::size_t> found;
    for (std::size_t at = 0; at < agent_ids_.size(); ++at)
        if (equal_in_constant_time(candidate, agent_ids_[at])) found = at; // no early way out
    return found;
}

verdict authenticator::check(std::size_t values, std::string_view value) const {
    if (values == 0) return {credentials::missing};
    if (values > 1) return {credentials::malformed};
    const auto plain = trimmed(value);
    const bool printable =
        std::all_of(plain.begin(), plain.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
    if (plain.empty() || !printable) return {credentials::malformed};
    auto agent = find(plain);
    if (has_bearer_scheme(plain)) {
        const auto token = trimmed(plain.substr(bearer.size()));
        if (token.empty() && !agent) return {credentials::malformed};
        const auto behind_scheme = find(token);
        if (!agent) agent = behind_scheme;
    }
    if (!agent) return {credentials::wrong};
    return {credentials::accepted, *agent};
}

} // namespace drawbridge::http
