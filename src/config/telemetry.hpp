// `gateway.opentelemetry` (Gateway 4.1.3.7), and the headers for its collector, which come from the
// environment only.
#pragma once

#include "config/config.hpp"
#include "config/reader.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::config {

// Nothing where the object is absent or faulty; what is wrong has been reported.
std::optional<opentelemetry> read_opentelemetry(object_reader& fields);

// "key=value,key=value" as in OTEL_EXPORTER_OTLP_HEADERS, values percent-encoded where they need to be.
// Entries that are no header are left out and told in `faults`, which hold nothing of the text: it is secret.
// Of two with the same name the last counts.
struct exporter_headers {
    std::vector<header> headers;
    std::vector<std::string> faults;
};
exporter_headers parse_exporter_headers(std::string_view text);

} // namespace drawbridge::config
