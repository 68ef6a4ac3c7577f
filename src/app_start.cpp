// How the gateway starts: the place it listens on, the container runtime, the servers.
#include "app.hpp"

#include "backend/oidc_token.hpp"
#include "config/client_config.hpp"
#include "config/secrets.hpp"
#include "process/network.hpp"
#include "version.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace drawbridge {
namespace {

using namespace std::chrono_literals;

constexpr auto runtime_limit = 20s; // to find a container runtime that works
constexpr auto reap_limit = 60s;    // to remove what an earlier gateway left
constexpr auto late_limit = 10s;    // until a container that was just being started then has come up

std::optional<std::string> environment_variable(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

// Whole or not at all, readable by this user only: the document holds an agent id.
std::string write_private_file(const std::string& path, std::string_view content) {
    const auto temporary = path + ".new";
    ::unlink(temporary.c_str());
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = file >= 0;
    while (good && !content.empty()) {
        const auto n = ::write(file, content.data(), content.size());
        good = n > 0;
        if (good) content.remove_prefix(static_cast<std::size_t>(n));
    }
    good = good && std::rename(temporary.c_str(), path.c_str()) == 0;
    const int failed = errno;
    if (file >= 0) ::close(file);
    return good ? std::string() : "--client-config " + path + ": " + std::strerror(failed);
}

health::server_facts facts_of(const config::server& server) {
    health::server_facts facts;
    facts.name = server.name;
    facts.remote = server.http.has_value();
    facts.eager = server.start == config::server::start_policy::eager;
    if (server.stdio) {
        facts.place = server.stdio->image;
    } else if (const auto place = http::parse_url(server.http->url)) {
        facts.place = (place->tls ? "https://" : "http://") + place->authority();
    }
    return facts;
}

std::string spelled(const http::listen_address& place) {
    const bool v6 = place.host.find(':') != std::string::npos;
    return (v6 ? "[" + place.host + "]" : place.host) + ":" + std::to_string(place.port);
}

} // namespace

// Gateway 4.1.3.7. Whether there is a collector at the endpoint is found out when there is something to send.
void app::start_tracing() {
    if (!config_.gate.tracing) return;
    const auto& given = *config_.gate.tracing;
    auto place = http::parse_url(given.endpoint);
    if (!place) {
        log_.error("no traces: gateway.opentelemetry.endpoint can't be read as a URL");
        return;
    }
    telemetry::exporter_settings settings;
    settings.endpoint = std::move(*place);
    for (const auto& header : given.headers)
        settings.headers.emplace_back(header.name, header.value);
    settings.resource.service_name = given.service_name;
    settings.resource.service_version = gateway_version;
    exporter_ = std::make_unique<telemetry::trace_exporter>(loop_, std::move(settings), log_);
    service_tasks_.spawn("trace exporter", exporter_->run());
    telemetry::trace_parent parent;
    parent.trace = telemetry::parse_trace_id(given.trace_id);
    parent.span = telemetry::parse_span_id(given.span_id);
    auto out = [target = exporter_.get()](telemetry::span_record span) { target->add(std::move(span)); };
    tracer_ = telemetry::tracer(parent, std::move(out));
}

void app::build_front() {
    std::vector<health::server_facts> facts;
    for (const auto& server : config_.servers)
        facts.push_back(facts_of(server));
    aggregator_ = std::make_unique<health::aggregator>(loop_, std::move(facts), board_, events_, log_);
    service_tasks_.spawn("health aggregator", aggregator_->run());
    http::endpoint_settings endpoint;
    endpoint.sessions.timeout = config_.gate.session_timeout;
    endpoint.sessions.max_sessions = config_.gate.max_sessions;
    endpoint.sessions.max_sessions_per_agent = config_.gate.max_sessions_per_agent;
    endpoint.sessions.open = &counted_.sessions;
    endpoint.stream_buffer_bytes = config_.gate.stream_buffer_bytes;
    endpoint.tracer = &tracer_;
    endpoint_ = std::make_unique<http::mcp_endpoint>(loop_, endpoint, payloads_, log_);
    health_ = std::make_unique<http::health_endpoint>(config_.gate, board_, events_, counted_, [this] {
        counted_.connections = listener_->connections();
        counted_.log_drops = log_.dropped();
    });
    front_ = std::make_unique<http::front>(
        loop_, config_.gate, board_, *health_, *endpoint_, counted_, [this] { request_close(); }, log_);
    http::connection_limits limits;
    limits.header_bytes = config_.gate.max_header_bytes;
    limits.body_bytes = config_.gate.max_message_bytes;
    listener_ = std::make_unique<http::listener>(loop_, *front_, limits, config_.gate.max_connections, log_);
}

// Binds exclusively. From here on clients queue in the kernel until everything is in place.
core::task<std::string> app::take_place() {
    std::string error = listener_->open(place_);
    if (error.empty() && !options_.control_socket.empty())
        error = listener_->open_local(options_.control_socket);
    if (error.empty()) {
        place_.port = listener_->port();
        log_.info("listening on ", spelled(place_));
    }
    co_return error;
}

// The runtime, and the lock that makes this gateway the only owner of its containers.
core::task<std::string> app::claim_containers() {
    if (!needs_containers()) co_return std::string();
    const auto deadline = core::clock::now() + runtime_limit;
    auto choice = co_await process::find_runtime(loop_, options_.runtime, environment_variable, deadline);
    if (!choice.value) co_return choice.error;
    client_ = std::move(*choice.value);
    log_.info("container runtime: ", client_.path, ", version ", client_.version);
    auto place = process::make_instance(spelled(place_));
    if (!place.error.empty()) co_return place.error;
    instance_ = std::move(place.value);
    auto locking = process::locking::acquire(instance_);
    lock_ = std::move(locking.lock);
    co_return locking.error;
}

core::task<> app::remove_leftovers() {
    if (!lock_.held()) co_return;
    const auto deadline = core::clock::now() + reap_limit;
    const auto removed = co_await process::reap(loop_, client_, instance_, deadline);
    if (!removed.containers.empty())
        log_.warning("removed ", removed.containers.size(),
                     " containers that an earlier gateway left behind");
    for (const auto& failed : removed.failures)
        log_.warning("a leftover could not be removed: ", failed);
}

// A client that was still starting a container when its gateway was killed may finish after remove_leftovers.
core::task<> app::remove_latecomers() {
    const auto later = core::clock::now() + late_limit;
    const bool closing = co_await close_requested_.wait_until(later);
    if (closing || !lock_.held()) co_return;
    const auto deadline = core::clock::now() + reap_limit;
    const auto removed = co_await process::reap_again(loop_, client_, instance_, deadline);
    if (!removed.containers.empty())
        log_.warning("removed ", removed.containers.size(),
                     " containers that an earlier gateway was still starting");
}

// Docker: one network for all servers, with the traffic between them switched off.
core::task<std::string> app::make_shared_network() {
    if (client_.network != process::network_style::shared) co_return std::string();
    for (const auto& server : config_.servers) {
        if (!server.stdio) continue;
        auto plan = process::plan_launch(client_, instance_, server, 0);
        if (plan.network.empty()) continue;
        const auto deadline = core::clock::now() + runtime_limit;
        auto error = co_await process::provide_network(loop_, client_, std::move(plan), deadline);
        co_return error;
    }
    co_return std::string();
}

void app::build_backends() {
    const auto seal = std::make_shared<const mcp::sealer>(config_.gate.request_state_key);
    for (std::size_t index = 0; index < config_.servers.size(); ++index) {
        const auto& server = config_.servers[index];
        backend::actor_settings settings;
        settings.index = index;
        settings.server = server;
        settings.client = client_;
        settings.gateway = instance_;
        settings.max_message_bytes = config_.gate.max_message_bytes;
        settings.max_queued_calls = config_.gate.max_queued_calls;
        settings.secrets = config::secrets_of(config_.gate, server);
        settings.tokens = tokens_for(server);
        settings.seal = seal;
        settings.counted = &counted_.servers[index];
        backends_.push_back(std::make_unique<backend::actor>(
            loop_, std::move(settings), aggregator_->address(), payloads_, log_.for_server(server.name)));
        backend_tasks_.spawn("supervisor of " + server.name, backends_.back()->run());
        session::upstream offered(server.name, backends_.back()->address(), mcp::tool_filter(server.tools));
        offered.counted = &counted_.servers[index];
        endpoint_->add(std::move(offered));
    }
}

// One source for each audience: servers that share one share its token (Gateway 7.6).
std::shared_ptr<backend::token_source> app::tokens_for(const config::server& server) {
    if (!server.http || !server.http->oidc) return nullptr;
    const auto& audience = server.http->oidc->audience;
    auto& source = tokens_[audience];
    if (source) return source;
    backend::oidc_environment given;
    given.request_url = environment_variable("ACTIONS_ID_TOKEN_REQUEST_URL").value_or(std::string());
    given.request_token = environment_variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN").value_or(std::string());
    const auto log = log_.for_server(server.name);
    if (given.request_url.empty() || given.request_token.empty())
        log.error(
            "auth is github-oidc, but ACTIONS_ID_TOKEN_REQUEST_URL or ACTIONS_ID_TOKEN_REQUEST_TOKEN is not "
            "set: calls to this server will fail");
    source = std::make_shared<backend::oidc_token>(loop_, std::move(given), audience, log);
    return source;
}

// Gateway 9.1 to the letter: every server is started, and one that fails ends the program. Each failure has
// been written to stdout by its supervisor.
core::task<bool> app::start_strictly() {
    for (auto& backend : backends_)
        backend->address().start();
    for (;;) {
        const auto now = board_.current();
        bool all = true;
        for (std::size_t index = 0; index < now->servers.size(); ++index) {
            const auto status = now->servers[index].status;
            if (status == backend::status::error || close_requested_.is_set()) co_return false;
            all = all && status == backend::status::running;
        }
        if (all) co_return true;
        co_await board_.next_change();
    }
}

std::string app::hand_out_client_configuration() {
    const auto document = config::client_configuration(config_, config_.gate.port);
    if (!options_.client_config.empty()) {
        payloads_.begin_service();
        return write_private_file(options_.client_config, document + "\n");
    }
    // A closed stdout is the launcher's business: it may not want the document.
    if (!payloads_.write_document(document))
        log_.warning("the client configuration could not be written to stdout");
    return {};
}

// Those that are started by the first request get their image now, so that nobody waits for a download.
void app::start_servers() {
    for (std::size_t index = 0; index < config_.servers.size(); ++index) {
        const auto address = backends_[index]->address();
        if (config_.servers[index].start == config::server::start_policy::eager)
            address.start();
        else
            address.prefetch();
    }
}

bool app::needs_containers() const {
    return std::any_of(config_.servers.begin(), config_.servers.end(),
                       [](const config::server& each) { return each.stdio.has_value(); });
}

} // namespace drawbridge
