#include <algorithm>
#include <array>

#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {
namespace {

struct Country {
  std::string_view code;  ///< folded
  std::uint8_t length;
};

/// Lengths of the IBAN registry (SWIFT, release 99).
constexpr Country kCountries[] = {
    {"ad", 24}, {"ae", 23}, {"al", 28}, {"at", 20}, {"az", 28}, {"ba", 20}, {"be", 16}, {"bg", 22}, {"bh", 22}, {"bi", 27},
    {"br", 29}, {"by", 28}, {"ch", 21}, {"cr", 22}, {"cy", 28}, {"cz", 24}, {"de", 22}, {"dj", 27}, {"dk", 18}, {"do", 28},
    {"ee", 20}, {"eg", 29}, {"es", 24}, {"fi", 18}, {"fk", 18}, {"fo", 18}, {"fr", 27}, {"gb", 22}, {"ge", 22}, {"gi", 23},
    {"gl", 18}, {"gr", 27}, {"gt", 28}, {"hn", 28}, {"hr", 21}, {"hu", 28}, {"ie", 22}, {"il", 23}, {"iq", 23}, {"is", 26},
    {"it", 27}, {"jo", 30}, {"kw", 30}, {"kz", 20}, {"lb", 28}, {"lc", 32}, {"li", 21}, {"lt", 20}, {"lu", 20}, {"lv", 21},
    {"ly", 25}, {"mc", 27}, {"md", 24}, {"me", 22}, {"mk", 19}, {"mn", 20}, {"mr", 27}, {"mt", 31}, {"mu", 30}, {"ni", 28},
    {"nl", 18}, {"no", 15}, {"om", 23}, {"pk", 24}, {"pl", 28}, {"ps", 29}, {"pt", 25}, {"qa", 29}, {"ro", 24}, {"rs", 22},
    {"ru", 33}, {"sa", 24}, {"sc", 31}, {"sd", 18}, {"se", 24}, {"si", 19}, {"sk", 24}, {"sm", 27}, {"so", 23}, {"st", 25},
    {"sv", 28}, {"tl", 23}, {"tn", 24}, {"tr", 26}, {"ua", 29}, {"va", 22}, {"vg", 24}, {"xk", 20}, {"ye", 30},
};

std::size_t length_of(std::string_view code) {
  const auto found = std::lower_bound(std::begin(kCountries), std::end(kCountries), code,
                                      [](const Country& country, std::string_view wanted) { return country.code < wanted; });
  return found != std::end(kCountries) && found->code == code ? found->length : 0;
}

/// ISO 7064 MOD 97-10 over the text with its first four characters moved to the end (ISO 13616-1).
bool has_valid_check(std::string_view iban) {
  unsigned rest = 0;
  for (std::size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    rest = is_ascii_digit(c) ? (rest * 10 + static_cast<unsigned>(c - '0')) % 97 : (rest * 100 + static_cast<unsigned>(c - 'a') + 10) % 97;
  }
  return rest == 1;
}

bool is_separator(char c) { return c == ' ' || c == '-' || c == '.'; }

/// Reads the groups of an IBAN of `length` characters from `at` on. Groups with letters have four characters unless they are
/// the first or the last, so that prose behind a word like "de12" is soon known to be none.
std::size_t read_groups(Reader& reader, std::size_t at, std::size_t length, std::string& out) {
  bool first = true;
  while (true) {
    std::size_t count = 0;
    bool letters = false;
    for (; is_ascii_alnum(reader.at(at)) && out.size() <= length; ++at, ++count) {
      letters = letters || is_ascii_letter(reader.at(at));
      out += reader.at(at);
      if (letters && !first && count >= 4) return 0;
    }
    if (out.size() > length || count == 0) return 0;
    if (out.size() == length) return at;
    if (letters && !first && count != 4) return 0;
    if (!is_separator(reader.at(at))) return 0;
    ++at;
    first = false;
  }
}

std::optional<Match> probe(Reader& reader, const Place& place, const Options&) {
  const std::string_view text = reader.text();
  if (place.trigger < place.from + 2) return std::nullopt;
  const std::size_t begin = place.trigger - 2;
  if (begin > 0 && (is_ascii_alnum(text[begin - 1]) || text[begin - 1] == '_')) return std::nullopt;
  const std::size_t length = length_of(text.substr(begin, 2));
  if (length == 0 || !is_ascii_digit(reader.at(begin + 2)) || !is_ascii_digit(reader.at(begin + 3))) return std::nullopt;
  std::string iban;
  const std::size_t end = read_groups(reader, begin, length, iban);
  if (end == 0 || reader.at(end) == '_' || !has_valid_check(iban)) return std::nullopt;
  return Match{{begin, end}, std::move(iban)};
}

std::size_t tail(std::string_view text, std::size_t end, std::size_t from) {
  std::size_t begin = end;
  while (begin > from && end - begin < 2 && is_ascii_letter(text[begin - 1])) --begin;
  return begin;
}

}  // namespace

const Recogniser kIban{"iban", "IBAN", "iban-mod97", Trigger::kDigit, probe, caseless<tail>};

}  // namespace steward::filters::pii
