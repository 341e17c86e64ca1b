#include "steward/guard/segment.h"

#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::guard {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kSegmentBytes = 24;

struct Lead {
  std::size_t length = 0;  ///< of the whole character; 0: no character begins with this byte
  unsigned second_min = 0x80;
  unsigned second_max = 0xBF;
};

/// Unicode 15, table 3-7.
Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xC2) return {};
  if (byte < 0xE0) return {2};
  if (byte < 0xF0) return {3, byte == 0xE0 ? 0xA0u : 0x80u, byte == 0xED ? 0x9Fu : 0xBFu};
  if (byte < 0xF5) return {4, byte == 0xF0 ? 0x90u : 0x80u, byte == 0xF4 ? 0x8Fu : 0xBFu};
  return {};
}

/// Number of bytes at `at` that begin a character correctly, at most its length.
std::size_t good_bytes(std::string_view text, std::size_t at, const Lead& lead) {
  std::size_t good = 1;
  while (good < lead.length && at + good < text.size()) {
    const unsigned byte = static_cast<unsigned char>(text[at + good]);
    if (byte < (good == 1 ? lead.second_min : 0x80u) || byte > (good == 1 ? lead.second_max : 0xBFu)) break;
    ++good;
  }
  return good;
}

bool is_ascii_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

bool is_border_behind(char32_t c) {
  if (c < 0x80) return is_ascii_punctuation(c) || c == ' ' || (c >= '\t' && c <= '\r');
  return text::is_unspaced_char(c) || text::is_whitespace(c);
}

}  // namespace

void Utf8Mender::push(std::string_view bytes, std::string& out) {
  if (pending_.empty() && !text::find_invalid_utf8(bytes)) {
    out += bytes;
    return;
  }
  const std::string text = std::move(pending_) + std::string(bytes);
  pending_.clear();
  for (std::size_t at = 0; at < text.size();) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[at]));
    const std::size_t good = lead.length == 0 ? 0 : good_bytes(text, at, lead);
    if (good == 0) {
      out += kReplacement;
      ++at;
    } else if (good == lead.length) {
      out.append(text, at, good);
      at += good;
    } else if (at + good == text.size()) {
      pending_ = text.substr(at);
      return;
    } else {
      out += kReplacement;
      at += good;
    }
  }
}

void Utf8Mender::finish(std::string& out) {
  if (!pending_.empty()) out += kReplacement;
  pending_.clear();
}

std::string mend_utf8(std::string_view bytes) {
  Utf8Mender mender;
  std::string out;
  mender.push(bytes, out);
  mender.finish(out);
  return out;
}

void Segmenter::push(std::string_view utf8) {
  text_.erase(0, begin_);
  at_ -= begin_;
  begin_ = 0;
  text_ += utf8;
}

std::optional<std::string_view> Segmenter::next() {
  while (at_ < text_.size()) {
    const char32_t c = text::next_char(text_, at_);
    if (is_border_behind(c) || at_ - begin_ >= kSegmentBytes) return take();
  }
  if (finished_ && begin_ < at_) return take();
  return std::nullopt;
}

std::string_view Segmenter::take() {
  const std::string_view segment = std::string_view(text_).substr(begin_, at_ - begin_);
  begin_ = at_;
  return segment;
}

}  // namespace steward::guard
