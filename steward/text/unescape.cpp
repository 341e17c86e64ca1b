#include "steward/text/unescape.h"
#include "steward/core/utf8.h"

#include <array>
#include <string>
#include <vector>

#include "steward/core/hash.h"
#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::text {
namespace {

/// Letters spaced apart are read no further than this, so that a stream is not held longer.
constexpr std::size_t kSpacedBytesMax = 1024;
constexpr std::size_t kPayloadBytesMax = 4096;
constexpr std::size_t kWordGapBytesMax = 4;
/// Fewer letters than this may stand alone: "I a m" is nothing.
constexpr int kSpacedLettersMin = 4;

/// What was read at one place: `length` bytes of the original became `bytes`. `waits`: more text is needed to tell.
struct Escape {
  std::string bytes;
  std::size_t length = 0;
  bool waits = false;
};

const Escape kWaits{"", 0, true};

bool is_scalar(std::uint32_t c) { return c != 0 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF); }

/// Digits of `base` from `at` on; `length` 0 if there are none.
struct Number {
  std::uint32_t value = 0;
  std::size_t length = 0;
};

Number read_number(std::string_view text, std::size_t at, int base, std::size_t digits_max) {
  Number out;
  while (out.length < digits_max && at + out.length < text.size()) {
    const int digit = hex_digit(text[at + out.length]);
    if (digit < 0 || digit >= base) break;
    out.value = out.value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
    ++out.length;
  }
  return out;
}

