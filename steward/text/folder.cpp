#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "steward/core/check.h"
#include "steward/text/normalizer.h"
#include "steward/text/words.h"

namespace steward::text {
namespace {

#include "steward/text/fold_tables.inc"

/// A segment is cut behind so many code points even where marks go on: stacked marks cannot make folding quadratic.
constexpr int kSegmentCharsMax = 48;

/// How a code point folds. kStays: to itself, and a segment may begin with it. kSlow: ask ICU. From kMark on: a mark that stays where
/// marks before it in the segment have no higher combining class; the class is added. From kMaybe on: the same, if it does not compose
/// with a character before it. From kMapped on: to a text of the pool, and a segment may begin with it.
enum FoldValue : std::uint16_t { kStays = 0, kSlow = 1, kMark = 0x100, kMaybe = 0x200, kMapped = 0x300 };

const icu::Normalizer2& nfkc_casefold() {
  static const icu::Normalizer2* instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* found = icu::Normalizer2::getNFKCCasefoldInstance(status);
    STEWARD_CHECK(U_SUCCESS(status));
    return found;
  }();
  return *instance;
}

/// End of the run of ASCII that begins at `at`.
std::size_t skip_ascii(std::string_view text, std::size_t at) {
  constexpr std::size_t kBlock = 32, kWord = 8;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  ++at;
  if (at == text.size() || static_cast<unsigned char>(text[at]) >= 0x80) return at;  // a space between words of another script
  std::uint64_t words[kBlock / kWord];
  bool is_long = false;
  while (at + kWord <= text.size()) {
    for (; is_long && at + kBlock <= text.size(); at += kBlock) {
      std::memcpy(words, text.data() + at, kBlock);
      if (((words[0] | words[1] | words[2] | words[3]) & kHigh) != 0) break;
    }
    if (at + kWord > text.size()) break;
    std::memcpy(words, text.data() + at, kWord);
    if ((words[0] & kHigh) != 0) return at + static_cast<std::size_t>(std::countr_zero(words[0] & kHigh)) / 8;
    at += kWord;
    is_long = true;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

/// The value of the character beyond ASCII that begins at `at`, which is moved past it.
std::uint16_t next_value(std::string_view utf8, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(utf8[at + i]); };
  const unsigned first = byte(0);
  if (first < 0xE0) {
    const std::uint16_t value = kFoldValues[kFoldBlocks[first & 0x1F] * 64u + (byte(1) & 0x3Fu)];
    at += 2;
    return value;
  }
  if (first < 0xF0) {
    const std::uint16_t value = kFoldValues[kFoldBlocks[(first & 0x0Fu) << 6 | (byte(1) & 0x3Fu)] * 64u + (byte(2) & 0x3Fu)];
    at += 3;
    return value;
  }
  const char32_t c = next_char(utf8, at);
  if (c < 0x20000) return kFoldValues[kFoldBlocks[c >> 6] * 64u + (c & 0x3F)];
  return c < 0x2F800 ? kStays : kSlow;
}

/// True if a segment may begin at `at`.
bool has_boundary_before(std::string_view utf8, std::size_t at) {
  if (static_cast<unsigned char>(utf8[at]) < 0x80) return true;
  const std::uint16_t value = next_value(utf8, at);
  return value == kStays || value >= kMapped;
}

std::string_view mapping(std::uint16_t value) {
  const std::size_t number = value - kMapped;
  return {kFoldPool + kFoldOffsets[number], static_cast<std::size_t>(kFoldOffsets[number + 1] - kFoldOffsets[number])};
}

/// For each 64 code points of the basic plane, which stay.
constexpr auto kStaying = [] {
  std::array<std::uint64_t, 0x10000 / 64> masks{};
  for (std::size_t block = 0; block < masks.size(); ++block)
    for (std::size_t i = 0; i < 64; ++i)
      if (kFoldValues[kFoldBlocks[block] * 64u + i] == kStays) masks[block] |= std::uint64_t{1} << i;
  return masks;
}();

/// Length of the character beyond ASCII at `at`, or 0 if it does not stay.
inline std::size_t staying_length(std::string_view raw, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(raw[at + i]); };
  const unsigned first = byte(0);
  if (first < 0xE0) return (kStaying[first & 0x1F] >> (byte(1) & 0x3F) & 1) != 0 ? 2 : 0;
  if (first < 0xF0) return (kStaying[(first & 0x0Fu) << 6 | (byte(1) & 0x3Fu)] >> (byte(2) & 0x3F) & 1) != 0 ? 3 : 0;
  std::size_t next = at;
  return next_value(raw, next) == kStays ? 4 : 0;
}

/// Goes from `at` over characters that stay. `segment` becomes where the last of them begins.
std::size_t skip_staying(std::string_view raw, std::size_t at, std::size_t& segment) {
  std::size_t last = segment;
  while (at < raw.size()) {
    if (static_cast<unsigned char>(raw[at]) < 0x80) {
      at = skip_ascii(raw, at);
      last = at - 1;
      continue;
    }
    const std::size_t length = staying_length(raw, at);
    if (length == 0) break;
    last = at;
    at += length;
  }
  segment = last;
  return at;
}

/// True if the mark at `at` stands right behind the first character of its segment, which holds no mark itself, and the two do not
/// compose.
bool stays_apart(std::string_view raw, std::size_t segment, std::size_t at) {
  std::size_t end = segment;
  auto first = static_cast<UChar32>(next_char(raw, end));
  if (end != at || u_getIntPropertyValue(first, UCHAR_TRAIL_CANONICAL_COMBINING_CLASS) != 0) return false;
  if (first >= 'A' && first <= 'Z') first += 32;
  return nfkc_casefold().composePair(first, static_cast<UChar32>(next_char(raw, end))) < 0;
}

/// Goes from `at` over marks of the segment that stay where they are. Stops at the first that does not, or behind too many.
std::size_t skip_marks(std::string_view raw, std::size_t segment, std::size_t at) {
  unsigned highest = 0;
  for (int marks = 1; at < raw.size() && static_cast<unsigned char>(raw[at]) >= 0x80 && marks < kSegmentCharsMax; ++marks) {
    std::size_t next = at;
    unsigned value = next_value(raw, next);
    if (value >= kMaybe && value < kMapped && stays_apart(raw, segment, at)) value -= kMaybe - kMark;
    if (value < kMark + highest || value >= kMaybe) break;
    highest = value - kMark;
    at = next;
  }
  return at;
}

}  // namespace

