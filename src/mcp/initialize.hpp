// A server's answer to initialize, kept as it came and given to each client with the version that suits it.
#pragma once

#include "jsonrpc/span.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::mcp {

// Pure value.
class initialize_result {
  public:
    initialize_result() = default;

    // From the whole response message. Not valid when it is an error, has no readable protocolVersion, or
    // names a revision that the gateway does not speak; fault() says which.
    static initialize_result read(std::string_view response);

    bool valid() const { return fault_.empty() && !result_.empty(); }
    const std::string& fault() const { return fault_; }
    std::string_view protocol_version() const { return version_; }
    // Raw JSON; "{}" where there is none.
    std::string_view capabilities() const;

    // Name and version of the server as JSON, or empty: written anew and without these secrets, so it is
    // sound whatever it sent.
    std::string server_info(const std::vector<std::string>& secrets) const;

    // The response for a client that asked for `requested`: everything as the server said it but the version,
    // which is negotiated between this client and the gateway (MCP lifecycle).
    std::string answer(std::string_view id_token, std::string_view requested) const;

  private:
    std::string result_;       // raw JSON object
    jsonrpc::span version_at_; // the token of protocolVersion in it
    std::string version_;
    std::string fault_;
};

} // namespace drawbridge::mcp
