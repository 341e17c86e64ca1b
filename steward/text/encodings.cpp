#include "steward/text/encodings.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "steward/core/hash.h"
#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::text {
namespace {

constexpr std::size_t kEncodedBytesMin = 16;
constexpr std::size_t kOverlapBytes = 256;  ///< divisible by 8, so that parts of a long run stay aligned
constexpr std::size_t kCodesMin = 6;
constexpr std::size_t kMorseLettersMin = 5;

enum class Outcome { kNone, kWaits, kFound };

/// Alphabet of base64, base64url, base32 and hex together.
constexpr auto kAlphabet = [] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c)
    table[static_cast<std::size_t>(c)] =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' || c == '-' || c == '_';
  return table;
}();

bool in_alphabet(char c) { return kAlphabet[static_cast<unsigned char>(c)]; }

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

int base32_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= '2' && c <= '7') return c - '2' + 26;
  return -1;
}

/// Digits of `bits` bits each to bytes. Bits that are left over are padding.
template <class ValueOf>
std::optional<std::string> unpack(std::string_view run, int bits, ValueOf value_of) {
  std::string out;
  std::uint32_t buffer = 0;
  int have = 0;
  for (const char c : run) {
    const int value = value_of(c);
    if (value < 0) return std::nullopt;
    buffer = (buffer << bits | static_cast<std::uint32_t>(value)) & 0xFFFF;
    have += bits;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(buffer >> have & 0xFF);
  }
  return out;
}

/// Readable: well-formed, nothing but text in it. Bytes cut off a character at either end are dropped: a part of a long run begins
/// anywhere.
bool make_readable(std::string& text) {
  std::size_t head = 0;
  while (head < 3 && head < text.size() && (static_cast<unsigned char>(text[head]) & 0xC0) == 0x80) ++head;
  text.erase(0, head);
  if (const auto bad = find_invalid_utf8(text); bad && text.size() - *bad < 4) text.resize(*bad);
  if (text.size() < 4 || find_invalid_utf8(text)) return false;
  std::size_t letters = 0, characters = 0;
  for (std::size_t at = 0; at < text.size(); ++characters) {
    const char32_t c = next_char(text, at);
    if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || (c >= 0x7F && c < 0xA0) || (c >= 0xE000 && c <= 0xF8FF) || c == 0xFFFD)
      return false;
    letters += is_word_char(c) || c == ' ' ? 1 : 0;
  }
  return 2 * letters >= characters;
}

std::optional<DecodedRun> decode_run(std::string_view text, Span span) {
  const std::string_view run = text.substr(span.begin, span.size());
  if (run.size() < kEncodedBytesMin) return std::nullopt;
  const auto accept = [&](std::string_view name, std::optional<std::string> bytes) -> std::optional<DecodedRun> {
    if (!bytes || !make_readable(*bytes)) return std::nullopt;
    return DecodedRun{name, span, *std::move(bytes)};
  };
  if (auto found = accept("hex", unpack(run, 4, hex_digit))) return found;
  if (auto found = accept("base32", unpack(run, 5, base32_value))) return found;
  return accept("base64", unpack(run, 6, base64_value));
}

Outcome read_run(std::string_view text, std::size_t at, bool finished, std::size_t& end, std::vector<DecodedRun>& out) {
  end = at;
  while (end < text.size() && end - at < kRunBytesMax && in_alphabet(text[end])) ++end;
  const bool is_cut = end - at >= kRunBytesMax;
  if (end == text.size() && !finished && !is_cut) return Outcome::kWaits;
  auto found = decode_run(text, {at, end});
  if (is_cut) end -= kOverlapBytes;
  if (!found) return Outcome::kNone;
  out.push_back(*std::move(found));
  return Outcome::kFound;
}

/// A number that stands for a character: two hex digits, 0x and two hex digits, eight bits, or a decimal.
enum class CodeKind { kHex, kPrefixedHex, kBits, kDecimal };

bool is_code(CodeKind kind, std::string_view token, std::uint32_t& value) {
  const bool prefixed = kind == CodeKind::kPrefixedHex;
  if (prefixed && !(token.starts_with("0x") || token.starts_with("0X"))) return false;
  if (prefixed) token.remove_prefix(2);
  const std::uint32_t base = kind == CodeKind::kDecimal ? 10 : kind == CodeKind::kBits ? 2 : 16;
  const bool length_fits = kind == CodeKind::kBits      ? token.size() == 8 || token.size() == 7
                           : kind == CodeKind::kDecimal ? token.size() == 2 || token.size() == 3
                                                        : token.size() == 2;
  if (!length_fits) return false;
  value = 0;
  for (const char c : token) {
    const int digit = hex_digit(c);
    if (digit < 0 || static_cast<std::uint32_t>(digit) >= base) return false;
    value = value * base + static_cast<std::uint32_t>(digit);
  }
  return value == '\n' || (value >= 0x20 && value < 0x7F);
}

