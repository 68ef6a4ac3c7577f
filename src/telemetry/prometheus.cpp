#include "telemetry/prometheus.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace drawbridge::telemetry {

namespace {

// The shortest text that reads back as the same number.
class digits {
  public:
    template <class Number>
    explicit digits(Number value) {
        end_ = std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr;
    }
    std::string_view view() const { return {text_.data(), static_cast<std::size_t>(end_ - text_.data())}; }

  private:
    std::array<char, 32> text_{};
    char* end_ = nullptr;
};

std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    return std::string(digits(value).view());
}

// Quotes are escaped in the value of a label only.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || (quotes && c == '"')) out += '\\';
        out += c;
    }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
    out += out.back() == '{' ? "" : ",";
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
}

std::string_view to_string(prometheus::kind type) {
    switch (type) {
    case prometheus::kind::counter:
        return "counter";
    case prometheus::kind::gauge:
        return "gauge";
    case prometheus::kind::histogram:
        break;
    }
    return "histogram";
}

} // namespace

prometheus::family::family(std::string_view name, std::string_view help, kind type) : name_(name) {
    head_ = "# HELP " + name_ + ' ';
    append_escaped(head_, help, false);
    head_ += "\n# TYPE " + name_ + ' ';
    head_ += to_string(type);
    head_ += '\n';
}

void prometheus::family::sample(labels which, std::uint64_t value) {
    series({}, which, {}, digits(value).view());
}

void prometheus::family::sample(labels which, double value) {
    series({}, which, {}, number(value));
}

void prometheus::family::sample(labels which, const histogram& value) {
    for (const double bound : histogram::coarse_bounds)
        series("_bucket", which, digits(bound).view(), digits(value.count_up_to(bound)).view());
    const digits count(value.count());
    series("_bucket", which, "+Inf", count.view());
    series("_sum", which, {}, number(value.sum()));
    series("_count", which, {}, count.view());
}

// `bound` is that of a bucket, empty elsewhere.
void prometheus::family::series(std::string_view suffix, labels which, std::string_view bound,
                                std::string_view value) {
    samples_ += name_;
    samples_ += suffix;
    if (which.size() > 0 || !bound.empty()) {
        samples_ += '{';
        for (const label& each : which)
            append_label(samples_, each.name, each.value);
        if (!bound.empty()) append_label(samples_, "le", bound);
        samples_ += '}';
    }
    samples_ += ' ';
    samples_ += value;
    samples_ += '\n';
}

prometheus::family& prometheus::add(std::string_view name, std::string_view help, kind type) {
    std::string full(name);
    if (type == kind::counter && !name.ends_with("_total")) full += "_total";
    const auto known = std::find_if(families_.begin(), families_.end(),
                                    [&](const family& each) { return each.name_ == full; });
    if (known != families_.end()) return *known;
    families_.push_back(family(full, help, type));
    return families_.back();
}

std::string prometheus::text() const {
    std::string out;
    for (const family& each : families_) {
        if (each.samples_.empty()) continue;
        out += each.head_;
        out += each.samples_;
    }
    return out;
}

} // namespace drawbridge::telemetry
