#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// The world's numbering plans, from the metadata of PyPI `phonenumbers` (tools/phone/generate.py): automata that accept exactly
/// the national significant numbers which that library calls valid.
namespace steward::filters::pii::phone {

struct Region {
  std::string_view name;             ///< ISO 3166-1 alpha-2
  std::uint16_t code;                ///< country calling code (ITU-T E.164)
  std::uint32_t start;               ///< start state of its numbers
  std::string_view national_prefix;  ///< dialled before a national number, or empty
  std::string_view idd;              ///< prefixes of international calls, separated by spaces
  std::uint16_t shapes_begin;
  std::uint16_t shapes_end;
};

/// Package and version of the metadata.
std::string_view source();
/// Null for a region that is not in the metadata.
const Region* find_region(std::string_view name);
/// The sizes of digit groups in which the region's numbers are written, four bits each, the first group highest: 0x3222. With
/// kWithoutPrefix set, the national prefix may be left out.
inline constexpr std::uint32_t kWithoutPrefix = 1u << 31;
std::span<const std::uint32_t> shapes(const Region& region);

struct CountryCode {
  std::size_t digits = 0;  ///< 0: no country has the code
  std::uint32_t start = 0;
  std::string_view national_prefix;  ///< of its first region that has one
};
/// The country code that `digits` begins with; codes are free of prefixes, so there is at most one.
CountryCode country_code(std::string_view digits);

inline constexpr std::uint32_t kDead = 0;
/// The state after one more digit, '0' to '9'.
std::uint32_t step(std::uint32_t state, char digit);
bool accepts(std::uint32_t state);
/// Whether `national` (digits) is a valid national significant number from state `start` on.
bool is_valid(std::uint32_t start, std::string_view national);

}  // namespace steward::filters::pii::phone
