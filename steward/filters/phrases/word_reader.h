#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "steward/text/mapped_text.h"

namespace steward::filters {

/// A run of letters longer than this is cut: no entry is that long, and a stream must not wait for its end.
inline constexpr std::size_t kWordBytesMax = 96;

struct Word {
  text::Span span;  ///< without apostrophes at its ends
  std::size_t end;  ///< where reading goes on
};

/// The next word at or after `at`; nullopt when there is none, or when more text may still lengthen it. `skipped` is then where a word
/// may begin. Each character of a script without spaces is a word.
std::optional<Word> next_word(std::string_view text, std::size_t at, bool finished, std::size_t& skipped);

/// The word with plain apostrophes for typographic ones: for both, one entry stands.
std::string plain_word(std::string_view word);
bool has_typographic_apostrophe(std::string_view word);

}  // namespace steward::filters
