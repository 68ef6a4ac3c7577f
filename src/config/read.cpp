#include "config/read.hpp"

#include "config/gateway.hpp"
#include "config/health.hpp"
#include "config/later.hpp"
#include "config/position.hpp"
#include "config/server.hpp"
#include "config/suggest.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace drawbridge::config {

namespace json = boost::json;

namespace {

constexpr std::size_t max_document_bytes = std::size_t{4} << 20;

// Editors on other systems put a byte order mark in front; JSON parsers refuse it.
std::string_view without_mark(std::string_view document) {
    if (document.substr(0, 3) == "\xef\xbb\xbf") document.remove_prefix(3);
    return document;
}

// The scan has accepted the text, so what is left to go wrong here is rare (bytes that are not UTF-8).
std::optional<json::value> parse(std::string_view document, const locator& where, problem& fault) {
    json::parse_options options;
    options.max_depth = max_depth;
    json::stream_parser parser(json::storage_ptr(), options);
    json::error_code failure;
    const auto used = parser.write_some(document.data(), document.size(), failure);
    if (!failure) parser.finish(failure);
    if (!failure) return parser.release();
    const auto at = where.offset(used);
    fault = {"", at.line, at.column, "not valid JSON: " + failure.message(),
             "save the document as UTF-8 JSON"};
    return std::nullopt;
}

// Gateway 4.3.1: the field, its place, and the version of the specification.
void refuse_unknown(context& shared, const json::object& document) {
    const std::vector<std::string_view> known = {"mcpServers", "gateway", "customSchemas"};
    for (const auto& one : document) {
        const std::string_view key(one.key().data(), one.key().size());
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        const auto near = closest(key, known);
        const auto hint = near.empty() ? std::string() : "did you mean \"" + std::string(near) + "\"? ";
        shared.error_at_key(member("", key), "unrecognized top-level field",
                            hint + "check the version of the specification: this gateway implements 1.17.0");
    }
}

void read_document(context& shared, const json::object& document, configuration& out) {
    object_reader fields(shared, document, "");
    refuse_unknown(shared, document);
    const auto custom_types = read_custom_types(fields);
    if (fields.require("gateway",
                       "add \"gateway\": {\"port\": 8080, \"domain\": \"localhost\", \"agentId\": \"...\"}"))
        if (const auto* section = fields.object("gateway")) out.gate = read_gateway(shared, *section);
    if (!fields.require("mcpServers", "add \"mcpServers\": {\"name\": {\"container\": \"image\"}}")) return;
    const auto* servers = fields.object("mcpServers");
    if (servers == nullptr) return;
    if (servers->empty())
        shared.warning("mcpServers", "is empty: the gateway has no server to offer", "add a server");
    for (const auto& one : *servers) {
        const std::string name(one.key().data(), one.key().size());
        if (auto server = read_server(shared, name, one.value(), out.gate, custom_types))
            out.servers.push_back(std::move(*server));
    }
    if (out.servers.size() == servers->size()) check_readiness(shared, out.gate.ready, out.servers);
}

} // namespace

reading read(std::string_view document, const environment& lookup) {
    reading out;
    document = without_mark(document);
    if (document.size() > max_document_bytes) {
        out.errors.push_back(
            {"", 0, 0, "the configuration is larger than 4 MiB", "check what was given as input"});
        return out;
    }
    auto scanned = scan(document);
    if (scanned.syntax) {
        out.errors.push_back(std::move(*scanned.syntax));
        return out;
    }
    problem fault;
    auto root = parse(document, scanned.where, fault);
    if (!root) {
        out.errors.push_back(std::move(fault));
        return out;
    }
    out.errors = std::move(scanned.duplicates);
    context shared(scanned.where, lookup);
    shared.expand_all(*root);
    configuration result;
    if (const auto* object = root->if_object())
        read_document(shared, *object, result);
    else
        shared.error("", wrong_kind("an object", *root), "write {\"mcpServers\": {...}, \"gateway\": {...}}");
    shared.finish(out);
    if (out.errors.empty()) out.value = std::move(result);
    return out;
}

} // namespace drawbridge::config
