#include "steward/text/normalizer.h"

#include <algorithm>
#include <array>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "steward/core/check.h"
#include "steward/text/words.h"

namespace steward::text {
namespace {

/// Leet is judged over runs of at most so many code points.
constexpr int kRunCharsMax = 32;

const icu::Normalizer2& nfd() {
  static const icu::Normalizer2* instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* found = icu::Normalizer2::getNFDInstance(status);
    STEWARD_CHECK(U_SUCCESS(status));
    return found;
  }();
  return *instance;
}

struct Confusable {
  char32_t code_point;
  const char* prototype;
};
#include "steward/text/unicode_tables.inc"

/// Where the entries of each 256 code points begin.
constexpr auto kConfusablePages = [] {
  std::array<std::uint16_t, (0x110000 >> 8) + 1> pages{};
  std::size_t page = 0;
  for (std::size_t i = 0; i < std::size(kConfusables); ++i)
    while (page <= kConfusables[i].code_point >> 8) pages[page++] = static_cast<std::uint16_t>(i);
  while (page < pages.size()) pages[page++] = static_cast<std::uint16_t>(std::size(kConfusables));
  return pages;
}();

}  // namespace

const char* confusable(char32_t c) {
  const auto end = std::begin(kConfusables) + kConfusablePages[(c >> 8) + 1];
  const auto found = std::lower_bound(std::begin(kConfusables) + kConfusablePages[c >> 8], end, c,
                                      [](const Confusable& entry, char32_t value) { return entry.code_point < value; });
  return found != end && found->code_point == c ? found->prototype : nullptr;
}

bool is_mark(char32_t c) {
  if (c < 0x300) return false;
  const auto type = u_charType(static_cast<UChar32>(c));
  return type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK;
}

bool is_alphabetic_script(char32_t c) { return c < 0x250 || (c >= 0x370 && c < 0x530) || (c >= 0x1E00 && c < 0x2000); }

char leet(char32_t c) {
  switch (c) {
    case '0':
      return 'o';
    case '1':
      return 'i';
    case '3':
      return 'e';
    case '4':
      return 'a';
    case '5':
      return 's';
    case '7':
      return 't';
    case '@':
      return 'a';
    case '$':
      return 's';
    case '!':
      return 'i';
    case '|':
      return 'i';
    case '+':
      return 't';
    default:
      return 0;
  }
}

bool stands_inside_only(char32_t c) { return c == '!' || c == '|' || c == '+'; }

/// The base letter without any accent, for letters under stacked marks.
std::string strip_accents(char32_t c) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString decomposed = nfd().normalize(icu::UnicodeString(static_cast<UChar32>(c)), status);
  std::string out;
  icu::UnicodeString(decomposed.char32At(0)).toUTF8String(out);
  return out;
}

namespace {

/// ASCII that stands for nothing else.
const auto kPlain = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = 0; c < 128; ++c) table[c] = leet(c) == 0;
  return table;
}();

bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

}  // namespace

/// End of what needs no look at its run: ASCII without leet, up to the begin of the run that holds something else or may go on.
std::size_t SkeletonMaker::plain_end(std::string_view folded, bool last) const {
  std::size_t at = consumed_;
  while (at < folded.size() && is_plain(folded[at])) ++at;
  if (at == folded.size() && last) return at;
  while (at > consumed_ && is_word_char(static_cast<unsigned char>(folded[at - 1]))) --at;
  return at;
}

std::size_t SkeletonMaker::run_end(std::string_view folded, bool last) const {
  std::size_t at = consumed_;
  for (int chars = 0; at < folded.size(); ++chars) {
    std::size_t next = at;
    const char32_t c = next_char(folded, next);
    const bool in_run = is_word_char(c) || leet(c) != 0 || is_mark(c);
    if (!in_run) return chars == 0 ? next : at;
    if (chars == kRunCharsMax) return at;
    at = next;
  }
  return last ? at : consumed_;
}

void SkeletonMaker::map_run(const MappedText& folded, std::size_t begin, std::size_t end) {
  const std::string_view text = folded.text();
  int letters = 0;
  std::size_t word_end = begin;  // marks like ! behind it stand outside: "stop!!!"
  for (std::size_t at = begin; at < end;) {
    const char32_t c = next_char(text, at);
    letters += u_isalpha(static_cast<UChar32>(c)) ? 1 : 0;
    if (!stands_inside_only(c)) word_end = at;
  }
  for (std::size_t at = begin; at < end;) {
    const std::size_t from = at;
    const char32_t c = next_char(text, at);
    std::size_t marks = at;
    while (marks < end) {
      std::size_t next = marks;
      if (!is_mark(next_char(text, next))) break;
      marks = next;
    }
    const Span source = folded.source_of(from, at - from);
    if (marks > at && is_alphabetic_script(c)) {  // stacked marks: the bare letter
      const Span all = folded.source_of(from, marks - from);
      out_.put(strip_accents(c), all.begin, all.end);
      at = marks;
      continue;
    }
    // "1" may stand for i or for l: the skeleton knows no difference between the two.
    const char letter = c == 'l' ? 'i' : letters >= 2 ? leet(c) : 0;
    if (letter != 0 && !(stands_inside_only(c) && at > word_end)) {
      out_.put(std::string_view(&letter, 1), source.begin, source.end);
    } else if (const char* prototype = c < 0x80 ? nullptr : confusable(c)) {
      const std::string_view bytes(prototype);
      out_.put(bytes == "rn" ? std::string_view("m") : bytes == "l" ? std::string_view("i") : bytes, source.begin, source.end);
    } else {
      out_.put_like(text.substr(from, at - from), folded, from);
    }
  }
}

void SkeletonMaker::advance(const MappedText& folded, bool last) {
  while (consumed_ < folded.text().size()) {
    if (const std::size_t end = plain_end(folded.text(), last); end > consumed_) {
      plain_.assign(folded.text(), consumed_, end - consumed_);
      for (char& c : plain_) c = c == 'l' ? 'i' : c;
      out_.put_like(plain_, folded, consumed_);
      consumed_ = end;
      continue;
    }
    const std::size_t end = run_end(folded.text(), last);
    if (end == consumed_) break;
    map_run(folded, consumed_, end);
    consumed_ = end;
  }
}

}  // namespace steward::text
