#include "mcp/federated_name.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::mcp {

namespace {

constexpr std::string_view joint = "__";
// '0' is no digit of the hash, so names that people choose do not look shortened by chance.
constexpr std::string_view hash_mark = "_0";
constexpr std::string_view hash_digits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t hash_length = 10;
constexpr std::size_t mark_length = hash_mark.size() + hash_length;
// What a server's name may take of a name that does not fit as it is.
constexpr std::size_t server_limit = 30;
// What an entry of the table costs beside its texts, roughly.
constexpr std::size_t entry_bytes = 256;

bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_character(char c) {
    return is_alnum(c) || c == '_' || c == '-';
}

// Fowler, Noll and Vo's hash, variant 1a.
std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

// Its 64 bits folded to 50. Part of the names that clients see: never change it.
std::string hash_mark_of(std::string_view text) {
    constexpr int bits = 5 * static_cast<int>(hash_length);
    const std::uint64_t hash = fnv1a(text);
    std::uint64_t left = (hash >> bits) ^ (hash & ((std::uint64_t{1} << bits) - 1));
    std::string out(hash_mark);
    for (std::size_t i = 0; i < hash_length; ++i, left >>= 5)
        out += hash_digits[left & 31];
    return out;
}

bool looks_shortened(std::string_view text) {
    if (text.size() < mark_length) return false;
    const auto end = text.substr(text.size() - mark_length);
    return end.starts_with(hash_mark) &&
           end.find_first_not_of(hash_digits, hash_mark.size()) == std::string_view::npos;
}

bool is_plain(std::string_view text) {
    return !text.empty() && text.size() <= federated_name_limit &&
           std::all_of(text.begin(), text.end(), is_name_character) && !looks_shortened(text);
}

bool is_plain_server(std::string_view server) {
    return is_plain(server) && server.find(joint) == std::string_view::npos && server.back() != '_';
}

// The readable part of a shortened text: each run of other characters is one '_'.
std::string readable(std::string_view text, std::size_t limit) {
    std::string out;
    bool gap = false;
    for (const char c : text) {
        if (out.size() == limit) break;
        const bool good = is_name_character(c);
        if (good || !gap) out += good ? c : '_';
        gap = !good;
    }
    return out;
}

std::string shortened_server(std::string_view server) {
    std::string out = readable(server, server.size());
    const auto repeated = [](char a, char b) { return a == '_' && b == '_'; };
    out.erase(std::unique(out.begin(), out.end(), repeated), out.end());
    out.resize(std::min(out.size(), server_limit - mark_length));
    while (out.ends_with('_'))
        out.pop_back();
    return out + hash_mark_of(server);
}

// The server's half of a name that does not fit as it is.
std::string short_half(std::string_view server) {
    return is_plain_server(server) && server.size() <= server_limit ? std::string(server)
                                                                    : shortened_server(server);
}

std::string shortened_name(std::string_view server, std::string_view name, std::size_t room) {
    std::string both(server);
    both += '\0';
    both += name;
    return readable(name, room - mark_length) + hash_mark_of(both);
}

bool is_unreserved(char c) {
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

constexpr std::string_view uri_start = "drawbridge://";

} // namespace

std::string federated_name(std::string_view server, std::string_view name) {
    const bool plain_name = is_plain(name);
    std::string out;
    if (plain_name && is_plain_server(server) &&
        server.size() + joint.size() + name.size() <= federated_name_limit)
        return out.append(server).append(joint).append(name);
    out = short_half(server).append(joint);
    const std::size_t room = federated_name_limit - out.size();
    if (plain_name && name.size() <= room) return out.append(name);
    return out.append(shortened_name(server, name, room));
}

std::string name_prefix(std::string_view server) {
    const bool plain = is_plain_server(server) && server.size() + joint.size() < federated_name_limit;
    return (plain ? std::string(server) : shortened_server(server)).append(joint);
}

void name_table::learn(std::string_view server, std::string_view name) {
    auto federated = federated_name(server, name);
    if (is_plain(name) && federated.ends_with(name)) return;
    const auto cost = [](std::string_view key, std::string_view original) {
        return entry_bytes + 2 * key.size() + original.size();
    };
    if (cost(federated, name) > bytes_per_server) return;
    auto& kept = shelves_[std::string(server)];
    if (!kept.names.emplace(federated, name).second) return;
    kept.bytes += cost(federated, name);
    kept.order.push_back(std::move(federated));
    while (kept.bytes > bytes_per_server) {
        const auto oldest = kept.names.find(kept.order.front());
        kept.bytes -= cost(oldest->first, oldest->second);
        kept.names.erase(oldest);
        kept.order.pop_front();
    }
}

std::optional<std::string> name_table::find(std::string_view server, std::string_view federated) const {
    const auto kept = shelves_.find(server);
    if (kept == shelves_.end()) return std::nullopt;
    const auto found = kept->second.names.find(federated);
    if (found == kept->second.names.end()) return std::nullopt;
    return found->second;
}

void name_table::forget(std::string_view server) {
    const auto kept = shelves_.find(server);
    if (kept != shelves_.end()) shelves_.erase(kept);
}

resolved_name resolve(std::span<const std::string> servers, const name_table& table,
                      std::string_view federated) {
    const auto middle = federated.find(joint);
    if (middle == std::string_view::npos || federated.size() > federated_name_limit) return {};
    const auto first = federated.substr(0, middle);
    const auto second = federated.substr(middle + joint.size());
    const bool cut_server = looks_shortened(first);
    const bool cut_name = looks_shortened(second);
    for (const auto& server : servers) {
        if (first != server && !cut_server) continue;
        if (cut_name && first == short_half(server)) {
            auto name = table.find(server, federated);
            const auto how = name ? name_lookup::found : name_lookup::unlisted;
            return {how, server, std::move(name).value_or(std::string())};
        }
        // One spelling for each name: whoever compares names need not know others.
        if (!cut_name && federated_name(server, second) == federated)
            return {name_lookup::found, server, std::string(second)};
    }
    return {};
}

std::string uri_prefix(std::string_view server) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out(uri_start);
    for (const char c : server) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return out += '/';
}

std::string federated_uri(std::string_view server, std::string_view uri) {
    return uri_prefix(server).append(uri);
}

std::optional<resolved_uri> resolve_uri(std::span<const std::string> servers, std::string_view federated) {
    if (!federated.starts_with(uri_start)) return std::nullopt;
    const auto slash = federated.find('/', uri_start.size());
    if (slash == std::string_view::npos) return std::nullopt;
    const auto prefix = federated.substr(0, slash + 1);
    for (const auto& server : servers)
        if (uri_prefix(server) == prefix)
            return resolved_uri{server, std::string(federated.substr(slash + 1))};
    return std::nullopt;
}

} // namespace drawbridge::mcp
