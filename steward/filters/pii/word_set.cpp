#include "steward/filters/pii/word_set.h"

#include <algorithm>

namespace steward::filters::pii {
namespace {

std::uint32_t hash(std::string_view word) {  // FNV-1a
  std::uint32_t value = 2166136261u;
  for (const char c : word) value = (value ^ static_cast<unsigned char>(c)) * 16777619u;
  return value ^ value >> 15;
}

}  // namespace

WordMap::WordMap(std::initializer_list<Entry> entries) {
  std::vector<Slot> all;
  for (const Entry& entry : entries) {
    std::string_view rest = entry.words;
    while (!rest.empty()) {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      if (space > 0) all.push_back({rest.substr(0, space), entry.value});
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
  }
  std::size_t size = 16;
  while (size < all.size() * 4) size *= 2;
  slots_.resize(size);
  for (const Slot& slot : all) {
    std::size_t at = hash(slot.word) & (size - 1);
    while (!slots_[at].word.empty() && slots_[at].word != slot.word) at = (at + 1) & (size - 1);
    if (slots_[at].word.empty()) slots_[at] = slot;  // the first list that has a word keeps it
  }
}

std::uint8_t WordMap::find(std::string_view word) const {
  if (word.empty() || word.size() > kWordBytesMax) return 0;
  for (std::size_t at = hash(word) & (slots_.size() - 1); !slots_[at].word.empty(); at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].word == word) return slots_[at].value;
  }
  return 0;
}

std::size_t letter_at(std::string_view text, std::size_t i) {
  if (i >= text.size()) return 0;
  const auto c = static_cast<unsigned char>(text[i]);
  if (c < 0x80) return is_ascii_letter(text[i]) ? 1 : 0;
  if (c >= 0xC3 && c <= 0xDF) {
    if (c == 0xD9 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xB0 &&
        static_cast<unsigned char>(text[i + 1]) >= 0xA0)
      return 0;  // Arabic-Indic digits
    return 2;
  }
  return c == 0xE1 ? 3 : 0;
}

std::size_t east_asian_at(std::string_view text, std::size_t i) {
  if (i + 3 > text.size()) return 0;
  const auto c = static_cast<unsigned char>(text[i]);
  if (c == 0xE3) return static_cast<unsigned char>(text[i + 1]) == 0x80 && text.substr(i, 3) != "々" ? 0 : 3;
  return c >= 0xE4 && c <= 0xED ? 3 : 0;
}

std::string_view word_before(std::string_view text, std::size_t end) {
  std::size_t begin = end;
  while (begin > 0 && end - begin <= kWordBytesMax) {
    std::size_t lead = begin - 1;
    while (lead > 0 && (static_cast<unsigned char>(text[lead]) & 0xC0) == 0x80) --lead;
    if (letter_at(text, lead) != begin - lead) break;
    begin = lead;
  }
  return text.substr(begin, end - begin);
}

std::size_t word_end(Reader& reader, std::size_t begin) {
  std::size_t at = begin;
  while (at - begin <= kWordBytesMax && reader.has(at)) {
    const std::size_t length = letter_at(reader.text(), at);
    if (length == 0) break;
    at += length;
  }
  return at;
}

std::size_t apostrophe_at(Reader& reader, std::size_t i) {
  if (reader.at(i) == '\'') return 1;
  return reader.at(i) == '\xE2' && reader.text().substr(i, 3) == "\u2019" ? 3 : 0;
}

std::size_t skip_spaces_back(std::string_view text, std::size_t at, std::size_t most) {
  for (; most > 0 && at > 0 && text[at - 1] == ' '; --most) --at;
  return at;
}

}  // namespace steward::filters::pii
