#include "steward/filters/pii/cased_text.h"

#include "steward/text/words.h"

namespace steward::filters::pii {
namespace {

/// Lower-case letters that fold to something else.
bool is_odd_small(char32_t c) {
  return c == 0xDF || c == 0x149 || c == 0x17F || c == 0x1F0 || c == 0x390 || c == 0x3B0 || c == 0x3C2 || c == 0x587 ||
         (c >= 0x1E96 && c <= 0x1E9B);
}

bool has_case(char32_t c) { return (c >= 0xC0 && c < 0x250) || (c >= 0x370 && c < 0x590) || (c >= 0x1E00 && c < 0x1F00); }

}  // namespace

bool CasedText::is_capital(std::size_t at) const {
  if (at >= text_.size()) return false;
  const std::size_t source = folded_->origin({at, at + 1}).begin;
  if (source >= raw_.size()) return false;
  const auto first = static_cast<unsigned char>(raw_[source]);
  if (first < 0x80) return first >= 'A' && first <= 'Z';
  std::size_t next = source;
  const char32_t own = text::next_char(raw_, next);
  if (own >= 0xFF21 && own <= 0xFF3A) return true;
  if (!has_case(own) || is_odd_small(own)) return false;
  std::size_t folded = at;
  return text::next_char(text_, folded) != own;
}

}  // namespace steward::filters::pii
