#include "backend/checkup.hpp"

#include <chrono>

namespace drawbridge::backend {
namespace {

constexpr double spread = 0.1; // share of the interval

} // namespace

checkup::verdict checkup::passed() {
    missed_ = 0;
    if (!degraded_ || ++passed_ < settings_.rise) return verdict::unchanged;
    begin();
    return verdict::recovered;
}

checkup::verdict checkup::answered(core::duration took) {
    if (took <= slow_after()) return passed();
    missed_ = passed_ = 0;
    return degrade();
}

checkup::verdict checkup::missed(bool spared) {
    passed_ = 0;
    ++missed_;
    if (missed_ >= settings_.fall && !spared) return verdict::dead;
    return degrade();
}

checkup::verdict checkup::degrade() {
    if (degraded_) return verdict::unchanged;
    degraded_ = true;
    return verdict::degraded;
}

core::duration checkup::next_wait(double random) const {
    if (degraded_) return settings_.fast_interval;
    const auto whole = std::chrono::duration<double>(settings_.interval);
    return std::chrono::duration_cast<core::duration>(whole * (1.0 - spread * random));
}

} // namespace drawbridge::backend
