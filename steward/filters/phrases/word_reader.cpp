#include "steward/filters/phrases/word_reader.h"

#include "steward/text/words.h"

namespace steward::filters {
namespace {

constexpr std::string_view kTypographicApostrophe = "\xE2\x80\x99";

bool is_apostrophe(char c) { return c == '\'' || c == '_'; }

}  // namespace

std::optional<Word> next_word(std::string_view text, std::size_t at, bool finished, std::size_t& skipped) {
  while (at < text.size()) {
    std::size_t end = at;
    const char32_t first = text::next_char(text, end);
    if (!text::is_word_char(first)) {
      at = end;
      continue;
    }
    if (text::is_unspaced_char(first)) return Word{{at, end}, end};
    bool complete = false;
    while (end < text.size()) {
      std::size_t next = end;
      const char32_t c = text::next_char(text, next);
      complete = !text::is_word_char(c) || text::is_unspaced_char(c) || end - at >= kWordBytesMax;
      if (complete) break;
      end = next;
    }
    if (!complete && !finished) {
      skipped = at;
      return std::nullopt;
    }
    text::Span span{at, end};
    while (span.begin < span.end && is_apostrophe(text[span.begin])) ++span.begin;
    while (span.begin < span.end && is_apostrophe(text[span.end - 1])) --span.end;
    if (!span.empty()) return Word{span, end};
    at = end;
  }
  skipped = at;
  return std::nullopt;
}

std::string plain_word(std::string_view word) {
  std::string out(word);
  for (auto at = out.find(kTypographicApostrophe); at != std::string::npos; at = out.find(kTypographicApostrophe, at))
    out.replace(at, kTypographicApostrophe.size(), "'");
  return out;
}

bool has_typographic_apostrophe(std::string_view word) { return word.find(kTypographicApostrophe) != std::string_view::npos; }

}  // namespace steward::filters
