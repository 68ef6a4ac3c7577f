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

} // namespace

void read_inert(object_reader& fields) {
    check_payloads(fields);
    check_bots(fields);
    fields.boolean("forcePublicRepos");
    fields.nonblank_texts("sinkVisibilityExemptServers");
    for (const auto key : {"payloadDir", "payloadPathPrefix", "payloadSizeThreshold", "trustedBots",
                           "forcePublicRepos", "sinkVisibilityExemptServers"})
        if (fields.has(key)) fields.shared().no_effect(fields.path_of(key));
}

} // namespace drawbridge::config
