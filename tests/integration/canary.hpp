// Canaries: a unique secret in every place where a secret can stand, and the servers and the configuration
// that have them.
#pragma once

#include "support/gateway.hpp"
#include "support/remote_server.hpp"

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::test::canaries {

// Empty where the file, or the process behind it, has gone meanwhile.
std::string file_text(const std::filesystem::path& path);
std::string base64(std::string_view text);
std::string random_key();

struct canary {
    std::string place;
    std::string key = random_key();

    // Whole, or in base64, wherever it begins there.
    bool is_in(std::string_view text) const;
};

// What the gateway has been entrusted with.
struct entrusted {
    canary agent{"agent id"}, second_agent{"second agent id"};
    canary plain{"value in env"}, passed{"variable passed on"}, through{"variable in env"};
    canary entry{"variable in entrypointArgs"}, argument{"variable in args"}, env_argument{"--env in args"};
    canary header{"header"}, bearer{"bearer header"}, basic{"basic header"};
    canary user{"user of a url"}, password{"password of a url"}, query{"query of a url"};
    canary upstream{"session id of a remote server"};
    canary trace_header{"header for traces"}, trace_query{"query of the url for traces"};

    std::vector<canary> all() const {
        return {agent,  second_agent, plain, passed,   through, entry,    argument,     env_argument, header,
                bearer, basic,        user,  password, query,   upstream, trace_header, trace_query};
    }
    // With signs that JSON, URLs and shells spell differently.
    std::string plain_value() const { return "p\"a\\s/ %+" + plain.key + "&=é"; }
    std::string password_spelled() const { return "p%40%2F" + password.key; }
    std::string query_spelled() const { return query.key + "%3D%2F%20x"; }
};

// What clients send.
struct sent {
    canary argument{"argument of a call"}, authorization{"wrong credentials"}, cookie{"cookie"};
    canary session{"made-up session id"}, query{"query of a client"}, header{"header of a client"};
    canary body{"bad JSON"}, refused_agent{"wrong credentials at /close"};

    std::vector<canary> all() const {
        return {argument, authorization, cookie, session, query, header, body, refused_agent};
    }
};

// Everything that was said, with a name for the place.
class evidence {
  public:
    void add(std::string where, std::string text);
    void add(const std::string& where, const http_answer& answer);
    std::size_t size() const { return said_.size(); }

    // One line for each canary and place.
    std::string leaks(const std::vector<canary>& canaries) const;

  private:
    std::mutex mutex_;
    std::vector<std::pair<std::string, std::string>> said_;
};

// Removed with everything in it at the end.
class temporary_folder {
  public:
    temporary_folder();
    ~temporary_folder();
    std::string path(const std::string& name = {}) const { return path_ + "/" + name; }
    // The names of its files and what stands in them.
    void collect(evidence& into) const;

  private:
    std::string path_;
};

// Every request is one that a client could send; the answers are kept as evidence. `own` is what the answer
// may repeat because its client sent it.
struct stage {
    entrusted known;
    sent from_clients;
    evidence said;    // by the gateway: nothing of anybody's may be in it
    evidence answers; // to clients: what they sent themselves may be in it
};

// --- servers that tell what they know

// Everything of a request that could hold a secret.
std::string echo(const remote_request& request);
remote_answer remote_answers(const remote_request& request, const entrusted& known);

// How remote servers answer; the server `remote-KIND` of the configuration each.
extern const std::vector<std::string> remote_kinds;

// A gateway with all of them and everything that it is entrusted with.
gateway_options options_of(const stage& on, const remote_server& far, const temporary_folder& folder,
                           const std::string& format);

} // namespace drawbridge::test::canaries
