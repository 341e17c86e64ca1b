#include <algorithm>
#include <charconv>

#include "steward/filters/pii/digits.h"
#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {
namespace {

/// Ranges of leading digits and the lengths of the numbers (ISO/IEC 7812-1 issuer ranges as the networks publish them).
/// `lengths` has bit n set for n digits.
struct Issuer {
  int digits;  ///< how many leading digits `low` and `high` have
  int low;
  int high;
  std::uint32_t lengths;
};

constexpr std::uint32_t bits(int low, int high) {
  std::uint32_t mask = 0;
  for (int n = low; n <= high; ++n) mask |= 1u << n;
  return mask;
}

constexpr Issuer kIssuers[] = {
    {1, 4, 4, bits(13, 13) | bits(16, 16) | bits(19, 19)},  // Visa
    {2, 51, 55, bits(16, 16)},                              // Mastercard
    {4, 2221, 2720, bits(16, 16)},                          // Mastercard
    {2, 34, 34, bits(15, 15)},                              // American Express
    {2, 37, 37, bits(15, 15)},
    {2, 36, 36, bits(14, 19)},  // Diners Club
    {3, 300, 305, bits(14, 14) | bits(16, 19)},
    {2, 38, 39, bits(14, 14) | bits(16, 19)},
    {4, 3528, 3589, bits(16, 19)},  // JCB
    {4, 6011, 6011, bits(16, 19)},  // Discover
    {3, 644, 649, bits(16, 19)},
    {2, 65, 65, bits(16, 19)},      // Discover, RuPay, Verve, Troy
    {2, 62, 62, bits(16, 19)},      // UnionPay
    {2, 81, 82, bits(16, 19)},      // UnionPay, RuPay
    {4, 2200, 2204, bits(16, 19)},  // Mir
    {2, 60, 60, bits(16, 16)},      // RuPay
    {3, 508, 508, bits(16, 16)},
    {4, 9792, 9792, bits(16, 16)},  // Troy
    {2, 50, 50, bits(12, 19)},      // Maestro
    {2, 56, 58, bits(12, 19)},
    {4, 6304, 6304, bits(12, 19)},
    {4, 6759, 6763, bits(12, 19)},
};

bool has_issuer(std::string_view digits) {
  return std::any_of(std::begin(kIssuers), std::end(kIssuers), [&](const Issuer& issuer) {
    int head = 0;
    std::from_chars(digits.data(), digits.data() + issuer.digits, head);
    return head >= issuer.low && head <= issuer.high && (issuer.lengths >> digits.size() & 1) != 0;
  });
}

bool is_card(std::string_view digits) {
  if (digits.size() < 12 || digits.size() > 19) return false;
  // A barcode of 13 digits passes Luhn by chance, and Visa has not issued numbers of that length for decades.
  return has_issuer(digits) && luhn(digits) && !is_ean13(digits);
}

/// Whether the first `count` groups are written as a card is: in one piece, or from four digits on with one separator.
bool is_card_shape(const DigitRun& run, std::size_t count) {
  if (count == 1) return true;
  if (run.groups[0].count != 4) return false;
  for (std::size_t i = 1; i < count; ++i) {
    const Group& group = run.groups[i];
    if (group.separator_chars != 1 || group.separator != run.groups[1].separator) return false;
    if (group.separator == '(' || group.separator == '/' || (i + 1 < count && group.count < 4)) return false;
  }
  return true;
}

/// A group of four before it, joined alike, makes it the middle of a longer number.
bool continues_fours(std::string_view text, std::size_t begin) {
  if (begin < 5 || (text[begin - 1] != ' ' && text[begin - 1] != '-')) return false;
  for (std::size_t i = begin - 5; i + 1 < begin; ++i) {
    if (!is_ascii_digit(text[i])) return false;
  }
  return begin == 5 || !is_ascii_digit(text[begin - 6]);
}

std::optional<Match> probe(Reader& reader, const Place& place, const Options&) {
  if (!starts_clean(reader.text(), place.trigger)) return std::nullopt;
  const DigitRun run = read_digits(reader, place.trigger);
  for (std::size_t count = run.group_count; count > 0; --count) {
    const std::string_view digits = run.first_digits(run.digits_through(count - 1));
    if (!is_card(digits) || !is_card_shape(run, count)) continue;
    const std::size_t end = run.groups[count - 1].end;
    if (!ends_clean(reader, end) && count == run.group_count) continue;
    if (count > 1 && continues_fours(reader.text(), place.trigger)) continue;
    return Match{{place.trigger, end}, std::string(digits)};
  }
  return std::nullopt;
}

std::size_t tail(std::string_view, std::size_t end, std::size_t) { return end; }

}  // namespace

const Recogniser kCard{"card", "CARD", "card-luhn-issuer", Trigger::kDigit, probe, caseless<tail>};

}  // namespace steward::filters::pii
