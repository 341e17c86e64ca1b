#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "steward/text/view.h"

namespace steward::text {

/// True for letters, marks, digits and the apostrophes inside words: what a word is made of. `code_point` must be a
/// scalar value.
inline bool is_word_char(char32_t code_point);
/// True for scripts written without spaces (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar): there a list entry
/// matches anywhere.
bool is_unspaced_char(char32_t code_point);
bool is_whitespace(char32_t code_point);

/// Decodes the character that begins at `at` (well-formed text) and moves `at` past it.
inline char32_t next_char(std::string_view utf8, std::size_t& at);
/// Decodes the character that ends at `at` and moves `at` to its first byte; `at` > 0.
char32_t previous_char(std::string_view utf8, std::size_t& at);

/// True if no word runs across `at`: at the ends, beside a non-word character, or beside an unspaced script.
bool is_word_border(std::string_view utf8, std::size_t at);

// What follows is in the header because each character of each text goes through it.
namespace words_internal {

constexpr auto kAsciiWordChars = [] {
  std::array<bool, 128> table{};
  for (unsigned char c = 0; c < 128; ++c)
    table[c] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'' || c == '_';
  return table;
}();
bool is_word_char_beyond_ascii(char32_t code_point);
char32_t next_char_beyond_ascii(std::string_view utf8, std::size_t& at);

}  // namespace words_internal

inline bool is_word_char(char32_t code_point) {
  return code_point < 0x80 ? words_internal::kAsciiWordChars[code_point] : words_internal::is_word_char_beyond_ascii(code_point);
}

inline char32_t next_char(std::string_view utf8, std::size_t& at) {
  const auto first = at < utf8.size() ? static_cast<unsigned char>(utf8[at]) : 0;
  if (first >= 0x80) return words_internal::next_char_beyond_ascii(utf8, at);
  ++at;
  return first;
}

}  // namespace steward::text
