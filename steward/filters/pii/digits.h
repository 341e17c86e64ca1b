#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "steward/filters/pii/reader.h"

namespace steward::filters::pii {

/// Longest run of digit groups that is looked at, in bytes and in digits.
inline constexpr std::size_t kRunBytesMax = 48;
inline constexpr std::size_t kRunDigitsMax = 28;

/// Length in bytes of the decimal digit at `i` in text without an end to wait for, with its value; 0 if there is none.
/// Reads ASCII and the digits of Arabic, Indic, Thai, Lao and Tibetan scripts (those are not folded by NFKC).
std::size_t digit_at(std::string_view text, std::size_t i, int& value);
bool is_digit_before(std::string_view text, std::size_t i);

/// Digits without a gap, and what stands between them and the group before.
struct Group {
  std::size_t begin = 0;  ///< bytes
  std::size_t end = 0;
  std::uint8_t first = 0;  ///< index of the first digit in DigitRun::digits
  std::uint8_t count = 0;
  char separator = '\0';  ///< before it: the first of '(' '/' '-' '.' in it, else ' '; NUL for the first group
  std::uint8_t separator_chars = 0;
};

/// Groups of digits joined by one to three separators.
struct DigitRun {
  std::array<Group, 16> groups;
  std::size_t group_count = 0;
  std::array<char, kRunDigitsMax> digits;  ///< '0' to '9'
  std::size_t digit_count = 0;
  bool overlong = false;  ///< the last group, or more groups, go on over the limits

  std::string_view first_digits(std::size_t count) const { return {digits.data(), count}; }
  std::size_t digits_through(std::size_t group) const { return groups[group].first + groups[group].count; }
};

/// The run whose first digit is at `begin`.
DigitRun read_digits(Reader& reader, std::size_t begin);

/// False when the digits that end at `end` go on as something else: letters, a decimal fraction, a time, an address.
bool ends_clean(Reader& reader, std::size_t end);
/// False when digits that begin at `begin` are the rest of something longer.
bool starts_clean(std::string_view text, std::size_t begin);

/// Luhn's checksum (ISO/IEC 7812-1, annex B).
bool luhn(std::string_view digits);
/// Check digit of EAN-13 and ISBN-13 (GS1 general specifications, 7.9).
bool is_ean13(std::string_view digits);

}  // namespace steward::filters::pii