/// The token of digits, and perhaps an x, that begins at `at`.
std::size_t token_end(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && end - at < 12 && (hex_digit(text[end]) >= 0 || (text[end] | 0x20) == 'x')) ++end;
  return end;
}

/// As many codes of one kind as stand in a row.
Outcome read_codes_of(CodeKind kind, std::string_view text, std::size_t at, bool finished, DecodedRun& found) {
  std::size_t here = at;
  while (here - at < kRunBytesMax) {
    const std::size_t end = token_end(text, here);
    if (end == text.size() && !finished) return Outcome::kWaits;
    std::uint32_t value = 0;
    if (!is_code(kind, text.substr(here, end - here), value)) break;
    if (end < text.size() && in_alphabet(text[end])) break;
    found.text += static_cast<char>(value);
    found.run.end = end;
    std::size_t behind = end;
    if (behind < text.size() && (text[behind] == ',' || text[behind] == ':')) ++behind;
    if (behind < text.size() && text[behind] == ' ') ++behind;
    if (behind == text.size() && !finished) return Outcome::kWaits;
    if (behind == end) break;
    here = behind;
  }
  const auto letters = std::count_if(found.text.begin(), found.text.end(), [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; });
  const bool is_text = found.text.size() >= kCodesMin && 10 * letters >= 7 * static_cast<std::ptrdiff_t>(found.text.size());
  return is_text ? Outcome::kFound : Outcome::kNone;
}

/// Numbers with single spaces, commas or colons between them, each the code of an ASCII character.
Outcome read_codes(std::string_view text, std::size_t at, bool finished, std::size_t& end, std::vector<DecodedRun>& out) {
  // Most words that begin with a to f are seen to be none at their first token.
  const std::size_t first = token_end(text, at);
  if (first < text.size() && (in_alphabet(text[first]) || first - at < 2 || first - at > 8)) return Outcome::kNone;
  std::optional<DecodedRun> best;
  for (const CodeKind kind : {CodeKind::kPrefixedHex, CodeKind::kBits, CodeKind::kDecimal, CodeKind::kHex}) {
    DecodedRun found{"codes", {at, at}, {}};
    const Outcome outcome = read_codes_of(kind, text, at, finished, found);
    if (outcome == Outcome::kWaits) return outcome;
    if (outcome == Outcome::kFound && (!best || found.run.end > best->run.end)) best = std::move(found);
  }
  if (!best) return Outcome::kNone;
  end = best->run.end;
  out.push_back(*std::move(best));
  return Outcome::kFound;
}

/// ITU-R M.1677-1.
constexpr std::array<std::string_view, 36> kMorse = {".-",    "-...",  "-.-.",  "-..",   ".",     "..-.",  "--.",   "....",  "..",
                                                     ".---",  "-.-",   ".-..",  "--",    "-.",    "---",   ".--.",  "--.-",  ".-.",
                                                     "...",   "-",     "..-",   "...-",  ".--",   "-..-",  "-.--",  "--..",  "-----",
                                                     ".----", "..---", "...--", "....-", ".....", "-....", "--...", "---..", "----."};
constexpr std::string_view kMorseLetters = "abcdefghijklmnopqrstuvwxyz0123456789";

Outcome read_morse(std::string_view text, std::size_t at, bool finished, std::size_t& end, std::vector<DecodedRun>& out) {
  DecodedRun found{"morse", {at, at}, {}};
  std::size_t here = at;
  std::size_t letters = 0;
  while (here - at < kRunBytesMax) {
    std::size_t token_end = here;
    while (token_end < text.size() && (text[token_end] == '.' || text[token_end] == '-') && token_end - here < 8) ++token_end;
    if (token_end == text.size() && !finished) return Outcome::kWaits;
    const auto letter = std::find(kMorse.begin(), kMorse.end(), text.substr(here, token_end - here));
    if (letter == kMorse.end()) break;
    ++letters;
    found.text += kMorseLetters[static_cast<std::size_t>(letter - kMorse.begin())];
    found.run.end = token_end;
    std::size_t gap = token_end;
    while (gap < text.size() && gap - token_end < 8 && (text[gap] == ' ' || text[gap] == '/' || text[gap] == '|')) ++gap;
    if (gap == text.size() && !finished) return Outcome::kWaits;
    if (gap == token_end) break;
    if (gap - token_end > 1 && gap < text.size()) found.text += ' ';
    here = gap;
  }
  if (letters < kMorseLettersMin || found.text.find_first_not_of("te") == std::string::npos) return Outcome::kNone;
  if (found.text.back() == ' ') found.text.pop_back();
  end = found.run.end;
  out.push_back(std::move(found));
  return Outcome::kFound;
}

