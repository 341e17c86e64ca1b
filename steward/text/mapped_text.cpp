#include "steward/text/mapped_text.h"

#include <algorithm>

#include "steward/core/check.h"
#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::text {

void MappedText::leave_identity() {
  if (!identity_) return;
  identity_ = false;
  begins_.resize(text_.size());
  ends_.resize(text_.size());
  for (std::size_t at = 0; at < text_.size();) {
    std::size_t next = at;
    next_char(text_, next);
    for (std::size_t i = at; i < next; ++i) {
      begins_[i] = static_cast<std::uint32_t>(at);
      ends_[i] = static_cast<std::uint32_t>(next);
    }
    at = next;
  }
}

void MappedText::put(std::string_view bytes, std::size_t begin, std::size_t end) {
  if (bytes.empty()) return extend_last(end);
  if (identity_ && text_.size() == begin && bytes.size() == end - begin) {
    std::size_t at = 0;
    next_char(bytes, at);
    if (at == bytes.size()) {
      text_ += bytes;
      return;
    }
  }
  leave_identity();
  text_ += bytes;
  begins_.resize(text_.size(), static_cast<std::uint32_t>(begin));
  ends_.resize(text_.size(), static_cast<std::uint32_t>(end));
}

void MappedText::put_same(std::string_view bytes, std::size_t begin) {
  if (identity_ && text_.size() == begin) {
    text_ += bytes;
    return;
  }
  leave_identity();
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t from = at;
    next_char(bytes, at);
    text_ += bytes.substr(from, at - from);
    begins_.resize(text_.size(), static_cast<std::uint32_t>(begin + from));
    ends_.resize(text_.size(), static_cast<std::uint32_t>(begin + at));
  }
}

void MappedText::extend_last(std::size_t end) {
  leave_identity();
  if (text_.empty()) return;
  const auto begin = begins_.back();
  for (std::size_t at = text_.size(); at > 0 && begins_[at - 1] == begin; --at) ends_[at - 1] = static_cast<std::uint32_t>(end);
}

Span MappedText::origin(Span derived) const {
  STEWARD_CHECK(derived.begin <= derived.end && derived.end <= text_.size());
  if (derived.empty()) {
    if (derived.begin == text_.size()) {
      const std::size_t end = identity_ || text_.empty() ? text_.size() : ends_.back();
      return {end, end};
    }
    const Span here = origin({derived.begin, derived.begin + 1});
    return {here.begin, here.begin};
  }
  if (!identity_) {
    Span out{begins_[derived.begin], ends_[derived.end - 1]};
    for (std::size_t i = derived.begin; i < derived.end; ++i) {
      out.begin = std::min<std::size_t>(out.begin, begins_[i]);
      out.end = std::max<std::size_t>(out.end, ends_[i]);
    }
    return out;
  }
  std::size_t end = derived.end;
  while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
  return {char_floor(text_, derived.begin), end};
}

Span MappedText::source_of(std::size_t at, std::size_t length) const { return origin({at, at + length}); }

}  // namespace steward::text
