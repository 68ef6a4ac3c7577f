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
//  - Every occurrence of a secret becomes ***, overlapping ones too, also spelled as in JSON or a URL, and
//    each line of a secret with several; a secret shorter than 4 characters only where it stands as a whole
//    word. The end of the text that is the beginning of a secret (8 characters or more) goes too, since the
//    caller may have cut the line.
//  - Tokens by their shape: GitHub, GitLab, Slack, AWS, npm, OpenAI-like, Google, JWT, "Bearer X", "Basic X",
//    an Authorization header, password=X and the like, PEM private keys, user:password in a URL.
std::string sanitize(std::string_view raw, const std::vector<std::string>& secrets, std::size_t limit);

} // namespace drawbridge::telemetry
