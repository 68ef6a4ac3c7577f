// Making text of a server (stderr lines, error messages) fit to be logged and shown (Gateway 8, 9.2).
// Pure; linear in the text for each secret.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::telemetry {

// The text as valid UTF-8 on one line, without secrets, at most `limit` bytes (cut on a character border,
// "..." included).
//  - ANSI escapes and control characters are removed; tabs and line breaks become blanks; invalid UTF-8
//    becomes U+FFFD.
//  - Every occurrence of a secret becomes ***, overlapping ones too, and each line of a secret with several.
//    Also where it is spelled with backslash escapes (JSON), percent-encoded, both, or twice; and in base64,
//    alone or together with other text ("user:password"): there everything in the same run of base64 goes.
//  - Short secrets: fewer than 4 characters count only where they stand as a whole word, since they would
//  turn
//    every text into stars otherwise; fewer than 6 are not looked for in base64.
//  - The end of the text that is the beginning of a secret (8 characters or more) goes too, since the caller
//    may have cut the line.
//  - Tokens by their shape: GitHub, GitLab, Slack, AWS, npm, OpenAI-like, Google, JWT, "Bearer X", "Basic X",
//    an Authorization header, password=X and the like, PEM private keys, user:password in a URL.
std::string sanitize(std::string_view raw, const std::vector<std::string>& secrets, std::size_t limit);

// The same without the first point and the limit: for text of our own that is shown as it is (check
// --explain).
std::string hide_secrets(std::string_view text, const std::vector<std::string>& secrets);

} // namespace drawbridge::telemetry
