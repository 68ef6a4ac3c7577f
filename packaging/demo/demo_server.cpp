// A small MCP server on stdio for the quickstart: one file, no dependency but Boost.JSON's headers.
// It speaks the revisions of MCP that begin with `initialize`, one JSON-RPC message per line, and ends when
// its input ends. Tools: echo, add, uptime.
#include <boost/json/src.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 4> revisions{"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
const auto started = std::chrono::steady_clock::now();

// What a method answers: a result, or a JSON-RPC error.
struct answer {
    json::value result;
    int error_code = 0;
    std::string error_text{};
};

answer failed(int code, std::string text) {
    return answer{nullptr, code, std::move(text)};
}

// A tool's result in both forms: text for every client, structured for those that read it.
json::value tool_result(std::string_view text, json::object structured) {
    return json::object{{"content", json::array{json::object{{"type", "text"}, {"text", text}}}},
                        {"structuredContent", std::move(structured)},
                        {"isError", false}};
}

// A tool's own error is a result: the model is meant to read it.
json::value tool_error(std::string_view text) {
    return json::object{{"content", json::array{json::object{{"type", "text"}, {"text", text}}}},
                        {"isError", true}};
}

json::object schema(json::object properties, json::array required) {
    return json::object{
        {"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

json::object tool(std::string_view name, std::string_view description, json::object input,
                  json::object output) {
    return json::object{{"name", name},
                        {"description", description},
                        {"inputSchema", std::move(input)},
                        {"outputSchema", std::move(output)}};
}

answer list_tools() {
    const json::object number{{"type", "number"}};
    const json::object text{{"type", "string"}};
    json::array tools{tool("echo", "Gives back the text it was given.", schema({{"text", text}}, {"text"}),
                           schema({{"text", text}}, {"text"})),
                      tool("add", "Adds two numbers.", schema({{"a", number}, {"b", number}}, {"a", "b"}),
                           schema({{"sum", number}}, {"sum"})),
                      tool("uptime", "Tells for how many seconds this server has been running.",
                           schema(json::object{}, json::array{}),
                           schema({{"seconds", number}}, {"seconds"}))};
    return answer{json::object{{"tools", std::move(tools)}}};
}

std::optional<double> number_at(const json::object& object, std::string_view key) {
    const json::value* found = object.if_contains(key);
    if (found == nullptr || !found->is_number()) {
        return std::nullopt;
    }
    return found->to_number<double>();
}

// A whole number is written as one: 42, not 4.2E1.
json::value written(double number) {
    if (std::abs(number) < 9.0e15 && number == std::floor(number)) {
        return static_cast<std::int64_t>(number);
    }
    return number;
}

answer call_tool(const json::object& parameters) {
    const json::value* name = parameters.if_contains("name");
    if (name == nullptr || !name->is_string()) {
        return failed(-32602, "tools/call needs params.name, a string");
    }
    json::object arguments;
    if (const json::value* given = parameters.if_contains("arguments"); given != nullptr) {
        if (!given->is_object()) {
            return failed(-32602, "params.arguments must be an object");
        }
        arguments = given->get_object();
    }
    if (name->get_string() == "echo") {
        const json::value* text = arguments.if_contains("text");
        if (text == nullptr || !text->is_string()) {
            return answer{tool_error("echo needs the argument 'text', a string")};
        }
        return answer{tool_result(text->get_string(), json::object{{"text", *text}})};
    }
    if (name->get_string() == "add") {
        const auto a = number_at(arguments, "a");
        const auto b = number_at(arguments, "b");
        if (!a || !b) {
            return answer{tool_error("add needs the arguments 'a' and 'b', numbers")};
        }
        const json::value sum = written(*a + *b);
        return answer{tool_result(json::serialize(sum), json::object{{"sum", sum}})};
    }
    if (name->get_string() == "uptime") {
        const auto age = std::chrono::steady_clock::now() - started;
        const json::value seconds = std::chrono::floor<std::chrono::seconds>(age).count();
        return answer{tool_result(json::serialize(seconds) + " s", json::object{{"seconds", seconds}})};
    }
    return failed(-32602, "Unknown tool: " + std::string(name->get_string()));
}

// The client's revision when we speak it, otherwise the newest of ours (MCP, lifecycle).
answer initialize(const json::object& parameters) {
    std::string_view revision = revisions.front();
    if (const json::value* wanted = parameters.if_contains("protocolVersion");
        wanted != nullptr && wanted->is_string()) {
        for (const std::string_view known : revisions) {
            revision = wanted->get_string() == known ? known : revision;
        }
    }
    return answer{
        json::object{{"protocolVersion", revision},
                     {"capabilities", json::object{{"tools", json::object{}}}},
                     {"serverInfo", json::object{{"name", "drawbridge-demo"}, {"version", "1.0.0"}}},
                     {"instructions", "Three small tools that show a gateway at work."}}};
}

answer handle(std::string_view method, const json::object& parameters) {
    if (method == "initialize") {
        return initialize(parameters);
    }
    if (method == "ping") {
        return answer{json::object{}};
    }
    if (method == "tools/list") {
        return list_tools();
    }
    if (method == "tools/call") {
        return call_tool(parameters);
    }
    return failed(-32601, "Method not found: " + std::string(method));
}

void write(const json::value& id, answer made) {
    json::object message{{"jsonrpc", "2.0"}, {"id", id}};
    if (made.error_code != 0) {
        message["error"] = json::object{{"code", made.error_code}, {"message", made.error_text}};
    } else {
        message["result"] = std::move(made.result);
    }
    std::cout << json::serialize(message) << '\n' << std::flush;
}

void handle_line(const std::string& line) {
    boost::system::error_code error;
    const json::value parsed = json::parse(line, error);
    if (error) {
        return write(nullptr, failed(-32700, "Parse error: " + error.message()));
    }
    const json::object* message = parsed.if_object();
    const json::value* method = message != nullptr ? message->if_contains("method") : nullptr;
    const json::value* id = message != nullptr ? message->if_contains("id") : nullptr;
    if (message != nullptr && method == nullptr && id != nullptr) {
        return; // an answer, though this server asks nothing
    }
    if (method == nullptr || !method->is_string()) {
        return write(nullptr, failed(-32600, "Invalid request: one object with a method is needed"));
    }
    if (id == nullptr) {
        return; // a notification is never answered
    }
    const json::value* parameters = message->if_contains("params");
    const json::object none;
    const bool usable = parameters == nullptr || parameters->is_object();
    write(*id, usable ? handle(method->get_string(), parameters != nullptr ? parameters->get_object() : none)
                      : failed(-32602, "params must be an object"));
}

} // namespace

int main() {
    std::ios::sync_with_stdio(false);
    std::string line;
    while (std::getline(std::cin, line)) {
        if (!line.empty() && line != "\r") {
            handle_line(line);
        }
    }
    return 0;
}
