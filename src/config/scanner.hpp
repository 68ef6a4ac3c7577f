// The strict JSON scanner behind scan(): it builds nothing, so it can say exactly where and why a text is not
// JSON.
#pragma once

#include "config/position.hpp"

namespace drawbridge::config {

class scanner {
  public:
    explicit scanner(std::string_view document);

    scan_result run();

  private:
    bool value(const std::string& path, std::size_t depth);
    bool object(const std::string& path, std::size_t depth);
    bool members(const std::string& path, std::size_t depth);
    bool array(const std::string& path, std::size_t depth);
    bool elements(const std::string& path, std::size_t depth);
    bool string(std::string* decoded);
    bool escape(std::string* decoded);
    bool unicode_escape(std::string* decoded);
    bool number();
    bool digits();
    bool word(std::string_view expected);

    void blanks();
    char peek() const; // '\0' at the end
    bool at_end() const { return at_ >= text_.size(); }
    bool fail(std::string_view expected, std::string_view hint = {});
    bool fail_at(std::size_t byte, std::string message, std::string_view hint);
    bool repeated(const std::string& path, std::size_t byte);

    std::string_view text_;
    std::size_t at_ = 0;
    scan_result result_;
};

} // namespace drawbridge::config
