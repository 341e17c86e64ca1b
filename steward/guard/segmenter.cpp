#include "steward/guard/segmenter.h"

#include <utility>

#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::guard {
namespace {

constexpr std::size_t kSegmentBytesMax = 24;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

bool ends_segment(std::string_view character) {
  std::size_t at = 0;
  const char32_t c = text::next_char(character, at);
  if (c < 0x80) return !text::is_word_char(c);
  return text::is_unspaced_char(c) || text::is_whitespace(c);
}

}  // namespace

/// Moves one character from pending_ to `out`. False if it is not complete yet.
bool Segmenter::take_char(std::string& out) {
  const std::string_view rest = std::string_view(pending_).substr(at_);
  if (rest.empty()) return false;
  const std::size_t length = sequence_length(static_cast<unsigned char>(rest[0]));
  if (length > 0 && length <= rest.size() && !text::find_invalid_utf8(rest.substr(0, length))) {
    out.assign(rest.substr(0, length));
    at_ += length;
    return true;
  }
  // Not well-formed, or not all there. It is only a prefix of a character if every byte so far may still belong to one.
  if (length > rest.size() && !finished_) {
    std::string padded(rest);
    for (const char filler : {'\x80', '\x90', '\xA0', '\xBF'}) {
      std::string candidate = padded + std::string(length - rest.size(), filler);
      if (!text::find_invalid_utf8(candidate)) return false;
    }
    if (rest.size() == 1) return false;  // the second byte may still make it valid
  }
  out.assign(kReplacement);
  ++at_;
  return true;
}

std::string Segmenter::next() {
  std::string character;
  while (take_char(character)) {
    open_ += character;
    if (ends_segment(character) || open_.size() >= kSegmentBytesMax) {
      if (at_ > 4096) {
        pending_.erase(0, at_);
        at_ = 0;
      }
      return std::exchange(open_, {});
    }
  }
  pending_.erase(0, at_);
  at_ = 0;
  return finished_ ? std::exchange(open_, {}) : std::string();
}

}  // namespace steward::guard
