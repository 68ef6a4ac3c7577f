#include "config/gateway.hpp"

#include <boost/json.hpp>

namespace drawbridge::config {

namespace {

void check_payloads(object_reader& fields) {
    // Gateway 4.1.3.1, for the systems this gateway runs on.
    if (const auto folder = fields.nonblank_text("payloadDir"); folder && folder->front() != '/')
        fields.shared().error(fields.path_of("payloadDir"), "must be an absolute path",
                              "begin it with '/', such as \"/var/lib/drawbridge/payloads\"");
    fields.text("payloadPathPrefix");
    fields.integer("payloadSizeThreshold", {1, std::int64_t{1} << 40, "bytes"});
}

void check_bots(object_reader& fields) {
    const auto items = fields.nonblank_texts("trustedBots");
    if (items && fields.take("trustedBots")->get_array().empty())
        fields.shared().error(fields.path_of("trustedBots"), "must not be empty",
                              "name a bot such as \"github-actions[bot]\", or leave the field out");
}

// An empty id counts as absent: workflows pass on variables that may be empty.
bool check_trace_id(object_reader& fields, std::string_view key, std::size_t length) {
    const auto id = fields.text(key);
    if (!id || id->empty()) return false;
    if (!is_trace_hex(*id, length))
        fields.shared().error(fields.path_of(key),
                              "must be " + std::to_string(length) +
                                  " lowercase hexadecimal digits, not all 0",
                              "pass on the id of a W3C traceparent header");
    return true;
}

// Gateway 4.1.3.7.
void check_opentelemetry(object_reader& fields) {
    const auto* object = fields.object("opentelemetry");
    if (object == nullptr) return;
    object_reader own(fields.shared(), *object, fields.path_of("opentelemetry"));
    if (own.require("endpoint", "add \"endpoint\": \"https://collector.example:4318/v1/traces\""))
        if (const auto endpoint = own.text("endpoint"))
            if (const auto bad = check_url(*endpoint)) own.shared().error(own.path_of("endpoint"), *bad);
    const bool trace = check_trace_id(own, "traceId", 32);
    const bool span = check_trace_id(own, "spanId", 16);
    if (span && !own.has("traceId") && !trace)
        own.shared().warning(own.path_of("spanId"), "is ignored without traceId",
                             "add traceId, or remove spanId");
    own.text("serviceName");
    own.refuse("headers", "is not part of the configuration",
               "set the environment variable OTEL_EXPORTER_OTLP_HEADERS");
    own.finish();
}

} // namespace

void read_inert(object_reader& fields) {
    check_payloads(fields);
    check_bots(fields);
    fields.boolean("forcePublicRepos");
    fields.nonblank_texts("sinkVisibilityExemptServers");
    check_opentelemetry(fields);
    for (const auto key : {"payloadDir", "payloadPathPrefix", "payloadSizeThreshold", "trustedBots",
                           "forcePublicRepos", "sinkVisibilityExemptServers", "opentelemetry"})
        if (fields.has(key)) fields.shared().no_effect(fields.path_of(key));
}

} // namespace drawbridge::config
