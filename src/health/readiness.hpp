// What probes are told: alive, ready, started; and why not. Pure.
#pragma once

#include "config/config.hpp"
#include "health/board.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::health {

// No server's own words are in it: probes need no credentials.
class verdict {
  public:
    // `why` empty: this part is well. `counts`: the verdict depends on it.
    void add(std::string name, std::string why, bool counts = true);

    bool good() const { return good_; }
    std::string json() const;                      // {"ready":true,"reasons":[...]}
    std::string text(std::string_view name) const; // lines as Kubernetes' own probes print them
    void called(std::string_view word) { word_ = word; }
    void decide(bool good) { good_ = good; }

  private:
    struct part {
        std::string name;
        std::string why;
    };
    std::vector<part> parts_;
    std::string_view word_ = "ready"; // a literal
    bool good_ = true;
};

verdict alive();
verdict ready(const snapshot& now, const config::readiness& policy, bool closing);
// `whole`: the gateway serves. Servers that start with it have had their first try.
verdict started(const snapshot& now, bool whole);

} // namespace drawbridge::health
