// A container runtime's client for tests: a shell script that notes how it is called and plays the server
// itself.
#pragma once

#include "process/runtime.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace drawbridge::testing {

// What a server script may use. hear: the next line, kept in the file "heard"; say: one line; shake: a good
// handshake; serve: an empty result, or $RESULT, for everything but the method "slow".
inline const std::string server_words = R"(
hear() { read -r line || return 1; printf '%s\n' "$line" >>"$DIR/heard"; }
say() { printf '%s\n' "$1"; }
id() { id=${line#*\"id\":}; id=${id%%,*}; }
shake() {
    hear || exit 0
    id
    say '{"jsonrpc":"2.0","id":'"$id"',"result":{"protocolVersion":"2025-06-18","capabilities":{"x":1}}}'
    hear || exit 0
}
serve() {
    while hear; do
        id
        case "$line" in
        *'"method":"slow"'*) ;;
        *'"id":'*) say '{"jsonrpc":"2.0","id":'"$id"',"result":'"${RESULT-{\}}"'}' ;;
        esac
    done
}
)";

// A folder with the client in it, removed with everything at the end.
class fake_client {
  public:
    fake_client() {
        char name[] = "/tmp/drawbridge-test-XXXXXX";
        if (!::mkdtemp(name)) throw std::runtime_error("no folder for the fake client");
        folder_ = name;
        write("client", R"sh(#!/bin/sh
export DIR=${0%/*}
printf '%s\n' "$*" >>"$DIR/calls"
case $1 in
image) [ "$2" = inspect ] && cat "$DIR/image"; [ -e "$DIR/image" ] ;;
pull) [ ! -e "$DIR/pull-fails" ] && : >"$DIR/image" || { echo 'registry says no' >&2; exit 125; } ;;
run) echo $$ >"$DIR/pid"; . "$DIR/server" ;;
kill) [ -e "$DIR/deaf" ] || kill -"${2#--signal=}" "$(cat "$DIR/pid")" ;;
container) echo $$ >"$DIR/inspector"; cat "$DIR/inspect" ;;
esac
)sh");
        ::chmod(path("client").c_str(), 0755);
        touch("image");
        write("calls", "");
        write("heard", "");
    }
    fake_client(const fake_client&) = delete;
    ~fake_client() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    // What `client run` does from now on.
    void server(const std::string& script) const { write("server", server_words + script); }

    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
    void touch(const std::string& name) const { write(name, ""); }
    void remove(const std::string& name) const { std::filesystem::remove(path(name)); }
    bool has(const std::string& name) const { return std::filesystem::exists(path(name)); }

    std::vector<std::string> lines(const std::string& name) const {
        std::vector<std::string> all;
        std::ifstream file(path(name));
        for (std::string line; std::getline(file, line);)
            all.push_back(line);
        return all;
    }
    // The calls that begin with this word.
    std::vector<std::string> calls(const std::string& word = {}) const {
        std::vector<std::string> found;
        for (auto& line : lines("calls"))
            if (line.compare(0, word.size(), word) == 0) found.push_back(std::move(line));
        return found;
    }

    process::runtime runtime() const {
        process::runtime client;
        client.kind = process::runtime_kind::podman;
        client.path = path("client");
        client.environment = {"PATH=/usr/bin:/bin"};
        client.pull_environment = client.environment;
        client.network = process::network_style::shared; // nothing to make for a single server
        return client;
    }

  private:
    std::string folder_;
};

} // namespace drawbridge::testing
