#pragma once

#include <cstddef>
#include <string_view>

#include "steward/filters/pii/cased_text.h"

namespace steward::filters::pii {

/// Read access to a text whose end may not have come yet. A recogniser that asked for a byte behind the known text is
/// `starved`: its answer could change, so it does not count. Every other answer holds for each continuation of the text.
class Reader {
 public:
  explicit Reader(const CasedText& cased) : cased_(&cased), text_(cased.text()), finished_(cased.finished()) {}
  /// A text without capitals.
  Reader(std::string_view text, bool finished) : text_(text), finished_(finished) {}

  /// The byte at `i`, or NUL behind the end.
  char at(std::size_t i) {
    if (i < text_.size()) return text_[i];
    starved_ = starved_ || !finished_;
    return '\0';
  }
  bool has(std::size_t i) {
    starved_ = starved_ || (!finished_ && i >= text_.size());
    return i < text_.size();
  }
  /// True if a capital letter stands at `i`.
  bool capital(std::size_t i) { return has(i) && cased_ != nullptr && cased_->is_capital(i); }
  bool starved() const { return starved_; }
  std::string_view text() const { return text_; }
  /// Needs a text with capitals.
  const CasedText& cased() const { return *cased_; }

 private:
  const CasedText* cased_ = nullptr;
  std::string_view text_;
  bool finished_;
  bool starved_ = false;
};

inline bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_ascii_alnum(char c) { return is_ascii_digit(c) || is_ascii_letter(c); }

}  // namespace steward::filters::pii
