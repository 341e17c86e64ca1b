#include "steward/text/words.h"

#include <cstdint>

#include <unicode/uchar.h>

namespace steward::text {

bool words_internal::is_word_char_beyond_ascii(char32_t c) {
  if (c == 0x2019) return true;
  constexpr std::uint32_t kWord = U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK;
  return (U_MASK(u_charType(static_cast<UChar32>(c))) & kWord) != 0;
}

bool is_unspaced_char(char32_t c) {
  if (c < 0xE00) return false;
  return (c >= 0xE00 && c < 0xF00) ||                                   // Thai, Lao
         (c >= 0x1000 && c < 0x10A0) ||                                 // Myanmar
         (c >= 0x1780 && c < 0x1800) ||                                 // Khmer
         (c >= 0x3040 && c < 0x3100) ||                                 // Hiragana, Katakana
         (c >= 0x31F0 && c < 0x3200) || (c >= 0x3400 && c < 0xA000) ||  // Han
         (c >= 0xF900 && c < 0xFB00) || (c >= 0xFF66 && c < 0xFFA0) || (c >= 0x20000 && c < 0x32000);
}

bool is_whitespace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return u_isUWhiteSpace(static_cast<UChar32>(c));
}

char32_t words_internal::next_char_beyond_ascii(std::string_view utf8, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return i < utf8.size() ? static_cast<unsigned char>(utf8[i]) : 0u; };
  const unsigned first = byte(at);
  if (first < 0xE0) {
    const char32_t c = (first & 0x1F) << 6 | (byte(at + 1) & 0x3F);
    at += 2;
    return c;
  }
  if (first < 0xF0) {
    const char32_t c = (first & 0x0F) << 12 | (byte(at + 1) & 0x3F) << 6 | (byte(at + 2) & 0x3F);
    at += 3;
    return c;
  }
  const char32_t c = (first & 0x07) << 18 | (byte(at + 1) & 0x3F) << 12 | (byte(at + 2) & 0x3F) << 6 | (byte(at + 3) & 0x3F);
  at += 4;
  return c;
}

char32_t previous_char(std::string_view utf8, std::size_t& at) {
  --at;
  while (at > 0 && (static_cast<unsigned char>(utf8[at]) & 0xC0) == 0x80) --at;
  std::size_t forward = at;
  return next_char(utf8, forward);
}

bool is_word_border(std::string_view utf8, std::size_t at) {
  if (at == 0 || at >= utf8.size()) return true;
  std::size_t before = at, after = at;
  const char32_t left = previous_char(utf8, before);
  const char32_t right = next_char(utf8, after);
  return !is_word_char(left) || !is_word_char(right) || is_unspaced_char(left) || is_unspaced_char(right);
}

}  // namespace steward::text
