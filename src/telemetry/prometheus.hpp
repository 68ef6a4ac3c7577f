// Prometheus' text format 0.0.4, written. Pure.
//
//     prometheus out;
//     auto& calls = out.add("drawbridge_calls_total", "Calls that ended.", prometheus::kind::counter);
//     calls.sample({{"server", "time"}}, std::uint64_t{7});
//     body = out.text();
#pragma once

#include "telemetry/histogram.hpp"

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>

namespace drawbridge::telemetry {

// Names of families and labels are ours and valid; values of labels and help may be any UTF-8.
class prometheus {
  public:
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

    enum class kind : std::uint8_t { counter, gauge, histogram };

    struct label {
        std::string_view name;
        std::string_view value;
    };
    using labels = std::initializer_list<label>;

    // The samples of one name. They stand together in the text, whatever the order in which they come.
    class family {
      public:
        void sample(labels which, std::uint64_t value);
        void sample(labels which, double value);
        // One series of a histogram family: its coarse buckets, sum and count.
        void sample(labels which, const histogram& value);

      private:
        friend class prometheus;
        family(std::string_view name, std::string_view help, kind type);

        void series(std::string_view suffix, labels which, std::string_view bound, std::string_view value);

        std::string name_;
        std::string head_; // # HELP and # TYPE
        std::string samples_;
    };

    // The name of a counter gets `_total` where it lacks it. A name that is there already is that family
    // again. The reference lives as long as this object.
    family& add(std::string_view name, std::string_view help, kind type);

    // All families in the order of their first add; one without a sample is left out.
    std::string text() const;

  private:
    std::deque<family> families_;
};

} // namespace drawbridge::telemetry
