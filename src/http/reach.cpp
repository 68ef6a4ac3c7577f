#include "http/reach.hpp"

#include "core/alarm.hpp"
#include "http/client_wire.hpp"

#include <utility>

namespace drawbridge::http {

struct reachability::implementation {
    implementation(core::executor where, url place) : loop(where), origin(std::move(place)) {}

    core::executor loop;
    url origin;
    client_wire* open = nullptr; // on the way
};

reachability::reachability(core::executor loop, url origin)
    : impl_(std::make_unique<implementation>(loop, std::move(origin))) {}

reachability::~reachability() = default;

core::task<std::string> reachability::look(core::time_point deadline) {
    auto& self = *impl_;
    client_wire wire(self.loop);
    bool late = false;
    core::alarm limit(self.loop);
    auto give_up = [&wire, &late] {
        late = true;
        wire.cut();
    };
    limit.set(deadline, give_up);
    self.open = &wire;
    auto error = co_await wire.open(self.origin, nullptr);
    self.open = nullptr;
    wire.cut();
    if (error && late) co_return "no connection to " + self.origin.authority() + " in time";
    co_return std::move(error.text);
}

void reachability::cut() {
    if (impl_->open != nullptr) impl_->open->cut();
}

} // namespace drawbridge::http
