#include "steward/filters/quotation.h"

#include <algorithm>

#include "steward/text/words.h"

namespace steward::filters {
namespace {

/// A quotation mark that opens at `at`, where a JSON string or an array of them begins: that is no quotation.
bool opens_json_string(std::string_view text, std::size_t at) {
  while (at > 0 && text[at - 1] == ' ') --at;
  if (at == 0) return false;
  return text[at - 1] == '{' || text[at - 1] == '[' || (text[at - 1] == ':' && at > 1 && text[at - 2] == '"');
}

/// A straight mark behind a word or its punctuation, with no word right behind: the end of a quotation.
bool closes_straight(std::string_view text, std::size_t at) {
  if (at == 0 || at + 1 >= text.size()) return false;
  std::size_t before = at, behind = at + 1;
  const char32_t left = text::previous_char(text, before), right = text::next_char(text, behind);
  return (text::is_word_char(left) || left == '.' || left == ',' || left == '!' || left == '?') && !text::is_word_char(right);
}

}  // namespace

bool is_quoted(std::string_view text, std::size_t at) {
  const std::size_t stop = at > kQuotationBytesMax ? at - kQuotationBytesMax : 0;
  int straight = 0;
  bool any_straight = false;
  bool is_high = false;  // “ opens in English and closes „ in German
  for (std::size_t scan = at; scan > stop;) {
    std::size_t previous = scan;
    const char32_t c = text::previous_char(text, previous);
    if (c == '.' || c == '!' || c == '?' || c == '\n') break;
    if (c == '"' || c == '`') {
      if (!any_straight && c == '"' && opens_json_string(text, previous)) return false;
      if (!any_straight && closes_straight(text, previous)) return false;
      any_straight = true;
      ++straight;
    } else if (c == 0x201D || c == 0xBB) {
      return false;
    } else if (c == 0x201E) {
      return !is_high;
    } else if (c == 0x201C) {
      is_high = true;
    } else if (c == 0xAB || c == 0x2018) {
      return true;
    } else if (c == '\'' && (previous == 0 || text[previous - 1] == ' ' || text[previous - 1] == ':' || text[previous - 1] == '(')) {
      return true;
    }
    scan = previous;
  }
  return is_high || straight % 2 == 1;
}

bool closes_quotation(std::string_view text, std::size_t at) {
  const std::size_t stop = std::min(text.size(), at + kQuotationBytesMax);
  while (at < stop) {
    const char32_t c = text::next_char(text, at);
    if (c == '\n') return false;
    if (c == '"' || c == '`' || c == 0x201D || c == 0x201C || c == 0xBB) return true;
    const bool in_word = at < text.size() && text::is_word_char(static_cast<unsigned char>(text[at]));  // don't
    if ((c == '\'' || c == 0x2019) && !in_word) return true;
  }
  return false;
}

}  // namespace steward::filters
