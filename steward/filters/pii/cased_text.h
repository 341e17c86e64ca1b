#pragma once

#include <cstddef>
#include <string_view>

#include "steward/filters/source.h"

namespace steward::filters::pii {

/// A folded text that still knows where the original has capital letters. Lives as long as what it was made of.
class CasedText {
 public:
  CasedText(const Source& folded, std::string_view raw) : folded_(&folded), raw_(raw), text_(folded.text()) {}

  std::string_view text() const { return text_; }
  bool finished() const { return folded_->finished(); }
  /// True if the character at `at`, a letter of a script with case, is a capital in the original.
  bool is_capital(std::size_t at) const;

 private:
  const Source* folded_;
  std::string_view raw_;
  std::string_view text_;
};

}  // namespace steward::filters::pii
