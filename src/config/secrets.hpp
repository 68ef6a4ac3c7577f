// What of the configuration must never be shown: known values for telemetry::sanitize.
#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace drawbridge::config {

// Each once:
//  - the agent ids, and of the place for traces the values of its headers and what its url hides;
//  - of a container the values of its variables, and what a URL or a scheme ("Bearer ") among them hides;
//  - of its `args`, `entrypoint` and `entrypointArgs`: values behind names such as --token and API_KEY=,
//  words
//    that look like a generated key, and what a URL hides. Where a value came from is not known here any
//    more, so a password without a telling name that looks like a word or a path is not found;
//  - of a remote server the values of its headers (whole, and what follows a scheme; of "Basic " also what it
//    says), and of its url the password, the user where there is no password or the name has 8 bytes and
//    more, the values of the query, and parts of the path that look like a generated key: as they stand and
//    percent-decoded.
// Mounts give nothing: paths are what an operator has to read in an error.
//
// Values shorter than 4 bytes are left out: they are settings such as "1" or "yes", and hiding them would
// only make the log unreadable. Longer ones are hidden wherever they stand, also in the middle of a word.
std::vector<std::string> secrets_of(const gateway& gate, const server& one);

} // namespace drawbridge::config
