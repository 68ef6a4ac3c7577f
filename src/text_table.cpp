#include "text_table.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace drawbridge {
namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
constexpr std::size_t gap = 2;    // between columns
constexpr std::size_t indent = 4; // of a remark's own line
constexpr std::size_t longest_name = 40;
constexpr std::size_t shortest_name = 12; // before columns are left out instead
constexpr std::size_t least_remark = 28;  // with less room it gets a line of its own

struct code_point {
    std::uint32_t value = 0;
    std::size_t bytes = 1;
};

code_point next_code_point(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) return {first, 1};
    const std::size_t bytes = std::min<std::size_t>(first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4, text.size());
    std::uint32_t value = first & (0x7fU >> bytes);
    for (std::size_t at = 1; at < bytes; ++at)
        value = value << 6 | (static_cast<unsigned char>(text[at]) & 0x3fU);
    return {value, bytes};
}

// Would be obeyed by a terminal, or turns the direction of what follows.
bool is_control(std::uint32_t point) {
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069);
}

// Terminal columns, near enough: East Asian characters and emoji take two, combining marks none.
std::size_t columns_of(std::uint32_t point) {
    if ((point >= 0x300 && point < 0x370) || (point >= 0x200b && point <= 0x200d) || point == 0xfe0f)
        return 0;
    const bool wide = (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
                      (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
                      (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60) ||
                      (point >= 0x1f300 && point <= 0x1faff) || (point >= 0x20000 && point <= 0x3fffd);
    return wide ? 2 : 1;
}

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const auto point = next_code_point(text);
        columns += columns_of(point.value);
        text.remove_prefix(point.bytes);
    }
    return columns;
}

// Columns that the width has room for.
class layout {
  public:
    layout(std::vector<table_column> columns, const std::vector<table_row>& rows, const char* remark_title,
           const table_style& style)
        : columns_(std::move(columns))
        , remark_title_(remark_title)
        , style_(style)
        , width_(style.width == 0 ? no_limit : style.width) {
        for (std::size_t at = 0; at < columns_.size(); ++at) {
            widths_.push_back(columns_of(columns_[at].title));
            for (const auto& each : rows)
                widths_[at] = std::max(widths_[at], columns_of(each.cells[at].text));
            shown_.push_back(true);
        }
        widths_[0] = std::min(widths_[0], longest_name);
        fit();
        std::size_t longest = 0;
        for (const auto& each : rows)
            longest = std::max(longest, columns_of(each.remark));
        has_remarks_ = longest > 0;
        const auto taken = total() + gap;
        beside_ = width_ == no_limit || taken + std::min(longest, least_remark) <= width_;
    }

    std::string title() const {
        std::vector<table_cell> cells;
        for (const auto& each : columns_)
            cells.push_back({each.title, paint::none});
        return line(cells, remark_title_);
    }
    std::string lines(const table_row& of) const {
        auto text = line(of.cells, of.remark);
        if (!beside_ && of.noteworthy && !of.remark.empty() && width_ > indent)
            text += std::string(indent, ' ') + cut_text(of.remark, width_ - indent) + "\n";
        return text;
    }

  private:
    std::size_t total() const {
        std::size_t sum = 0;
        for (std::size_t at = 0; at < columns_.size(); ++at)
            if (shown_[at]) sum += widths_[at] + (sum > 0 ? gap : 0);
        return sum;
    }

    void fit() {
        const auto excess = total() > width_ ? total() - width_ : 0;
        const auto spare = widths_[0] > shortest_name ? widths_[0] - shortest_name : 0;
        widths_[0] -= std::min(excess, spare);
        while (total() > width_) {
            std::size_t least = 0;
            for (std::size_t at = 0; at < columns_.size(); ++at)
                if (shown_[at] && columns_[at].rank > columns_[least].rank) least = at;
            if (columns_[least].rank == 0) return; // the lines are cut
            shown_[least] = false;
        }
    }

    std::string line(const std::vector<table_cell>& cells, std::string_view remark) const {
        std::string text;
        std::size_t used = 0;
        std::size_t blanks = 0; // due before the next character
        const auto put = [&](std::string_view what, paint with) {
            if (what.empty() || used + blanks >= width_) return;
            used += blanks;
            text.append(blanks, ' ');
            blanks = 0;
            const auto fitting = cut_text(what, width_ - used);
            used += columns_of(fitting);
            text += paint_text(fitting, with, style_);
        };
        for (std::size_t at = 0; at < cells.size(); ++at) {
            if (!shown_[at]) continue;
            const auto inside = cut_text(cells[at].text, widths_[at]);
            const auto rest = widths_[at] - columns_of(inside);
            if (columns_[at].right) blanks += rest;
            put(inside, cells[at].colour);
            blanks += gap + (columns_[at].right ? 0 : rest);
        }
        if (beside_ && has_remarks_) put(remark, paint::none);
        return text + "\n";
    }

    std::vector<table_column> columns_;
    const char* remark_title_;
    table_style style_;
    std::size_t width_;
    std::vector<std::size_t> widths_;
    std::vector<bool> shown_;
    bool beside_ = true; // the remark is the last column
    bool has_remarks_ = false;
};

} // namespace

std::string clean_text(std::string_view text) {
    std::string clean;
    while (!text.empty()) {
        const auto point = next_code_point(text);
        if (is_control(point.value))
            clean += ' ';
        else
            clean += text.substr(0, point.bytes);
        text.remove_prefix(point.bytes);
    }
    return clean;
}

std::string cut_text(std::string_view text, std::size_t room) {
    if (columns_of(text) <= room) return std::string(text);
    const std::string_view mark = room > 3 ? "..." : "";
    std::string shorter;
    std::size_t left = room - mark.size();
    while (!text.empty()) {
        const auto point = next_code_point(text);
        const auto columns = columns_of(point.value);
        if (columns > left) break;
        left -= columns;
        shorter += text.substr(0, point.bytes);
        text.remove_prefix(point.bytes);
    }
    return shorter.append(mark);
}

std::string paint_text(std::string text, paint colour, const table_style& style) {
    if (!style.colour || colour == paint::none) return text;
    const char* start = colour == paint::good ? "\x1b[32m" : colour == paint::bad ? "\x1b[31m" : "\x1b[33m";
    return start + std::move(text) + "\x1b[0m";
}

std::string draw_table(std::vector<table_column> columns, const std::vector<table_row>& rows,
                       const char* remark_title, const table_style& style) {
    const layout form(std::move(columns), rows, remark_title, style);
    auto text = form.title();
    for (const auto& each : rows)
        text += form.lines(each);
    return text;
}

} // namespace drawbridge
