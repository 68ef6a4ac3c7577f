#include "config/report.hpp"

#include <boost/json.hpp>

namespace drawbridge::config {

namespace json = boost::json;

namespace {

std::string told(const problem& what) {
    return what.path.empty() ? what.message : what.path + ": " + what.message;
}

std::string summary(const std::vector<problem>& problems) {
    if (problems.empty()) return "the configuration has no problems";
    if (problems.size() == 1) return told(problems.front());
    return "the configuration has " + std::to_string(problems.size()) +
           " problems; the first: " + told(problems.front());
}

} // namespace

std::string to_json_payload(const std::vector<problem>& problems) {
    json::array list;
    for (const auto& one : problems) {
        json::object entry;
        entry["path"] = one.path;
        entry["line"] = one.line;
        entry["column"] = one.column;
        entry["message"] = one.message;
        entry["suggestion"] = one.suggestion;
        list.push_back(std::move(entry));
    }
    json::object error;
    error["type"] = "configuration";
    error["message"] = summary(problems);
    error["problems"] = std::move(list);
    json::object payload;
    payload["error"] = std::move(error);
    return json::serialize(payload) + '\n';
}

std::string to_text(const std::vector<problem>& problems, std::string_view source, std::string_view kind) {
    std::string out;
    for (const auto& one : problems) {
        out += source;
        if (one.line != 0) out += ':' + std::to_string(one.line) + ':' + std::to_string(one.column);
        out += ": ";
        out += kind;
        out += ": " + told(one) + '\n';
        if (!one.suggestion.empty()) out += "    try: " + one.suggestion + '\n';
    }
    return out;
}

} // namespace drawbridge::config
