// An MCP server on stdio that misbehaves on request. Statically linked, alone in its container image.
//
// Command line: what it does in its life. Tools: what it does with a call.
#include <boost/json/src.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace json = boost::json;

namespace {

struct behaviour {
    int crash_at_start = -1;
    std::string crash_once; // a file: crash at start while it is not there, and make it
    bool never_initialize = false;
    bool ignore_eof = false;
    bool wrong_version = false;
    bool refuse_initialize = false;
    bool no_read = false;           // after initialize
    bool end_at_unknown = false;    // at what comes before initialize, as servers on the Rust SDK do
    bool silent_at_unknown = false; // no answer to a request that it does not know
    std::string record;             // a file: a line for the start, and for each message that comes in
};

behaviour life;
long requests = 0;
long cancellations = 0;
bool introduced = false;  // initialize has come
std::string waiting_line; // read ahead while waiting for an answer to a ping

void put(std::string_view text) {
    std::cout << text << std::flush;
}

void put_line(std::string_view text) {
    put(std::string(text) + "\n");
}

std::string id_of(const json::object& message) {
    return json::serialize(message.at("id"));
}

void reply(const json::object& request, std::string_view raw_result) {
    put_line(R"({"jsonrpc":"2.0","id":)" + id_of(request) + R"(,"result":)" + std::string(raw_result) + "}");
}

std::string text_result(std::string_view text) {
    return R"({"content":[{"type":"text","text":)" + json::serialize(json::string(text)) + "}]}";
}

std::int64_t number(const json::object& arguments, std::string_view name, std::int64_t otherwise) {
    const auto* value = arguments.if_contains(name);
    return value && value->is_int64() ? value->as_int64() : otherwise;
}

std::string text(const json::object& arguments, std::string_view name) {
    const auto* value = arguments.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

void pause_for(std::int64_t milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

std::string environment_text() {
    std::string all;
    for (char** entry = ::environ; *entry; ++entry)
        all += std::string(*entry) + "\n";
    return all;
}

std::string connect_to(const std::string& host, int port) {
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    const timeval limit{3, 0};
    ::setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, host.c_str(), &where.sin_addr);
    const bool reached = ::connect(client, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
    ::close(client);
    return reached ? "reached" : "not reached";
}

// Listens on all addresses until the process ends.
void listen_on(int port) {
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    ::bind(server, reinterpret_cast<sockaddr*>(&where), sizeof where);
    ::listen(server, 8);
}

std::string addresses() {
    std::ifstream table("/proc/net/fib_trie");
    return std::string(std::istreambuf_iterator<char>(table), std::istreambuf_iterator<char>());
}

// Asks the client for a ping and tells what came back.
std::string ping_client() {
    put_line(R"({"jsonrpc":"2.0","id":"server-1","method":"ping"})");
    std::string line;
    std::getline(std::cin, line);
    return line;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) return "can't read";
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::string write_file(const std::string& path, const std::string& content) {
    std::ofstream file(path);
    file << content << std::flush;
    return file ? "written" : "can't write";
}

void split_reply(const json::object& request, std::int64_t pause) {
    const std::string line = R"({"jsonrpc":"2.0","id":)" + id_of(request) + R"(,"result":)" +
                             text_result("in pieces: äöü") + "}\n";
    for (const char c : line) {
        put(std::string_view(&c, 1));
        if (pause > 0) pause_for(pause);
    }
}

void write_down(const std::string& what) {
    if (life.record.empty()) return;
    std::ofstream(life.record, std::ios::app) << what << std::endl;
}

void handle(const std::string& line);

std::string question(std::int64_t number) {
    return R"({"jsonrpc":"2.0","id":"question-)" + std::to_string(number) +
           R"(","method":"elicitation/create","params":{"message":"Question )" + std::to_string(number) +
           R"(?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}})";
}

// Asks the client for all of it at once, and tells in order what came back. Serves everything else meanwhile.
void ask(const json::object& request, std::int64_t questions) {
    for (std::int64_t number = 1; number <= questions; ++number)
        put_line(question(number));
    std::vector<std::string> answers(static_cast<std::size_t>(questions));
    std::string line;
    for (auto left = questions; left > 0 && std::getline(std::cin, line);) {
        boost::system::error_code error;
        const auto parsed = json::parse(line, error);
        const auto* message = error ? nullptr : parsed.if_object();
        if (message == nullptr || message->contains("method")) {
            handle(line);
            continue;
        }
        const auto id = text(*message, "id");
        const auto* result = message->if_contains("result");
        if (!id.starts_with("question-")) continue;
        write_down("answer");
        answers.at(std::stoul(id.substr(9)) - 1) = result ? json::serialize(*result) : "refused";
        --left;
    }
    std::string all;
    for (const auto& each : answers)
        all += (all.empty() ? "" : " ") + each;
    reply(request, text_result(all));
}

// Reports each step to whoever asked for progress, then answers.
void progress_reply(const json::object& request, std::int64_t steps, std::int64_t milliseconds) {
    const auto& params = request.at("params").as_object();
    const auto* meta = params.if_contains("_meta");
    const auto* token = meta && meta->is_object() ? meta->as_object().if_contains("progressToken") : nullptr;
    for (std::int64_t step = 1; step <= steps; ++step) {
        if (token)
            put_line(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" +
                     json::serialize(*token) + R"(,"progress":)" + std::to_string(step) + "}}");
        pause_for(milliseconds);
    }
    reply(request, text_result("done"));
}

void call_tool(const json::object& request, const std::string& name, const json::object& arguments) {
    if (name == "echo") return reply(request, text_result(text(arguments, "text")));
    if (name == "slow") {
        pause_for(number(arguments, "ms", 1000));
        return reply(request, text_result("done"));
    }
    if (name == "progress")
        return progress_reply(request, number(arguments, "steps", 3), number(arguments, "ms", 1));
    if (name == "silent") return;
    if (name == "hang") {
        for (;;)
            ::pause();
    }
    if (name == "crash") std::_Exit(static_cast<int>(number(arguments, "code", 1)));
    if (name == "kill_self") {
        ::kill(::getpid(), static_cast<int>(number(arguments, "signal", SIGKILL)));
        return;
    }
    if (name == "answer_and_exit") {
        reply(request, text_result("last words"));
        std::_Exit(0);
    }
    if (name == "big") {
        const auto size = static_cast<std::size_t>(number(arguments, "bytes", 1 << 20));
        return reply(request, text_result(std::string(size, 'x')));
    }
    if (name == "split") return split_reply(request, number(arguments, "pause", 1));
    if (name == "half") return put(R"({"jsonrpc":"2.0","id":)" + id_of(request) + R"(,"resu)");
    if (name == "babble") {
        put("Listening on stdio...\n\n{not json}\n[1,2\n\x01\xff\n");
        return reply(request, text_result("after the babble"));
    }
    if (name == "close_stdout") {
        ::close(1);
        return;
    }
    if (name == "environment") return reply(request, text_result(environment_text()));
    if (name == "read_file") return reply(request, text_result(read_file(text(arguments, "path"))));
    if (name == "write_file")
        return reply(request, text_result(write_file(text(arguments, "path"), text(arguments, "content"))));
    if (name == "connect")
        return reply(request, text_result(connect_to(text(arguments, "host"),
                                                     static_cast<int>(number(arguments, "port", 80)))));
    if (name == "listen") {
        listen_on(static_cast<int>(number(arguments, "port", 9000)));
        return reply(request, text_result(addresses()));
    }
    if (name == "ask") return ask(request, number(arguments, "questions", 1));
    if (name == "cancellations") return reply(request, text_result(std::to_string(cancellations)));
    if (name == "ping_client") return reply(request, text_result(ping_client()));
    if (name == "stderr") {
        for (auto left = number(arguments, "lines", 1); left > 0; --left)
            std::cerr << text(arguments, "text") << "\n";
        return reply(request, text_result("written"));
    }
    if (name == "count") return reply(request, text_result(std::to_string(requests)));
    if (name == "id") return reply(request, text_result(id_of(request)));
    if (name == "pid_limit") return reply(request, text_result(read_file("/proc/self/status")));
    if (name == "exotic")
        return put_line(R"({"result" : {"z":1,"a":{"deep":[1.0,1e2,12345678901234567890,-0.0,1E+2]},)"
                        R"("_meta":{"x.y/z":"\u00e4\/"},"structuredContent":{"n":0.10},"content":[],)"
                        R"("unknown":null,"isError":false},"jsonrpc":"2.0" ,"extra":true, "id":)" +
                        id_of(request) + "}");
    put_line(R"({"jsonrpc":"2.0","id":)" + id_of(request) +
             R"(,"error":{"code":-32602,"message":"Unknown tool","data":{"from":"server"}}})");
}

void initialize(const json::object& request) {
    if (life.never_initialize) return;
    if (life.refuse_initialize)
        return put_line(R"({"jsonrpc":"2.0","id":)" + id_of(request) +
                        R"(,"error":{"code":-32603,"message":"no"}})");
    const std::string version = life.wrong_version ? "1999-01-01" : "2025-11-25";
    reply(request, R"({"protocolVersion":")" + version +
                       R"(","capabilities":{"tools":{}},"serverInfo":{"name":"scripted","version":"1"}})");
    if (life.no_read)
        for (;;)
            ::pause();
}

// " NAME" of tools/call.
std::string name_in(const json::object& message) {
    const auto* params = message.if_contains("params");
    const auto name = params && params->is_object() ? text(params->as_object(), "name") : std::string();
    return (name.empty() ? "" : " ") + name;
}

void handle(const std::string& line) {
    boost::system::error_code error;
    const auto parsed = json::parse(line, error);
    if (error || !parsed.is_object()) return;
    const auto& message = parsed.as_object();
    const auto method = text(message, "method");
    write_down(method.empty() ? "answer" : method + name_in(message));
    if (method == "notifications/cancelled") ++cancellations;
    if (!message.contains("id") || method.empty()) return;
    introduced = introduced || method == "initialize";
    if (life.end_at_unknown && !introduced) std::_Exit(1);
    if (method != "server/discover") ++requests; // by which the gateway finds out what it talks to
    if (method == "initialize") return initialize(message);
    if (method == "ping") return reply(message, "{}");
    if (method == "tools/list")
        return reply(message, R"({"tools":[{"name":"echo","inputSchema":{"type":"object"}},)"
                              R"({"inputSchema":{"type":"object"},"name":"crash"},)"
                              R"({"name":"slow","inputSchema":{"type":"object"},"x":1.50}],"more":true})");
    if (method == "tools/call") {
        const auto* params = message.if_contains("params");
        const auto& object = params->as_object();
        const auto* arguments = object.if_contains("arguments");
        return call_tool(message, text(object, "name"), arguments ? arguments->as_object() : json::object());
    }
    if (life.silent_at_unknown) return;
    put_line(R"({"jsonrpc":"2.0","id":)" + id_of(message) +
             R"(,"error":{"code":-32601,"message":"Method not found"}})");
}

void read_command_line(const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        const auto value = [&] { return i + 1 < words.size() ? words[++i] : std::string(); };
        if (word == "--crash-at-start") life.crash_at_start = std::stoi(value());
        if (word == "--crash-unless") life.crash_once = value();
        if (word == "--stderr") std::cerr << value() << std::endl;
        if (word == "--never-initialize") life.never_initialize = true;
        if (word == "--refuse-initialize") life.refuse_initialize = true;
        if (word == "--wrong-version") life.wrong_version = true;
        if (word == "--ignore-term") std::signal(SIGTERM, SIG_IGN);
        if (word == "--ignore-eof") life.ignore_eof = true;
        if (word == "--no-read") life.no_read = true;
        if (word == "--end-at-unknown") life.end_at_unknown = true;
        if (word == "--silent-at-unknown") life.silent_at_unknown = true;
        if (word == "--record") life.record = value();
        if (word == "--wait-at-start") pause_for(std::stoi(value()));
        if (word == "--banner") put_line("Welcome to the scripted server");
    }
}

} // namespace

int main(int argc, char** argv) {
    read_command_line(std::vector<std::string>(argv + 1, argv + argc));
    write_down("start");
    if (life.crash_at_start >= 0) return life.crash_at_start;
    if (!life.crash_once.empty() && !std::ifstream(life.crash_once)) return 3;
    std::string line;
    while (std::getline(std::cin, line))
        handle(line);
    while (life.ignore_eof)
        ::pause();
    return 0;
}
