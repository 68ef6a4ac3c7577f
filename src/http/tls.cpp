#include "http/tls.hpp"

#include <boost/asio/ssl/context.hpp>

namespace drawbridge::http {

namespace ssl = boost::asio::ssl;

std::shared_ptr<ssl::context> make_tls_context(const std::string& ca_file, std::string& error) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    boost::system::error_code failed;
    ::SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    context->set_verify_mode(ssl::verify_peer, failed);
    if (!failed) context->set_default_verify_paths(failed);
    if (failed) {
        error = "the system's certificate authorities can't be read: " + failed.message();
        return nullptr;
    }
    if (!ca_file.empty()) context->load_verify_file(ca_file, failed);
    if (failed) {
        error = "caFile " + ca_file + " can't be read: " + failed.message();
        return nullptr;
    }
    return context;
}

} // namespace drawbridge::http
