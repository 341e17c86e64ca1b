#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "steward/filters/pii/reader.h"

namespace steward::filters::pii {

/// Longest word that any list holds, in bytes.
inline constexpr std::size_t kWordBytesMax = 32;

/// Folded words with a number each, looked up by hash. The texts outlive it.
class WordMap {
 public:
  struct Entry {
    std::string_view words;  ///< apart by spaces
    std::uint8_t value;      ///< not 0
  };
  explicit WordMap(std::initializer_list<Entry> entries);
  /// 0 for a word that is not there.
  std::uint8_t find(std::string_view word) const;

 private:
  struct Slot {
    std::string_view word;
    std::uint8_t value = 0;
  };
  std::vector<Slot> slots_;
};

class WordSet {
 public:
  explicit WordSet(std::string_view words) : map_({{words, 1}}) {}
  bool has(std::string_view word) const { return map_.find(word) != 0; }

 private:
  WordMap map_;
};

/// Length in bytes of the letter at `i` of a script that puts spaces between words, or of a mark on one; 0 if there is none.
std::size_t letter_at(std::string_view text, std::size_t i);
/// Length in bytes of the Han, Hiragana, Katakana or Hangul character at `i`, or 0.
std::size_t east_asian_at(std::string_view text, std::size_t i);
/// The letters that end at `end`.
std::string_view word_before(std::string_view text, std::size_t end);
/// End of the letters that begin at `begin`, at most kWordBytesMax and one letter later.
std::size_t word_end(Reader& reader, std::size_t begin);
/// Length of the apostrophe at `i`, or 0.
std::size_t apostrophe_at(Reader& reader, std::size_t i);
/// `at` without up to `most` spaces before it.
std::size_t skip_spaces_back(std::string_view text, std::size_t at, std::size_t most);

}  // namespace steward::filters::pii
