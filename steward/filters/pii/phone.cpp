#include <algorithm>
#include <utility>

#include "steward/filters/pii/digits.h"
#include "steward/filters/pii/phone_context.h"
#include "steward/filters/pii/phone_plan.h"
#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kInternationalDigitsMin = 7;
constexpr std::size_t kNationalDigitsMin = 6;  // behind a word that names a phone
constexpr std::size_t kPlainDigitsMin = 8;     // without one

/// The digits with what stands before them: "(+49", "(030", "+1".
struct Lead {
  std::size_t begin = 0;
  bool plus = false;
  bool paren = false;
};

Lead read_lead(std::string_view text, std::size_t begin, std::size_t from) {
  Lead lead{begin, false, false};
  const auto take = [&](char wanted) {
    if (lead.begin == from || text[lead.begin - 1] != wanted) return false;
    --lead.begin;
    return true;
  };
  lead.paren = take('(');
  lead.plus = take('+');
  if (lead.plus && !lead.paren) take('(');
  return lead;
}

bool follows_price_or_code(std::string_view text, std::size_t begin) {
  if (begin == 0) return false;
  if (text[begin - 1] == '$' || text[begin - 1] == '#') return true;
  const std::string_view before = text.substr(0, begin);
  return before.ends_with("€") || before.ends_with("£") || before.ends_with("¥") || before.ends_with("₹") || before.ends_with("№");
}

/// Whether a number may end behind group `last`: at the end of the run, or where the next group is joined or sized otherwise (a
/// list of equal groups is no phone number with something behind it).
bool may_end(Reader& reader, const DigitRun& run, std::size_t last) {
  if (last + 1 == run.group_count) return !run.overlong && ends_clean(reader, run.groups[last].end);
  const Group& next = run.groups[last + 1];
  return last == 0 || next.separator != run.groups[last].separator || next.count != run.groups[last].count;
}

/// The last group behind which the national number that begins at digit `first` is valid; group_count if there is none.
std::size_t longest_valid(Reader& reader, const DigitRun& run, std::uint32_t start, std::size_t first, std::size_t digits_min) {
  std::size_t best = run.group_count;
  std::uint32_t state = start;
  for (std::size_t group = 0; group < run.group_count && state != phone::kDead; ++group) {
    const std::size_t end = run.digits_through(group);
    for (std::size_t i = std::max<std::size_t>(first, run.groups[group].first); i < end && state != phone::kDead; ++i)
      state = phone::step(state, run.digits[i]);
    if (end > first && end >= digits_min && phone::accepts(state) && may_end(reader, run, group)) best = group;
  }
  return best;
}

Match match_of(const DigitRun& run, std::size_t begin, std::size_t last, std::string_view code, std::size_t first) {
  const std::size_t end = run.digits_through(last);
  return {{begin, run.groups[last].end}, "+" + std::string(code) + std::string(run.digits.data() + first, end - first)};
}

/// `first`: index of the country code's first digit, behind a plus or the prefix of international calls.
std::optional<Match> probe_international(Reader& reader, const DigitRun& run, std::size_t begin, std::size_t first) {
  const std::string_view digits(run.digits.data(), run.group_count == 0 ? 0 : run.digits_through(run.group_count - 1));
  if (first >= digits.size()) return std::nullopt;
  const phone::CountryCode country = phone::country_code(digits.substr(first));
  if (country.digits == 0) return std::nullopt;
  std::size_t national = first + country.digits;
  for (std::size_t group = 0; group < run.group_count; ++group) {  // no separator inside the country code
    if (run.groups[group].first > first && run.groups[group].first < national) return std::nullopt;
  }
  const std::string_view code = digits.substr(first, country.digits);
  const std::size_t digits_min = first + kInternationalDigitsMin;
  std::size_t last = longest_valid(reader, run, country.start, national, digits_min);
  if (last == run.group_count && !country.national_prefix.empty() &&
      digits.substr(national).starts_with(country.national_prefix)) {  // "+44 (0)20 …"
    national += country.national_prefix.size();
    last = longest_valid(reader, run, country.start, national, digits_min);
  }
  if (last == run.group_count) return std::nullopt;
  return match_of(run, begin, last, code, national);
}

int value_of(const DigitRun& run, const Group& group) {
  int value = 0;
  for (std::size_t i = 0; i < group.count; ++i) value = value * 10 + (run.digits[group.first + i] - '0');
  return value;
}

