#include "steward/text/mapped_text.h"

#include <algorithm>

#include "steward/core/check.h"
#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::text {

/// Makes the last piece one to which characters from `begin` of the original can be appended.
void MappedText::continue_same(std::size_t begin) {
  if (!pieces_.empty() && pieces_.back().end == kSame && pieces_.back().begin + (text_.size() - pieces_.back().at) == begin) return;
  pieces_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(begin), kSame});
}

void MappedText::put(std::string_view bytes, std::size_t begin, std::size_t end) {
  if (bytes.empty()) return extend_last(end);
  if (bytes.size() == end - begin) {
    std::size_t at = 0;
    next_char(bytes, at);
    if (at == bytes.size()) return put_same(bytes, begin);
  }
  const bool continues = !pieces_.empty() && pieces_.back().begin == begin && pieces_.back().end == end;
  if (!continues)
    pieces_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  text_ += bytes;
}

void MappedText::put_same(std::string_view bytes, std::size_t begin) {
  if (bytes.empty()) return;
  continue_same(begin);
  text_ += bytes;
}

void MappedText::lower(std::size_t at) {
  char* const begin = text_.data() + at;
  for (std::size_t i = 0, size = text_.size() - at; i < size; ++i)
    begin[i] = static_cast<char>(begin[i] + (begin[i] >= 'A' && begin[i] <= 'Z' ? 32 : 0));
}

void MappedText::put_like(std::string_view bytes, const MappedText& source, std::size_t at) {
  const std::size_t last = at + bytes.size();
  for (std::size_t i = source.piece_at(at), from = at; from < last; ++i) {
    const Piece& piece = source.pieces_[i];
    const std::size_t to = std::min(last, source.end_of(i));
    const std::string_view part = bytes.substr(from - at, to - from);
    if (piece.end == kSame)
      put_same(part, piece.begin + (from - piece.at));
    else
      put(part, piece.begin, piece.end);
    from = to;
  }
}

void MappedText::extend_last(std::size_t end) {
  if (text_.empty()) return;
  if (pieces_.back().end == kSame) {
    const std::size_t last = char_floor(text_, text_.size() - 1);
    const std::size_t begin = pieces_.back().begin + (last - pieces_.back().at);
    if (last == pieces_.back().at) pieces_.pop_back();
    pieces_.push_back({static_cast<std::uint32_t>(last), static_cast<std::uint32_t>(begin), kSame});
  }
  pieces_.back().end = static_cast<std::uint32_t>(end);
}

/// The piece that byte `at` of the text is in.
std::size_t MappedText::piece_at(std::size_t at) const {
  if (pieces_.size() == 1) return 0;
  const auto behind =
      std::upper_bound(pieces_.begin(), pieces_.end(), at, [](std::size_t value, const Piece& piece) { return value < piece.at; });
  return static_cast<std::size_t>(behind - pieces_.begin()) - 1;
}

Span MappedText::origin(Span derived) const {
  STEWARD_CHECK(derived.begin <= derived.end && derived.end <= text_.size());
  if (derived.empty()) {
    if (derived.begin < text_.size()) {
      const Span here = origin({derived.begin, derived.begin + 1});
      return {here.begin, here.begin};
    }
    if (pieces_.empty()) return {0, 0};
    const Piece& last = pieces_.back();
    const std::size_t end = last.end == kSame ? last.begin + (text_.size() - last.at) : last.end;
    return {end, end};
  }
  Span out{SIZE_MAX, 0};
  for (std::size_t i = piece_at(derived.begin), from = derived.begin; from < derived.end; ++i) {
    const Piece& piece = pieces_[i];
    const std::size_t to = std::min(derived.end, end_of(i));
    Span here{piece.begin, piece.end};
    if (piece.end == kSame) {
      std::size_t end = to;
      while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
      here = {piece.begin + (char_floor(text_, from) - piece.at), piece.begin + (end - piece.at)};
    }
    out = {std::min(out.begin, here.begin), std::max(out.end, here.end)};
    from = to;
  }
  return out;
}

}  // namespace steward::text
