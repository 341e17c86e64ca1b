#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "steward/text/mapped_text.h"

namespace steward::classify {

/// Rows of the linear model's two tables.
inline constexpr std::size_t kWordRows = std::size_t{1} << 17;
inline constexpr std::size_t kCharRows = std::size_t{1} << 16;
inline constexpr std::size_t kFeatureRows = kWordRows + kCharRows;

struct Feature {
  std::uint32_t row;  ///< below kWordRows: of words; else of characters
  text::Span span;    ///< of the text
};

/// Hashed features of a text in the repaired view: words, pairs of neighbouring words, and runs of three, four and five characters within a
/// word and its borders; in scripts without spaces, single characters and their pairs stand for words. Each row is given once, where it
/// occurs first.
class FeatureReader {
 public:
  FeatureReader();
  /// The result is valid until the next call.
  const std::vector<Feature>& read(std::string_view text);

 private:
  void add(std::uint64_t hash, std::size_t rows, std::size_t first_row, text::Span span);
  void add_characters(std::string_view text, text::Span word);

  std::vector<std::uint64_t> seen_;  ///< a bit a row
  std::vector<Feature> features_;
};

}  // namespace steward::classify