/// Day, month and year in any order: 2024-01-15, 15.01.2024, 1/15/24.
bool is_date(const DigitRun& run) {
  if (run.group_count < 3 || run.groups[1].separator != run.groups[2].separator) return false;
  if (run.groups[1].separator == ' ' && run.groups[2].count < 4 && run.groups[0].count < 4) return false;
  const Group* groups = run.groups.data();
  const bool year_first = groups[0].count == 4;
  const std::size_t year_digits = year_first ? 4 : groups[2].count;
  if (groups[year_first ? 2 : 0].count > 2 || groups[1].count > 2) return false;
  if (year_digits != 4 && (year_digits != 2 || run.group_count != 3)) return false;
  const int year = value_of(run, groups[year_first ? 0 : 2]);
  const int a = value_of(run, groups[year_first ? 2 : 0]);
  const int b = value_of(run, groups[1]);
  if (year_digits == 4 && (year < 1900 || year > 2100)) return false;
  return a >= 1 && b >= 1 && a <= 31 && b <= 31 && (a <= 12 || b <= 12);
}

/// Four numbers below 256 joined by dots.
bool is_dotted_quad(const DigitRun& run) {
  if (run.group_count != 4) return false;
  for (std::size_t i = 0; i < 4; ++i) {
    if ((i > 0 && run.groups[i].separator != '.') || run.groups[i].count > 3 || value_of(run, run.groups[i]) > 255) return false;
  }
  return true;
}

/// 612 345 678, as large numbers are written.
bool has_thousands_shape(const DigitRun& run, std::size_t last) {
  for (std::size_t i = 1; i <= last; ++i) {
    if (run.groups[i].count != 3 || (run.groups[i].separator != ' ' && run.groups[i].separator != '.')) return false;
  }
  return run.groups[0].count <= 3;
}

/// Whether the region's numbers are written in groups of these sizes. `first`: index of the first digit behind the national prefix.
bool has_region_shape(const phone::Region& region, const DigitRun& run, std::size_t last, std::size_t first) {
  std::uint32_t shape = 0;
  for (std::size_t i = 0; i <= last && i < 7; ++i) {
    const Group& group = run.groups[i];
    const std::size_t taken = first > group.first ? std::min<std::size_t>(first - group.first, group.count) : 0;
    if (group.count > taken) shape = shape << 4 | static_cast<std::uint32_t>(group.count - taken);
  }
  const auto shapes = phone::shapes(region);
  return std::any_of(shapes.begin(), shapes.end(), [&](std::uint32_t known) {
    return (known & ~phone::kWithoutPrefix) == shape && (first > 0 || (known & phone::kWithoutPrefix) != 0);
  });
}

/// A number without a word that says so must look like one, since plain numbers are not personal data. `shaped`: as
/// has_region_shape.
bool looks_national(const phone::Region& region, const DigitRun& run, std::size_t last, bool shaped, const Lead& lead) {
  if (run.digits_through(last) < kPlainDigitsMin) return false;
  const bool leading_zero = run.digits[0] == '0';
  if (last == 0) {  // in one piece: only with the zero of a trunk call; mobile numbers of 12 digits begin 01 in Germany
    const std::size_t count = run.groups[0].count;
    return leading_zero && (count == 10 || count == 11 || (count == 12 && run.digits[1] == '1'));
  }
  bool dotted = true;
  bool pairs = true;
  std::uint8_t smallest = 15;
  for (std::size_t i = 0; i <= last; ++i) {
    smallest = std::min(smallest, run.groups[i].count);
    pairs = pairs && run.groups[i].count == 2;
    dotted = dotted && (i == 0 || run.groups[i].separator == '.');
  }
  if (leading_zero) return shaped || smallest >= 2;
  if (!shaped || pairs || has_thousands_shape(run, last)) return lead.paren && smallest >= 2;
  return !dotted || region.code == 1;
}

struct National {
  std::size_t last;   ///< group that it ends with
  std::size_t first;  ///< index of its first digit behind the national prefix
  bool shaped;
  std::uint16_t code;  ///< of its country
};

std::optional<National> probe_national(Reader& reader, const DigitRun& run, const Lead& lead, const phone::Region& region,
                                       NumberContext context) {
  const std::string_view digits(run.digits.data(), run.digits_through(run.group_count - 1));
  // Regions that share a country code reach each other by national numbers.
  const std::uint32_t start = phone::country_code(std::to_string(region.code)).start;
  std::size_t first = 0;
  std::size_t last = run.group_count;
  if (!region.national_prefix.empty() && digits.starts_with(region.national_prefix)) {
    first = region.national_prefix.size();
    last = longest_valid(reader, run, start, first, kNationalDigitsMin);
  }
  if (last == run.group_count) {
    first = 0;
    last = longest_valid(reader, run, start, first, kNationalDigitsMin);
  }
  if (last == run.group_count) return std::nullopt;
  const bool shaped = has_region_shape(region, run, last, first);
  if (context != NumberContext::kPhone && !looks_national(region, run, last, shaped, lead)) return std::nullopt;
  return National{last, first, shaped, region.code};
}

