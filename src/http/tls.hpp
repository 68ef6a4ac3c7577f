// What the gateway trusts when it is a TLS client.
#pragma once

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace drawbridge::http {

// The system's certificate authorities, and those in `ca_file` (PEM) when it is not empty. TLS 1.2 or newer,
// the peer's certificate is verified. Null: `error` says why.
std::shared_ptr<boost::asio::ssl::context> make_tls_context(const std::string& ca_file, std::string& error);

} // namespace drawbridge::http
