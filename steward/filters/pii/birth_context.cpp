#include "steward/filters/pii/birth_context.h"

#include <algorithm>

#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

constexpr std::size_t kBeforeBytes = 48;
constexpr std::size_t kBehindBytes = 40;

enum Day : std::uint8_t { kUnsaid, kBirth, kOther };

Day day_of(std::string_view word) {
  static const WordMap kWords({
      {"born birth birthdate birthday bday dob birthdays "
       "geboren geb geburtsdatum geburtstag geborene geborener "
       "né née nés naissance anniversaire "
       "nacido nacida nací nació nacimiento naci cumpleaños natalicio "
       "nato nata nascita nacque compleanno "
       "nascido nascida nasci nasceu nascimento aniversário "
       "geboortedatum verjaardag geboorte geboortedag "
       "född födelsedatum født fødselsdato fødselsdag syntynyt syntymäaika "
       "urodzony urodzona urodzenia urodziny ur narozen narozena narození "
       "родился родилась рождения doğum",
       kBirth},
      {"died dies death deceased admitted admission discharged discharge visit visited appointment issued issue expires expiry expiration "
       "joined hired signed updated version released release published married wedding divorced since until deadline due meeting invoice "
       "started founded established created scheduled booked due "
       "gestorben verstorben verheiratet ausgestellt gültig seit aufgenommen heirat termin "
       "décédé décédée mort mariage marié mariée depuis muerto muerta murió falleció boda casado casada morto morta overleden",
       kOther},
  });
  return static_cast<Day>(kWords.find(word));
}

bool has_east_asian_birth(std::string_view text) {
  for (const std::string_view word : {"生年月日", "出生", "生日", "誕生日", "生まれ", "생년월일", "생일"})
    if (text.find(word) != std::string_view::npos) return true;
  return false;
}

std::size_t line_begin(std::string_view text, std::size_t at) {
  const std::size_t limit = at > kBeforeBytes ? at - kBeforeBytes : 0;
  while (at > limit && (text[at - 1] == ' ' || text[at - 1] == '\n' || text[at - 1] == '\r'))
    --at;  // the label may stand on a line of its own
  while (at > limit && text[at - 1] != '\n') --at;
  return at;
}

Day before(std::string_view text, std::size_t begin) {
  const std::size_t limit = line_begin(text, begin);
  if (has_east_asian_birth(text.substr(limit, begin - limit))) return kBirth;
  std::size_t at = begin;
  while (at > limit) {
    const std::string_view word = word_before(text, at);
    if (word.empty()) {
      --at;
      if (text[at] == '?' || text[at] == '!' || text[at] == ';') break;
      continue;
    }
    if (word.size() > at - limit) break;
    if (const Day day = day_of(word); day != kUnsaid) return day;
    at -= word.size();
    if (word == "b" && at >= 4 && text.substr(at - 4, 4) == "d.o.") return kBirth;
  }
  return kUnsaid;
}

Day behind(Reader& reader, std::size_t end) {
  std::size_t at = end;
  while (at < end + kBehindBytes && reader.has(at)) {
    const char c = reader.at(at);
    if (c == '\n' || c == '.' || c == ';' || c == '!' || c == '?' || is_ascii_digit(c)) break;
    const std::size_t next = word_end(reader, at);
    if (next == at) {
      ++at;
      continue;
    }
    if (const Day day = day_of(reader.text().substr(at, next - at)); day != kUnsaid) return day;
    at = next;
  }
  return has_east_asian_birth(reader.text().substr(end, at - end)) ? kBirth : kUnsaid;
}

}  // namespace

bool is_birth_date(Reader& reader, std::size_t begin, std::size_t end) {
  const Day said = before(reader.text(), begin);
  return said == kUnsaid ? behind(reader, end) == kBirth : said == kBirth;
}

}  // namespace steward::filters::pii
