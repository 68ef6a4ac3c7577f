#include "jsonrpc/validate.hpp"

#include "jsonrpc/skip.hpp"

#include <boost/json/basic_parser_impl.hpp>

namespace drawbridge::jsonrpc {

namespace {

namespace json = boost::json;

struct null_handler {
    using code = json::error_code;
    using text = json::string_view;
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    bool on_document_begin(code&) { return true; }
    bool on_document_end(code&) { return true; }
    bool on_array_begin(code&) { return true; }
    bool on_array_end(std::size_t, code&) { return true; }
    bool on_object_begin(code&) { return true; }
    bool on_object_end(std::size_t, code&) { return true; }
    bool on_string_part(text, std::size_t, code&) { return true; }
    bool on_string(text, std::size_t, code&) { return true; }
    bool on_key_part(text, std::size_t, code&) { return true; }
    bool on_key(text, std::size_t, code&) { return true; }
    bool on_number_part(text, code&) { return true; }
    bool on_int64(std::int64_t, text, code&) { return true; }
    bool on_uint64(std::uint64_t, text, code&) { return true; }
    bool on_double(double, text, code&) { return true; }
    bool on_bool(bool, code&) { return true; }
    bool on_null(code&) { return true; }
    bool on_comment_part(text, code&) { return true; }
    bool on_comment(text, code&) { return true; }
};

json::parse_options options() {
    json::parse_options out;
    out.max_depth = max_depth;
    return out;
}

} // namespace

std::optional<std::string> find_syntax_fault(std::string_view text) {
    json::basic_parser<null_handler> parser(options());
    json::error_code ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (ec == json::error::too_deep) return "nested deeper than " + std::to_string(max_depth) + " levels";
    if (ec) return "not valid JSON at byte " + std::to_string(used) + ": " + ec.message();
    const std::size_t rest = skip_blank(text, used);
    if (rest != text.size()) return "something follows the JSON value at byte " + std::to_string(rest);
    return std::nullopt;
}

} // namespace drawbridge::jsonrpc
