// A launch plan as a command that a person can read and paste.
#include "process/container.hpp"

namespace drawbridge::process {
namespace {

bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

bool control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Quoted for bash; control characters are spelled out, since the text goes to a terminal.
std::string quoted(std::string_view word) {
    bool harmless = !word.empty(), visible = true;
    for (const char c : word) {
        harmless = harmless && plain(c);
        visible = visible && !control(c);
    }
    if (harmless) return std::string(word);
    std::string out = visible ? "'" : "$'";
    for (const char c : word) {
        if (control(c)) {
            const auto byte = static_cast<unsigned char>(c);
            out += {'\\', 'x', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
        } else if (c == '\'') {
            out += visible ? "'\\''" : "\\'";
        } else {
            out += c == '\\' && !visible ? "\\\\" : std::string(1, c);
        }
    }
    return out + "'";
}

std::string command_line(const std::vector<std::string>& argv) {
    std::string line;
    for (const auto& word : argv)
        line += (line.empty() ? "" : " ") + quoted(word);
    return line;
}

} // namespace

std::string explain(const launch_plan& plan) {
    if (!plan.error.empty()) return "# " + plan.error + "\n";
    std::string text;
    for (const auto& note : plan.notes)
        text += "# " + note + "\n";
    if (!plan.create_network.empty()) text += command_line(plan.create_network) + " # once\n";
    for (const auto& name : plan.by_name)
        text += name + "='***' ";
    text += command_line(plan.argv);
    if (plan.env_file.empty()) return text + "\n";
    text += " " + std::to_string(env_file_fd) + "<<'END'\n";
    for (std::size_t at = 0; at < plan.env_file.size(); at = plan.env_file.find('\n', at) + 1)
        text += plan.env_file.substr(at, plan.env_file.find('=', at) - at) + "=***\n";
    return text + "END\n";
}

} // namespace drawbridge::process
