#include "session/federation.hpp"
namespace drawbridge::session {
std::unique_ptr<open_call> submit_to_all(core::executor, core::task_group&, const std::shared_ptr<session>& client, std::string text, const jsonrpc::envelope& message, bool streams) {
    return client->request(0, std::move(text), message, streams);
}
}
