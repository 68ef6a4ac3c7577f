// The configuration after reading and validation: plain values, no behaviour.
// Everything here is immutable once read; actors copy what they need.
#pragma once

#include "mcp/revisions.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drawbridge::config {

// How servers are checked (rise and fall as HAProxy means them).
struct health_checks {
    std::chrono::milliseconds interval{30000};
    std::chrono::milliseconds fast_interval{2000};  // while the last checks differ from the state
    std::chrono::milliseconds down_interval{30000}; // of a remote server that is down
    std::chrono::milliseconds timeout{5000};
    unsigned rise = 2; // passed in a row: well again
    unsigned fall = 3; // failed in a row: it is given up and started anew
};

// What a server is allowed to do on the host. The defaults are the "standard" profile: hardened as far as
// ordinary images (npx, github-mcp-server) go on working. "strict" starts from fewer rights; every single
// setting of the `drawbridge` object overrides the profile.
struct sandbox {
    enum class network_access { outbound, none };

    network_access network = network_access::outbound;
    bool read_only_root = false;
    std::vector<std::string> capabilities = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL"};
    std::uint64_t memory_bytes = std::uint64_t{4} << 30;
    unsigned pids = 1024;
    std::optional<double> cpus;
};

struct mount {
    std::string host;      // absolute
    std::string container; // absolute
    bool read_only = true;
};

// A variable of the server. The value is already expanded; an empty value in the document has become the
// gateway's own variable of that name (Gateway schema), and is absent here where the gateway has none.
struct variable {
    std::string name;
    std::string value;
};

struct header {
    std::string name;
    std::string value;
};

// A server behind stdin/stdout of a container (Gateway 4.1.2, 5.2.1).
struct stdio_server {
    enum class pull_policy { missing, always, never };

    std::string image;
    std::optional<std::string> entrypoint;
    std::vector<std::string> entrypoint_args; // after the image
    std::vector<std::string> runtime_args;    // `args`: before the image, checked against a list of refusals
    std::vector<mount> mounts;
    std::vector<variable> env;
    std::vector<std::string> missing_env; // names to pass on that the gateway's environment has not
    sandbox box;
    pull_policy pull = pull_policy::missing;
    std::chrono::seconds pull_timeout{300};
    std::chrono::seconds stop_grace{10}; // between SIGTERM and SIGKILL (Gateway 5.1.3)
};

// A token of GitHub Actions' OIDC provider is sent with every request (Gateway 7).
struct github_oidc {
    std::string audience; // never empty: the server's url, without user information, by default
};

// A remote server (Gateway 5.2.2).
struct http_server {
    std::string url; // may carry credentials: never shown as it is
    std::vector<header> headers;
    std::chrono::seconds connect_timeout{30};
    std::string ca_file; // absolute, certificates beside the system's, not looked at yet; empty: none
    std::optional<github_oidc> oidc;
    std::chrono::seconds keepalive_interval{1500}; // the gateway section's; 0: no pings
};

struct server {
    enum class start_policy { lazy, eager };
    // Who shares one link (one initialized connection) to the server; automatic: the gateway decides.
    enum class session_sharing { automatic, shared, per_agent, per_session };

    std::string name;
    std::optional<stdio_server> stdio; // exactly one of stdio and http is set
    std::optional<http_server> http;
    std::vector<std::string> tools = {"*"};
    bool tools_given = false; // `tools` stood in the document: it is passed through on stdout
    std::string registry;
    start_policy start = start_policy::lazy;
    std::chrono::seconds startup_timeout{30};
    std::chrono::seconds tool_timeout{60};
    session_sharing sessions = session_sharing::automatic;
    std::optional<mcp::era> era;                 // how the server talks; absent: it is found out
    unsigned max_links = 64;                     // links to this server at the same time
    std::chrono::seconds link_idle_timeout{900}; // a link that nobody has used for so long is closed
    health_checks checks;
};

// When GET /readyz says yes.
struct readiness {
    enum class policy { any, all, listed };

    policy how = policy::any;
    std::vector<std::string> servers; // listed: those that must not be in error
};

// Where traces go (Gateway 4.1.3.7).
struct opentelemetry {
    std::string endpoint;        // a URL, path included; its query may be secret
    std::string trace_id;        // 32 lowercase hexadecimal digits; empty: a random one
    std::string span_id;         // 16, beside a trace id only; empty: a random one
    std::string service_name;    // never blank
    std::vector<header> headers; // of OTEL_EXPORTER_OTLP_HEADERS; secret
};

struct gateway {
    enum class health_status { always_200, unhealthy_503 };

    std::uint16_t port = 0;
    std::string domain;
    std::vector<std::string> agent_ids; // at least one; secret
    std::chrono::seconds startup_timeout{30};
    std::chrono::seconds tool_timeout{60};
    std::chrono::seconds session_timeout{6 * 3600};
    std::chrono::seconds drain_timeout{30};
    health_status health = health_status::always_200;
    std::size_t max_message_bytes = std::size_t{16} << 20; // a line of a server, a body of a client
    std::size_t max_header_bytes = std::size_t{64} << 10;
    std::size_t max_queued_calls = 1024; // waiting in front of one server; more is refused with Retry-After
    std::size_t max_connections = 10000;
    // As browsers spell them: in lowercase, without a default port ("https://app.example.com"); or "*".
    std::vector<std::string> allowed_origins;
    std::vector<std::string> allowed_hosts; // in lowercase, without port; IPv6 addresses in brackets
    bool legacy_sse = false;                // serve the deprecated HTTP+SSE transport of 2024-11-05 too
    std::string request_state_key;          // a secret; empty: a random one in each process
    bool federation = true;                 // serve /mcp: all servers behind one address
    std::size_t max_sessions = 10000;
    std::size_t max_sessions_per_agent = 10000;
    std::size_t stream_buffer_bytes = std::size_t{1} << 20; // kept for a slow or returning reader of a stream
    std::chrono::seconds keepalive_interval{1500};          // between pings to a remote server; 0: none
    health_checks checks;                                   // of servers that set none of their own
    readiness ready;
    bool metrics_without_auth = false;    // GET /metrics needs no agent id
    std::optional<opentelemetry> tracing; // absent: no traces
};

struct configuration {
    gateway gate;
    std::vector<server> servers; // in the order of the document
};

} // namespace drawbridge::config