constexpr std::array<std::string_view, 40> kFunctionWords = {
    "the",  "and", "you",   "to",   "of", "is",  "how",  "make",  "what", "for",  "in",   "with", "that", "your",
    "can",  "do",  "me",    "tell", "it", "are", "my",   "on",    "this", "have", "give", "from", "need", "want",
    "will", "be",  "about", "as",   "or", "not", "some", "build", "kill", "get",  "an",   "write"};

constexpr std::size_t kFunctionBytesMax = 5;
constexpr char turned(char c) { return static_cast<char>('a' + (c - 'a' + 13) % 26); }

/// Short words as numbers, each with what it is when read plainly, in ROT13 and backwards. Open addressing; 0 is free.
struct Readable {
  std::uint64_t word = 0;
  FunctionWords counts;
};
constexpr std::size_t kReadableSlots = 512;
constexpr std::size_t slot_of(std::uint64_t word) { return (word * 0x9E3779B97F4A7C15) >> 55; }

constexpr auto kReadable = [] {
  std::array<Readable, kReadableSlots> table{};
  const auto at = [&](std::uint64_t word) -> FunctionWords& {
    std::size_t slot = slot_of(word);
    while (table[slot].word != 0 && table[slot].word != word) slot = (slot + 1) % kReadableSlots;
    table[slot].word = word;
    return table[slot].counts;
  };
  for (const std::string_view word : kFunctionWords) {
    std::uint64_t plain = 0, rot13 = 0, backwards = 0;
    for (const char c : word)
      plain = plain << 8 | static_cast<unsigned char>(c), rot13 = rot13 << 8 | static_cast<unsigned char>(turned(c));
    for (std::size_t i = word.size(); i > 0; --i) backwards = backwards << 8 | static_cast<unsigned char>(word[i - 1]);
    at(plain).plain = at(rot13).rot13 = at(backwards).backwards = 1;
  }
  return table;
}();

}  // namespace

void RunReader::advance(std::string_view text, bool finished, std::vector<DecodedRun>& out) {
  while (at_ < text.size()) {
    const char c = text[at_];
    std::size_t end = at_;
    Outcome outcome = Outcome::kNone;
    const bool word_begins = at_ == 0 || !in_alphabet(text[at_ - 1]);
    if (word_begins && hex_digit(c) >= 0) outcome = read_codes(text, at_, finished, end, out);
    if (outcome == Outcome::kNone && (c == '.' || c == '-') && (at_ == 0 || text[at_ - 1] == ' ' || text[at_ - 1] == '\n'))
      outcome = read_morse(text, at_, finished, end, out);
    if (outcome == Outcome::kNone && in_alphabet(c)) outcome = read_run(text, at_, finished, end, out);
    if (outcome == Outcome::kWaits) return;
    at_ = std::max(end, at_ + 1);
  }
}

std::string rot13(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if ((c | 0x20) < 'a' || (c | 0x20) > 'z') continue;
    const char base = (c & 0x20) != 0 ? 'a' : 'A';
    c = static_cast<char>(base + (c - base + 13) % 26);
  }
  return out;
}

MappedText reversed(std::string_view text) {
  MappedText out;
  for (std::size_t at = text.size(); at > 0;) {
    std::size_t begin = at;
    previous_char(text, begin);
    out.put(text.substr(begin, at - begin), begin, at);
    at = begin;
  }
  return out;
}

FunctionWords count_function_words(std::string_view text) {
  FunctionWords out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    std::uint64_t word = 0;
    for (; at < text.size() && (text[at] | 0x20) >= 'a' && (text[at] | 0x20) <= 'z'; ++at)
      word = word << 8 | static_cast<unsigned char>(text[at] | 0x20);
    if (at == begin)
      ++at;
    else if (at - begin <= kFunctionBytesMax) {
      std::size_t slot = slot_of(word);
      while (kReadable[slot].word != 0 && kReadable[slot].word != word) slot = (slot + 1) % kReadableSlots;
      if (kReadable[slot].word == 0) continue;
      out.plain += kReadable[slot].counts.plain;
      out.rot13 += kReadable[slot].counts.rot13;
      out.backwards += kReadable[slot].counts.backwards;
    }
  }
  return out;
}

}  // namespace steward::text
