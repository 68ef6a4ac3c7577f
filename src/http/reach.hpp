// Whether a remote server takes connections, without asking it for anything.
#pragma once

#include "core/asio.hpp"
#include "http/url.hpp"

#include <memory>
#include <string>

namespace drawbridge::http {

// Lives on one loop; one look at a time.
class reachability {
  public:
    reachability(core::executor loop, url origin);
    ~reachability();

    // Empty: a connection came about, and was closed again. Otherwise why not.
    core::task<std::string> look(core::time_point deadline);
    // A look that is under way ends at once.
    void cut();

  private:
    struct implementation;
    std::unique_ptr<implementation> impl_;
};

} // namespace drawbridge::http