std::size_t Folder::fold_segment(std::string_view raw, std::size_t begin, bool last) {
  std::size_t end = begin;
  int chars = 0;
  next_char(raw, end);
  for (++chars; end < raw.size() && chars < kSegmentCharsMax; ++chars) {
    std::size_t next = end;
    if (nfkc_casefold().hasBoundaryBefore(static_cast<UChar32>(next_char(raw, next)))) break;
    end = next;
  }
  if (end == raw.size() && !last && chars < kSegmentCharsMax) return begin;
  UErrorCode status = U_ZERO_ERROR;
  const auto source = icu::UnicodeString::fromUTF8(icu::StringPiece(raw.data() + begin, static_cast<int>(end - begin)));
  const icu::UnicodeString folded = nfkc_casefold().normalize(source, status);
  STEWARD_CHECK(U_SUCCESS(status));
  std::string bytes;
  folded.toUTF8String(bytes);
  out_.put(bytes, begin, end);
  return end;
}

/// Everything between `plain` and `segment` stays as it is, but for capitals of ASCII; `segment` is where the last segment that was seen
/// begins, which a mark behind it may still change.
void Folder::advance(std::string_view raw, bool last) {
  const std::size_t done = out_.text().size();
  if (done == 0) out_.reserve(raw.size());
  std::size_t plain = consumed_, segment = consumed_, at = consumed_;
  while ((at = skip_staying(raw, at, segment)) < raw.size()) {
    std::size_t next = at;
    const std::uint16_t value = next_value(raw, next);
    if (value >= kMapped) {
      segment = at;
      if (next == raw.size() ? last : has_boundary_before(raw, next)) {
        out_.put_same(raw.substr(plain, at - plain), plain);
        out_.put(mapping(value), at, next);
        plain = segment = at = next;
        continue;
      }
    } else if (value >= kMark) {
      next = skip_marks(raw, segment, at);
      if (next == raw.size() || has_boundary_before(raw, next)) {
        at = next;
        continue;
      }
    }
    out_.put_same(raw.substr(plain, segment - plain), plain);
    plain = at = fold_segment(raw, segment, last);
    if (at == segment) break;
    segment = at;
  }
  if (at == raw.size() && last) segment = at;
  if (segment > plain) out_.put_same(raw.substr(plain, segment - plain), plain);
  out_.lower(done);
  consumed_ = std::max(plain, segment);
}

}  // namespace steward::text
