// A table as text for a terminal of some width. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge {

struct table_style {
    std::size_t width = 0; // of the terminal; 0: no limit
    bool colour = false;
};

enum class paint : std::uint8_t { none, good, warning, bad };

struct table_cell {
    std::string text;
    paint colour = paint::none;
};

struct table_column {
    const char* title;
    bool right = false; // numbers
    int rank = 0;       // where room is short the highest goes first; 0: never
};

struct table_row {
    std::vector<table_cell> cells; // one for each column
    std::string remark;
    bool noteworthy = false; // the remark must be seen
};

// With a line of titles. The first column is a name, which is shortened before columns are left out. The
// remark is the last column, called `remark_title`; where it has no room there it stands on a line of its own
// below those rows that are noteworthy. No line is wider than the terminal. All text is valid UTF-8.
std::string draw_table(std::vector<table_column> columns, const std::vector<table_row>& rows,
                       const char* remark_title, const table_style& style);

// At most `room` terminal columns; "..." where something is left out.
std::string cut_text(std::string_view text, std::size_t room);
// Blanks in place of what a terminal would obey.
std::string clean_text(std::string_view text);
std::string paint_text(std::string text, paint colour, const table_style& style);

} // namespace drawbridge
