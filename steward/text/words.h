#pragma once

#include <string_view>
#include <vector>

#include "steward/text/view.h"

namespace steward::text {

/// True for letters, marks, digits and the apostrophes inside words: what a word is made of. `code_point` must be a
/// scalar value.
bool is_word_char(char32_t code_point);
/// True for scripts written without spaces (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar): there a list entry
/// matches anywhere.
bool is_unspaced_char(char32_t code_point);
bool is_whitespace(char32_t code_point);

/// Decodes the character that begins at `at` (well-formed text) and moves `at` past it.
char32_t next_char(std::string_view utf8, std::size_t& at);
/// Decodes the character that ends at `at` and moves `at` to its first byte; `at` > 0.
char32_t previous_char(std::string_view utf8, std::size_t& at);

/// True if no word runs across `at`: at the ends, beside a non-word character, or beside an unspaced script.
bool is_word_border(std::string_view utf8, std::size_t at);

}  // namespace steward::text
