#include "steward/filters/pii/digits.h"

#include <algorithm>

namespace steward::filters::pii {
namespace {

constexpr std::string_view kIndicLeads = "\xA5\xA7\xA9\xAB\xAD\xAF\xB1\xB3\xB5";  // Devanagari to Malayalam

unsigned char byte(std::string_view text, std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; }

/// Length of the separator character at `i`, its class in `kind`; 0 if it is none.
std::size_t separator_at(Reader& reader, std::size_t i, char& kind) {
  const char c = reader.at(i);
  switch (c) {
    case ' ':
    case '-':
    case '.':
    case '/':
    case '(':
    case ')':
      kind = c == ')' ? '(' : c;
      return 1;
    case '\xE2': {  // U+2010 to U+2015 and U+2212 are dashes
      const auto second = static_cast<unsigned char>(reader.at(i + 1));
      const auto third = static_cast<unsigned char>(reader.at(i + 2));
      kind = '-';
      return (second == 0x80 && third >= 0x90 && third <= 0x95) || (second == 0x88 && third == 0x92) ? 3 : 0;
    }
    case '\xE3':  // U+30FC stands for a dash in Japanese numbers
      kind = '-';
      return reader.at(i + 1) == '\x83' && reader.at(i + 2) == '\xBC' ? 3 : 0;
    default:
      return 0;
  }
}

bool read_group(Reader& reader, DigitRun& run, std::size_t begin) {
  if (run.group_count == run.groups.size()) return false;
  Group group;
  group.begin = group.end = begin;
  group.first = static_cast<std::uint8_t>(run.digit_count);
  while (reader.has(group.end)) {
    int value = 0;
    const std::size_t length = digit_at(reader.text(), group.end, value);
    if (length == 0) break;
    if (run.digit_count == run.digits.size() || group.end - run.groups[0].begin >= kRunBytesMax * 2) return false;
    run.digits[run.digit_count++] = static_cast<char>('0' + value);
    group.end += length;
    ++group.count;
  }
  run.groups[run.group_count++] = group;
  return true;
}

}  // namespace

std::size_t digit_at(std::string_view text, std::size_t i, int& value) {
  const unsigned char first = byte(text, i);
  if (first >= '0' && first <= '9') {
    value = first - '0';
    return 1;
  }
  if (first < 0xD9) return 0;
  const unsigned char second = byte(text, i + 1);
  const unsigned char third = byte(text, i + 2);
  int base = 0;
  if (first == 0xD9 && second >= 0xA0 && second <= 0xA9)
    value = second - 0xA0;
  else if (first == 0xDB && second >= 0xB0 && second <= 0xB9)
    value = second - 0xB0;
  else if (first == 0xE0) {
    if (kIndicLeads.find(static_cast<char>(second)) != std::string_view::npos)
      base = 0xA6;
    else if (second == 0xB9 || second == 0xBB)
      base = 0x90;  // Thai, Lao
    else if (second == 0xBC)
      base = 0xA0;  // Tibetan
    if (base == 0 || third < base || third > base + 9) return 0;
    value = third - base;
    return 3;
  } else {
    return 0;
  }
  return 2;
}

bool is_digit_before(std::string_view text, std::size_t i) {
  int value = 0;
  return (i >= 1 && digit_at(text, i - 1, value) == 1) || (i >= 2 && digit_at(text, i - 2, value) == 2) ||
         (i >= 3 && digit_at(text, i - 3, value) == 3);
}

DigitRun read_digits(Reader& reader, std::size_t begin) {
  DigitRun run;
  run.groups[0].begin = begin;
  if (!read_group(reader, run, begin)) {
    run.overlong = true;
    return run;
  }
  while (true) {
    std::size_t at = run.groups[run.group_count - 1].end;
    char separator = ' ';
    std::uint8_t chars = 0;
    char kind = ' ';
    while (chars < 3) {
      const std::size_t length = separator_at(reader, at, kind);
      if (length == 0) break;
      if (separator == ' ') separator = kind;
      at += length;
      ++chars;
    }
    int value = 0;
    if (chars == 0 || !reader.has(at) || digit_at(reader.text(), at, value) == 0) return run;
    if (at - begin >= kRunBytesMax || !read_group(reader, run, at)) {
      run.overlong = true;
      return run;
    }
    run.groups[run.group_count - 1].separator = separator;
    run.groups[run.group_count - 1].separator_chars = chars;
  }
}

bool ends_clean(Reader& reader, std::size_t end) {
  const char c = reader.at(end);
  if (c == '_' || c == '@' || c == '%' || is_ascii_digit(c)) return false;
  if (is_ascii_letter(c)) return c == 'x' && is_ascii_digit(reader.at(end + 1));  // an extension
  if (c == '-') return !is_ascii_alnum(reader.at(end + 1));
  if (c == ':') return !is_ascii_digit(reader.at(end + 1));
  if (c == ',' && is_ascii_digit(reader.at(end + 1))) {  // "1 234 567,89" is an amount, "0301234567,0301234568" a list
    return is_ascii_digit(reader.at(end + 2)) && is_ascii_digit(reader.at(end + 3)) && is_ascii_digit(reader.at(end + 4));
  }
  return true;
}

bool starts_clean(std::string_view text, std::size_t begin) {
  if (begin == 0) return true;
  const char before = text[begin - 1];
  if (is_ascii_alnum(before) || before == '_' || before == '@') return false;
  const char earlier = begin >= 2 ? text[begin - 2] : ' ';
  if (before == '.' || before == ',' || before == ':' || before == '+') return !is_ascii_digit(earlier);
  if (before == '-' || before == '/') return !is_ascii_alnum(earlier);
  return true;
}

bool luhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it, twice = !twice) {
    const int digit = *it - '0';
    sum += twice ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit;
  }
  return sum % 10 == 0;
}

bool is_ean13(std::string_view digits) {
  if (digits.size() != 13) return false;
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) sum += (digits[i] - '0') * (i % 2 == 0 ? 1 : 3);
  return sum % 10 == 0;
}

}  // namespace steward::filters::pii
