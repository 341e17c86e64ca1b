#include "steward/classify/features.h"

#include <array>

#include "steward/text/words.h"

namespace steward::classify {
namespace {

constexpr std::uint64_t kPrime = 0x9E3779B97F4A7C15ull;
constexpr std::uint64_t kWordSeed = 0x51ED270B7F4A7C15ull;
/// Longer words count by their first characters.
constexpr std::size_t kWordCharsMax = 32;
constexpr char32_t kBorder = 1;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * kPrime;
  return hash ^ (hash >> 29);
}

}  // namespace

FeatureReader::FeatureReader() : seen_(kFeatureRows / 64) {}

void FeatureReader::add(std::uint64_t hash, std::size_t rows, std::size_t first_row, text::Span span) {
  const auto row = static_cast<std::uint32_t>(first_row + (hash >> 32) % rows);
  std::uint64_t& bits = seen_[row / 64];
  const std::uint64_t bit = std::uint64_t{1} << (row % 64);
  if (bits & bit) return;
  bits |= bit;
  features_.push_back({row, span});
}

void FeatureReader::add_characters(std::string_view text, text::Span word) {
  std::array<char32_t, kWordCharsMax + 2> chars;
  std::array<std::size_t, kWordCharsMax + 3> begins;
  std::size_t count = 0;
  chars[count] = kBorder;
  begins[count++] = word.begin;
  for (std::size_t at = word.begin; at < word.end && count <= kWordCharsMax; ++count) {
    begins[count] = at;
    chars[count] = text::next_char(text, at);
  }
  chars[count] = kBorder;
  begins[count++] = word.end;
  begins[count] = word.end;
  for (std::size_t from = 0; from + 3 <= count; ++from) {
    std::uint64_t hash = mix(mix(kPrime, chars[from]), chars[from + 1]);
    for (std::size_t length = 3; length <= 5 && from + length <= count; ++length) {
      hash = mix(hash, chars[from + length - 1]);
      add(hash, kCharRows, kWordRows, {begins[from], begins[from + length]});
    }
  }
}

const std::vector<Feature>& FeatureReader::read(std::string_view text) {
  for (const Feature& feature : features_) seen_[feature.row / 64] = 0;
  features_.clear();
  std::uint64_t previous = kWordSeed;
  std::size_t previous_begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    std::size_t end = at;
    char32_t c = text::next_char(text, at);
    std::uint64_t hash = mix(kWordSeed, c);
    end = at;
    if (text::is_word_char(c) && !text::is_unspaced_char(c)) {
      while (at < text.size()) {
        c = text::next_char(text, at);
        if (!text::is_word_char(c) || text::is_unspaced_char(c)) break;
        hash = mix(hash, c);
        end = at;
      }
      at = end;
      add_characters(text, {begin, end});
    } else if (text::is_whitespace(c)) {
      continue;
    }
    add(hash, kWordRows, 0, {begin, end});
    add(mix(previous, hash), kWordRows, 0, {previous_begin, end});
    previous = hash;
    previous_begin = begin;
  }
  return features_;
}

}  // namespace steward::classify
