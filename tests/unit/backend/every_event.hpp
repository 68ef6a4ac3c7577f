// All that can happen to a link, in the order of its life.
#pragma once

#include "backend/lifecycle.hpp"

#include <array>

namespace drawbridge::testing {

inline constexpr std::array every_event = {backend::event::start,
                                           backend::event::image_ready,
                                           backend::event::image_failed,
                                           backend::event::spawned,
                                           backend::event::spawn_failed,
                                           backend::event::initialized,
                                           backend::event::initialize_failed,
                                           backend::event::era_shown,
                                           backend::event::lost,
                                           backend::event::probe_failed,
                                           backend::event::probe_ok,
                                           backend::event::retry,
                                           backend::event::drain,
                                           backend::event::drained,
                                           backend::event::closed};

} // namespace drawbridge::testing
