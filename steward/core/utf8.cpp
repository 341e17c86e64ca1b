#include "steward/core/utf8.h"

#include <cstdint>
#include <cstring>

namespace steward {

std::optional<std::size_t> find_invalid_utf8(std::string_view bytes) {
  std::size_t at = 0;
  const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
  while (at < bytes.size()) {
    const unsigned first = byte(at);
    if (first < 0x80) {
      ++at;
      for (std::uint64_t word = 0; at + 8 <= bytes.size(); at += 8) {  // ASCII, eight bytes at a time
        std::memcpy(&word, bytes.data() + at, 8);
        if ((word & 0x8080808080808080) != 0) break;
      }
      continue;
    }
    // Well-formed sequences: Unicode, table 3-7.
    std::size_t more = 0;
    unsigned low = 0x80, high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
      more = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      more = 2;
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      more = 3;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    } else {
      return at;
    }
    if (byte(at + 1) < low || byte(at + 1) > high) return at;
    for (std::size_t i = 2; i <= more; ++i)
      if ((byte(at + i) & 0xC0) != 0x80) return at;
    at += more + 1;
  }
  return std::nullopt;
}

std::string repair_utf8(std::string_view bytes) {
  std::string out;
  while (const auto invalid = find_invalid_utf8(bytes)) {
    out += bytes.substr(0, *invalid);
    append_utf8(0xFFFD, out);
    bytes.remove_prefix(*invalid + 1);
  }
  return out += bytes;
}

void append_utf8(char32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

}  // namespace steward