/// Digits of the international prefix that the run begins with in one of the regions, or 0.
std::size_t idd_digits(const DigitRun& run, const Options& options) {
  const std::string_view digits(run.digits.data(), run.digits_through(run.group_count - 1));
  for (const phone::Region* region : options.regions) {
    for (std::string_view rest = region->idd; !rest.empty();) {
      const std::string_view idd = rest.substr(0, rest.find(' '));
      if (idd.size() >= 2 && idd[0] == '0' && digits.starts_with(idd)) return idd.size();
      rest.remove_prefix(std::min(rest.size(), idd.size() + 1));
    }
  }
  return 0;
}

/// Joined to an equal group before it, a group is the middle of a list.
bool continues_list(std::string_view text, const DigitRun& run) {
  const std::size_t begin = run.groups[0].begin;
  if (run.group_count < 2 || begin < 2) return false;
  const char separator = text[begin - 1];
  if (separator != run.groups[1].separator || !is_digit_before(text, begin - 1)) return false;
  std::size_t at = begin - 1;
  while (at > 0 && is_ascii_digit(text[at - 1])) --at;
  return begin - 1 - at == run.groups[0].count;
}

bool is_hex(char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'f'); }

/// Characters spelled as numbers, such as "74 68 65" or "164 150 145": at least three short numbers stand before [begin, end), or six
/// behind it (five may be another phone number), with single spaces between.
bool is_among_codes(Reader& reader, const Place& place, text::Span span) {
  constexpr std::size_t kCodeMax = 3;
  const std::string_view text = reader.text();
  int codes = 0;
  for (std::size_t at = span.begin; codes < 3 && at > place.from && text[at - 1] == ' '; ++codes) {
    std::size_t begin = --at;
    while (begin > place.from && is_hex(text[begin - 1]) && at - begin <= kCodeMax) --begin;
    if (begin == at || at - begin > kCodeMax || (begin > 0 && text[begin - 1] != ' ')) break;
    at = begin;
  }
  if (codes == 3) return true;
  std::size_t at = span.end;
  for (codes = 0; codes < 6 && reader.at(at) == ' '; ++codes) {
    std::size_t end = ++at;
    while (is_hex(reader.at(end)) && end - at <= kCodeMax) ++end;
    if (end == at || end - at > kCodeMax || is_ascii_letter(reader.at(end))) break;
    at = end;
  }
  return codes == 6;
}

std::optional<Match> probe(Reader& reader, const Place& place, const Options& options) {
  const std::string_view text = reader.text();
  const Lead lead = read_lead(text, place.trigger, place.from);
  if (!starts_clean(text, lead.begin)) return std::nullopt;
  if (!lead.plus && options.regions.empty()) return std::nullopt;
  if (!lead.plus && follows_price_or_code(text, lead.begin)) return std::nullopt;
  const DigitRun run = read_digits(reader, place.trigger);
  if (run.group_count == 0) return std::nullopt;
  if (lead.plus) return probe_international(reader, run, lead.begin, 0);
  if (run.digits_through(run.group_count - 1) < kNationalDigitsMin || is_date(run) || is_dotted_quad(run) || continues_list(text, run)) {
    return std::nullopt;
  }
  const NumberContext context = number_context(text, lead.begin);
  if (context == NumberContext::kOther) return std::nullopt;
  if (const std::size_t idd = idd_digits(run, options); idd > 0) {
    if (auto match = probe_international(reader, run, lead.begin, idd)) return match;
  }
  std::optional<National> best;
  for (const phone::Region* region : options.regions) {
    const auto found = probe_national(reader, run, lead, *region, context);
    if (found && (!best || std::pair(found->shaped, found->last) > std::pair(best->shaped, best->last))) best = found;
  }
  if (!best) return std::nullopt;
  auto match = match_of(run, lead.begin, best->last, std::to_string(best->code), best->first);
  if (run.groups[0].count <= 3 && is_among_codes(reader, place, match.span)) return std::nullopt;
  return match;
}

std::size_t tail(std::string_view text, std::size_t end, std::size_t from) { return read_lead(text, end, from).begin; }

}  // namespace

const Recogniser kPhone{"phone", "PHONE", "phone-number-plan", Trigger::kDigit, probe, caseless<tail>};

}  // namespace steward::filters::pii
