#include <algorithm>

#include <fmt/format.h>

#include "steward/filters/pii/birth_context.h"
#include "steward/filters/pii/recogniser.h"
#include "steward/filters/pii/word_set.h"

namespace steward::filters::pii {
namespace {

constexpr int kYearMin = 1900;
constexpr int kYearMax = 2039;  // a bound, no clock: nobody gives the date of a birth that is years away
constexpr std::size_t kMonthBytesMax = 12;

int month_of(std::string_view word) {
  static const WordMap kMonths({
      {"january jan januar jänner enero ene janvier janv gennaio gen janeiro januari stycznia ledna января", 1},
      {"february feb februar febrero février févr fév febbraio fevereiro fev februari lutego února февраля", 2},
      {"march mar märz mär marzo mars março maart mrt marca března марта", 3},
      {"april apr abril abr avril avr aprile kwietnia dubna апреля", 4},
      {"may mai mayo maggio mag maio mei maj maja května мая", 5},
      {"june jun juni junio juin giugno giu junho czerwca června июня", 6},
      {"july jul juli julio juillet juil luglio lug julho lipca července июля", 7},
      {"august aug agosto ago août augustus augusti sierpnia srpna августа", 8},
      {"september sep sept septiembre septembre settembre set setembro września září сентября", 9},
      {"october oct oktober okt octubre octobre ottobre ott outubro out października října октября", 10},
      {"november nov noviembre novembre novembro listopada listopadu ноября", 11},
      {"december dec dezember dez diciembre dic décembre déc dicembre dezembro grudnia prosince декабря", 12},
  });
  return kMonths.find(word);
}

bool is_date(int year, int month, int day) {
  static constexpr int kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < kYearMin || year > kYearMax || month < 1 || month > 12 || day < 1 || day > kDays[month - 1]) return false;
  return month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

struct Number {
  int value = 0;
  std::size_t digits = 0;
  std::size_t end = 0;
};

Number read_number(Reader& reader, std::size_t at) {
  Number number;
  for (; number.digits < 5 && is_ascii_digit(reader.at(at)); ++at, ++number.digits)
    number.value = number.value * 10 + (reader.at(at) - '0');
  number.end = at;
  return number;
}

struct Date {
  std::size_t end = 0;
  std::string canonical;
};

std::optional<Date> make_date(std::size_t end, int year, int month, int day) {
  if (!is_date(year, month, day)) return std::nullopt;
  return Date{end, fmt::format("{:04}-{:02}-{:02}", year, month, day)};
}

std::size_t skip_spaces(Reader& reader, std::size_t at, std::size_t most) {
  for (; most > 0 && reader.at(at) == ' '; --most) ++at;
  return at;
}

/// "1990-05-03", "3.5.1990", "05/03/1990", "3. 5. 1990".
std::optional<Date> read_numeric(Reader& reader, const Number& first) {
  const char separator = reader.at(first.end);
  if (separator != '-' && separator != '/' && separator != '.') return std::nullopt;
  const Number second = read_number(reader, skip_spaces(reader, first.end + 1, 1));
  if (second.digits == 0 || second.digits > 2 || reader.at(second.end) != separator) return std::nullopt;
  const Number third = read_number(reader, skip_spaces(reader, second.end + 1, 1));
  if (first.digits == 4)
    return third.digits == 0 || third.digits > 2 ? std::nullopt : make_date(third.end, first.value, second.value, third.value);
  if (first.digits > 2 || (third.digits != 4 && third.digits != 2)) return std::nullopt;
  const int year = third.digits == 4 ? third.value : third.value + (third.value > 30 ? 1900 : 2000);
  const bool day_first = is_date(year, second.value, first.value);
  const bool month_first = separator != '.' && is_date(year, first.value, second.value);
  if (day_first && month_first && first.value != second.value)  // nobody knows which
    return Date{third.end, fmt::format("{}/{}/{}", first.value, second.value, year)};
  return day_first     ? make_date(third.end, year, second.value, first.value)
         : month_first ? make_date(third.end, year, first.value, second.value)
                       : std::nullopt;
}

/// Behind "st", "th", "er", "." and the like after a day.
std::size_t skip_ordinal(Reader& reader, std::size_t at) {
  if (reader.at(at) == '.') return at + 1;
  static const WordSet kEndings("st nd rd th er e o a º ª");
  const std::size_t end = word_end(reader, at);
  return end > at && kEndings.has(reader.text().substr(at, end - at)) ? end : at;
}

/// Behind "de", "of", a comma, and the spaces around them.
std::size_t skip_joint(Reader& reader, std::size_t at) {
  if (reader.at(at) == '.' || reader.at(at) == ',') ++at;
  if (reader.at(at) == '-' || reader.at(at) == '/') return at + 1;
  at = skip_spaces(reader, at, 2);
  static const WordSet kJoints("de del of di do the");
  for (int i = 0; i < 2; ++i) {
    const std::size_t end = word_end(reader, at);
    if (end == at || reader.at(end) != ' ' || !kJoints.has(reader.text().substr(at, end - at))) break;
    at = end + 1;
  }
  return at;
}

/// "3 May 1990", "3. Mai 1990", "3 de mayo de 1990", "3rd of May, 1990".
std::optional<Date> read_day_first(Reader& reader, const Number& day) {
  if (day.digits > 2) return std::nullopt;
  const std::size_t begin = skip_joint(reader, skip_ordinal(reader, day.end));
  const std::size_t end = word_end(reader, begin);
  if (end == begin || end - begin > 2 * kMonthBytesMax) return std::nullopt;
  const int month = month_of(reader.text().substr(begin, end - begin));
  if (month == 0) return std::nullopt;
  const Number year = read_number(reader, skip_joint(reader, end));
  return year.digits == 4 ? make_date(year.end, year.value, month, day.value) : std::nullopt;
}

/// "May 3, 1990": the month ends before the day.
std::optional<Date> read_month_first(Reader& reader, int month, const Number& day) {
  if (day.digits > 2) return std::nullopt;
  const Number year = read_number(reader, skip_joint(reader, skip_ordinal(reader, day.end)));
  return year.digits == 4 ? make_date(year.end, year.value, month, day.value) : std::nullopt;
}

std::size_t skip_literal(Reader& reader, std::size_t at, std::string_view literal) {
  for (const char c : literal)
    if (reader.at(at++) != c) return 0;
  return at;
}

/// "1990年5月3日", "1990년 5월 3일".
std::optional<Date> read_east_asian(Reader& reader, const Number& year) {
  if (year.digits != 4) return std::nullopt;
  static constexpr std::string_view kSigns[2][3] = {{"年", "月", "日"}, {"년", "월", "일"}};
  for (const auto& [year_sign, month_sign, day_sign] : kSigns) {
    std::size_t at = skip_literal(reader, year.end, year_sign);
    if (at == 0) continue;
    const Number month = read_number(reader, skip_spaces(reader, at, 1));
    if ((at = skip_literal(reader, month.end, month_sign)) == 0) return std::nullopt;
    const Number day = read_number(reader, skip_spaces(reader, at, 1));
    if ((at = skip_literal(reader, day.end, day_sign)) == 0) return std::nullopt;
    return make_date(at, year.value, month.value, day.value);
  }
  return std::nullopt;
}

/// Begin of the word for a month that ends, but for a stop and spaces, before `at`; `at` if there is none.
std::size_t month_begin(std::string_view text, std::size_t at, int& month) {
  std::size_t end = skip_spaces_back(text, at, 2);
  if (end > 0 && (text[end - 1] == '.' || text[end - 1] == ',')) --end;
  if (end == at) return at;
  const std::string_view word = word_before(text, end);
  month = month_of(word);
  return month == 0 ? at : end - word.size();
}

std::optional<Match> probe(Reader& reader, const Place& place, const Options&) {
  const std::string_view text = reader.text();
  const std::size_t begin = place.trigger;
  if (begin > 0 && (is_ascii_alnum(text[begin - 1]) || text[begin - 1] == '_')) return std::nullopt;
  if (begin > 1 && (text[begin - 1] == '-' || text[begin - 1] == '/' || text[begin - 1] == '.') && is_ascii_alnum(text[begin - 2]) &&
      is_ascii_digit(text[begin - 2]))
    return std::nullopt;
  const Number first = read_number(reader, begin);
  if (first.digits == 0 || first.digits > 4 || first.digits == 3) return std::nullopt;
  int month = 0;
  std::size_t from = month_begin(text, begin, month);
  std::optional<Date> date;
  if (month > 0 && from >= place.from) date = read_month_first(reader, month, first);
  if (!date) from = begin;
  if (!date) date = read_numeric(reader, first);
  if (!date) date = read_day_first(reader, first);
  if (!date) date = read_east_asian(reader, first);
  if (!date || is_ascii_alnum(reader.at(date->end))) return std::nullopt;
  if (!is_birth_date(reader, from, date->end)) return std::nullopt;
  return Match{{from, date->end}, std::move(date->canonical)};
}

std::size_t tail(std::string_view text, std::size_t end, std::size_t from) {
  int month = 0;
  std::size_t begin = month_begin(text, end, month);
  if (month == 0) {  // the word under way may become a month
    const std::string_view word = word_before(text, end);
    begin = word.size() > 2 * kMonthBytesMax ? end : end - word.size();
  }
  return std::max(begin, std::min(from, end));
}

}  // namespace

const Recogniser kDateOfBirth{"date_of_birth", "DOB", "birth-date-in-context", Trigger::kDigit, probe, caseless<tail>};

}  // namespace steward::filters::pii
