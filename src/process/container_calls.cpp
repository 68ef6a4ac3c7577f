// The short calls around a container's life.
#include "process/container.hpp"

namespace drawbridge::process {
namespace {

using words = std::vector<std::string>;

bool podman(const runtime& client) {
    return client.kind == runtime_kind::podman;
}

std::string label_filter(const instance& gateway) {
    return "--filter=label=io.drawbridge.instance=" + gateway.id;
}

} // namespace

words image_exists_command(const runtime& client, const std::string& image) {
    if (podman(client)) return {client.path, "image", "exists", image};
    return image_id_command(client, image);
}

words image_id_command(const runtime& client, const std::string& image) {
    return {client.path, "image", "inspect", "--format={{.Id}}", image};
}

words pull_command(const runtime& client, const std::string& image) {
    return {client.path, "pull", "--quiet", image};
}

words network_exists_command(const runtime& client, const std::string& network) {
    if (podman(client)) return {client.path, "network", "exists", network};
    return {client.path, "network", "inspect", "--format={{.Name}}", network};
}

words create_network_command(const runtime& client, const instance& gateway, const std::string& network) {
    words call{client.path, "network", "create", "--label=io.drawbridge.instance=" + gateway.id};
    if (client.network == network_style::shared)
        call.emplace_back("--opt=com.docker.network.bridge.enable_icc=false");
    else
        call.emplace_back("--opt=isolate=true");
    // Nobody is to be found by name here, and podman's name server needs port 53 on the host; without it
    // containers use the host's servers, as in podman's own default network.
    if (podman(client)) call.emplace_back("--disable-dns");
    call.push_back(network);
    return call;
}

words remove_network_command(const runtime& client, const std::string& network) {
    return {client.path, "network", "rm", network};
}

words signal_command(const runtime& client, const std::string& container, const char* signal) {
    return {client.path, "kill", std::string("--signal=") + signal, container};
}

words remove_command(const runtime& client, const std::string& container) {
    return remove_all_command(client, words(1, container));
}

words remove_all_command(const runtime& client, const words& containers) {
    words call{client.path, "rm", "--force", "--volumes"};
    // podman waits for the stop timeout otherwise, and fails for those that --rm has removed meanwhile.
    if (podman(client)) call.insert(call.end(), {"--time=0", "--ignore"});
    call.insert(call.end(), containers.begin(), containers.end());
    return call;
}

words list_command(const runtime& client, const instance& gateway) {
    return {client.path, "ps", "--all", label_filter(gateway), "--format={{.Names}}"};
}

words list_networks_command(const runtime& client, const instance& gateway) {
    return {client.path, "network", "ls", label_filter(gateway), "--format={{.Name}}"};
}

words inspect_process_command(const runtime& client, const std::string& container) {
    return {client.path, "container", "inspect", "--format={{.State.Pid}} {{.Id}}", container};
}

} // namespace drawbridge::process