/// HTML 5, 13.2.5.72 on: numeric references and the few names that matter here.
Escape read_entity(std::string_view text, bool finished) {
  const auto starved = [&](std::size_t at) { return at >= text.size() && !finished; };
  if (starved(1)) return kWaits;
  if (text.size() > 1 && text[1] == '#') {
    const bool is_hex = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
    const std::size_t digits = is_hex ? 3 : 2;
    if (starved(2) || starved(digits)) return kWaits;
    const Number number = read_number(text, digits, is_hex ? 16 : 10, is_hex ? 6 : 7);
    if (starved(digits + number.length)) return kWaits;
    if (number.length == 0 || !is_scalar(number.value)) return {};
    Escape out;
    append_utf8(number.value, out.bytes);
    out.length = digits + number.length;
    if (out.length < text.size() && text[out.length] == ';') ++out.length;
    return out;
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNames{
      {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&nbsp;", " "}}};
  for (const auto& [name, meaning] : kNames) {
    if (text.starts_with(name)) return {std::string(meaning), name.size()};
    if (!finished && name.starts_with(text)) return kWaits;
  }
  return {};
}

/// %68, as bytes of one UTF-8 character (RFC 3986, 2.1).
Escape read_percent(std::string_view text, bool finished) {
  std::string bytes;
  std::size_t need = 1;
  for (std::size_t i = 0; i < need; ++i) {
    const std::string_view rest = text.substr(std::min(3 * i, text.size()));
    const bool fits =
        rest.empty() || (rest[0] == '%' && (rest.size() < 2 || hex_digit(rest[1]) >= 0) && (rest.size() < 3 || hex_digit(rest[2]) >= 0));
    if (!fits) return {};
    if (rest.size() < 3) return finished ? Escape{} : kWaits;
    const auto byte = static_cast<unsigned char>(hex_digit(rest[1]) * 16 + hex_digit(rest[2]));
    if (i == 0) need = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    bytes += static_cast<char>(byte);
  }
  if (bytes[0] == 0 || find_invalid_utf8(bytes)) return {};
  return {std::move(bytes), 3 * need};
}

/// \u0068, \u{68}, \U00000068, \x68; a surrogate pair is one character.
Escape read_backslash(std::string_view text, bool finished) {
  if (text.size() < 2) return finished ? Escape{} : kWaits;
  const char kind = text[1];
  if (kind != 'u' && kind != 'U' && kind != 'x') return {};
  const bool braces = text.size() > 2 && text[2] == '{';
  const std::size_t digits_max = braces ? 6 : kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
  const std::size_t begin = braces ? 3 : 2;
  const Number number = read_number(text, begin, 16, digits_max);
  const std::size_t end = begin + number.length;
  if (end >= text.size() && !finished && number.length < digits_max) return kWaits;
  if (braces ? end >= text.size() || text[end] != '}' || number.length == 0 : number.length != digits_max) {
    return braces && end >= text.size() && !finished ? kWaits : Escape{};
  }
  Escape out;
  out.length = end + (braces ? 1 : 0);
  std::uint32_t value = number.value;
  if (kind == 'u' && value >= 0xD800 && value <= 0xDBFF) {
    const std::string_view rest = text.substr(out.length);
    if (rest.size() < 6 && !finished) return kWaits;
    const Number low = rest.starts_with("\\u") ? read_number(rest, 2, 16, 4) : Number{};
    if (low.length != 4 || low.value < 0xDC00 || low.value > 0xDFFF) return {};
    value = 0x10000 + ((value - 0xD800) << 10) + (low.value - 0xDC00);
    out.length += 6;
  }
  if (!is_scalar(value)) return {};
  append_utf8(value, out.bytes);
  return out;
}

int selector_byte(char32_t c) {
  if (c >= 0xFE00 && c <= 0xFE0F) return static_cast<int>(c - 0xFE00);
  if (c >= 0xE0100 && c <= 0xE01EF) return static_cast<int>(c - 0xE0100) + 16;
  return -1;
}

/// Variation selectors in a row stand for bytes. One alone is a font's business.
Escape read_selectors(std::string_view text, bool finished) {
  std::string bytes;
  std::size_t at = 0;
  while (at < text.size() && at < kPayloadBytesMax) {
    std::size_t next = at;
    const int byte = selector_byte(next_char(text, next));
    if (byte < 0) break;
    bytes += static_cast<char>(byte);
    at = next;
  }
  if (at == text.size() && !finished && at < kPayloadBytesMax) return kWaits;
  if (bytes.size() < 2 || find_invalid_utf8(bytes) || bytes.find('\0') != std::string::npos) return {};
  return {std::move(bytes), at};
}

bool is_stacked_mark(char32_t c) {
  return (c >= 0x0300 && c <= 0x036F) || (c >= 0x1AB0 && c <= 0x1AFF) || (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) ||
         (c >= 0xFE20 && c <= 0xFE2F);
}

constexpr bool is_ascii_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_separator(char32_t c) {
  return c == ' ' || c == '.' || c == '-' || c == '_' || c == '*' || c == '/' || c == '|' || c == '~' || c == '+' || c == ',' ||
         c == 0xB7 || c == 0x2022;
}

bool is_letter_or_digit(char32_t c) { return is_word_char(c) && c != '\'' && c != '_' && c != 0x2019 && !is_unspaced_char(c); }

/// What of letters spaced apart is known: each with its place, and where they end.
struct Spaced {
  std::vector<std::pair<std::string, Span>> parts;
  int letters = 0;
  std::size_t end = 0;
  bool waits = false;
};

/// Single characters with the same separator between them; with spaces, two to four of them stand for one: "p i p e  b o m b".
Spaced read_spaced(std::string_view text, bool finished) {
  Spaced out;
  char32_t separator = 0;
  std::size_t at = 0;
  while (true) {
    std::size_t end = at;
    if (at >= text.size()) break;
    const char32_t c = next_char(text, end);
    const bool is_part = separator == ' ' ? !is_whitespace(c) && !is_unspaced_char(c) : is_letter_or_digit(c);
    if (!is_part) return out;
    if (end >= text.size()) {  // is it a word's first letter?
      if (!finished) break;
    } else {
      std::size_t behind = end;
      const char32_t next = next_char(text, behind);
      const bool goes_on = separator == 0 ? is_separator(next) : next == separator;
      const bool ends_here = !goes_on && separator != 0 && !is_letter_or_digit(next);
      if (!goes_on && !ends_here) return out;
      if (separator == 0) separator = next;
    }
    out.parts.push_back({std::string(text.substr(at, end - at)), {at, end}});
    out.letters += is_letter_or_digit(c) && !(c >= '0' && c <= '9') ? 1 : 0;  // 1,2,3,4 is a list
    out.end = end;
    if (end >= text.size()) return out;
    std::size_t next = end;
    if (next_char(text, next) != separator) return out;
    if (separator == ' ' && next < text.size() && text[next] == ' ') {
      while (next < text.size() && text[next] == ' ' && next - end < kWordGapBytesMax) ++next;
      if (next == text.size() && !finished) break;
      out.parts.push_back({" ", {end, next}});
    }
    at = next;
    if (out.end > kSpacedBytesMax) return out;
  }
  out.waits = !finished && at <= kSpacedBytesMax;
  return out;
}

}  // namespace

struct Unescaper::Step {
  Escape escape;
  Spaced spaced;
  std::size_t plain = 0;  ///< bytes that stand for themselves
};

Unescaper::Step Unescaper::read(std::string_view raw, bool finished) const {
  Step step;
  const std::string_view rest = raw.substr(at_);
  std::size_t length = 0;
  const char32_t c = next_char(rest, length);
  step.plain = length;
  if (c == '&') step.escape = read_entity(rest, finished);
  if (c == '%') step.escape = read_percent(rest, finished);
  if (c == '\\') step.escape = read_backslash(rest, finished);
  if (selector_byte(c) >= 0) step.escape = read_selectors(rest, finished);
  if (c >= 0xE0020 && c <= 0xE007E) step.escape = {std::string(1, static_cast<char>(c - 0xE0000)), length};
  if (is_stacked_mark(c)) step.escape = {"", length};
  if (!is_letter_or_digit(c)) return step;
  std::size_t before = at_;
  if (at_ > 0 && (is_letter_or_digit(previous_char(raw, before)))) return step;
  step.spaced = read_spaced(rest.substr(0, std::min(rest.size(), kSpacedBytesMax + 64)), finished || rest.size() > kSpacedBytesMax + 64);
  return step;
}

namespace {

enum class Kind : unsigned char { kOther, kAlnum, kEscape };

/// What a byte is to plain text; kEscape may begin something else.
constexpr auto kKinds = [] {
  std::array<Kind, 256> table{};
  for (int c = 0; c < 256; ++c)
    table[static_cast<std::size_t>(c)] = c >= 0x80 || c == '&' || c == '%' || c == '\\' ? Kind::kEscape : Kind::kOther;
  for (int c = 0; c < 128; ++c)
    if (is_ascii_alnum(static_cast<char>(c))) table[static_cast<std::size_t>(c)] = Kind::kAlnum;
  return table;
}();

/// True if the letter at `at` surely begins no letters spaced apart: no separator follows, or a word does.
bool stands_alone(std::string_view raw, std::size_t at) {
  if (at + 3 >= raw.size() || static_cast<unsigned char>(raw[at + 1]) >= 0x80) return false;
  return !is_separator(static_cast<unsigned char>(raw[at + 1])) || (is_ascii_alnum(raw[at + 2]) && is_ascii_alnum(raw[at + 3]));
}

}  // namespace

/// End of what is surely plain from at_ on: most of most texts.
std::size_t Unescaper::skip_plain(std::string_view raw) const {
  std::size_t at = at_;
  bool in_word = at > 0 && is_ascii_alnum(raw[at - 1]);
  for (; at < raw.size(); ++at) {
    const Kind kind = kKinds[static_cast<unsigned char>(raw[at])];
    if (kind == Kind::kAlnum) {
      if (!in_word && (at + 1 >= raw.size() || !is_ascii_alnum(raw[at + 1])) && !stands_alone(raw, at)) break;
      while (at + 1 < raw.size() && kKinds[static_cast<unsigned char>(raw[at + 1])] == Kind::kAlnum) ++at;
    } else if (kind == Kind::kEscape) {
      break;
    }
    in_word = kind == Kind::kAlnum;
  }
  return at;
}

void Unescaper::advance(std::string_view raw, bool finished) {
  while (at_ < raw.size()) {
    if (const std::size_t plain = skip_plain(raw); plain > at_) {
      out_.put_same(raw.substr(at_, plain - at_), at_);
      at_ = plain;
      continue;
    }
    Step step = read(raw, finished);
    if (step.escape.waits || step.spaced.waits) return;
    if (step.spaced.letters >= kSpacedLettersMin) {
      for (const auto& [bytes, span] : step.spaced.parts) out_.put(bytes, at_ + span.begin, at_ + span.end);
      at_ += step.spaced.end;
      changed_ = true;
    } else if (step.escape.length > 0) {
      out_.put(step.escape.bytes, at_, at_ + step.escape.length);
      at_ += step.escape.length;
      changed_ = true;
    } else {
      out_.put_same(raw.substr(at_, step.plain), at_);
      at_ += step.plain;
    }
  }
}

}  // namespace steward::text
