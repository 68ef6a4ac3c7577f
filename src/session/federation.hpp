// The unified endpoint: one request of a client towards all servers, or towards the one that its name leads
// to.
#pragma once

#include "core/asio.hpp"
#include "core/task_group.hpp"
#include "jsonrpc/envelope.hpp"
#include "session/session.hpp"

#include <memory>
#include <string>

namespace drawbridge::session {

// Lists ask every server at once and merge what comes; a server that fails is named in the list's `_meta`.
// Everything else goes to the server whose prefix the name or the URI bears. The tasks of a list run in
// `group`.
std::unique_ptr<open_call> submit_to_all(core::executor loop, core::task_group& group,
                                         const std::shared_ptr<session>& client, std::string text,
                                         const jsonrpc::envelope& message, bool streams);

} // namespace drawbridge::session
