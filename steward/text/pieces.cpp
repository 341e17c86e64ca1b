#include "steward/text/pieces.h"

#include <algorithm>
#include <utility>

#include "steward/core/check.h"
#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::text {
namespace {

bool is_in(std::u32string_view set, char32_t c) { return set.find(c) != std::u32string_view::npos; }

/// Ends of sentences that white space follows.
bool is_terminator(char32_t c) {
  if (c < 0x80) return c == '.' || c == '?' || c == '!';
  return is_in(U"\u2026\u203C\u2047\u2048\u2049\u0589\u061F\u06D4\u0700\u0964\u0965\u1362\u1367\u17D4\u17D5\u104A\u104B", c);
}
/// And of those that nothing follows.
bool is_unspaced_terminator(char32_t c) { return is_in(U"\u3002\uFF0E\uFF61\uFF01\uFF1F", c); }

bool is_closer(char32_t c) {
  if (c < 0x80) return c == '"' || c == '\'' || c == ')' || c == ']' || c == '}' || c == '*' || c == '_';
  return is_in(U"\u00BB\u201C\u201D\u2018\u2019\u203A\u300D\u300F\u3011\u300B\u3009\uFF09\uFF3D\uFF5D\uFF63", c);
}

bool is_line_end(char32_t c) { return c == '\n' || c == 0x2028 || c == 0x2029; }

}  // namespace

/// Where a sentence ends, as it is seen at the character from `begin` to `end`.
std::optional<std::size_t> PieceCutter::border(char32_t c, std::size_t begin, std::size_t end) {
  const State before = std::exchange(state_, State::kInside);
  if (is_line_end(c)) return end;
  if (is_unspaced_terminator(c)) {
    state_ = State::kEndedUnspaced;
  } else if (is_terminator(c)) {
    state_ = before == State::kEndedUnspaced ? before : State::kEnded;
  } else if (before != State::kInside && is_closer(c)) {
    state_ = before;
  } else if (before != State::kInside && is_whitespace(c)) {
    return end;
  } else if (before == State::kEndedUnspaced) {
    return begin;
  }
  return std::nullopt;
}

std::optional<Piece> PieceCutter::next(std::string_view text) {
  while (at_ < text.size()) {
    std::size_t end = at_;
    const char32_t c = next_char(text, end);
    if (end - begin_ > options_.bytes_max) return give(text, forced_end(text));
    const auto found = border(c, at_, end);
    if (is_whitespace(c)) last_space_ = end;
    const std::size_t chars_before = chars_++;
    const std::size_t begin = std::exchange(at_, end);
    if (!found) continue;
    if (ends_.empty() || ends_.back() != *found) ends_.push_back(*found);
    const std::size_t chars = *found == begin ? chars_before : chars_;
    if (chars >= options_.chars_min) return give(text, *found);
  }
  if (!finished_ || begin_ == text.size()) return std::nullopt;
  return give(text, text.size());
}

/// For the piece from begin_ that must end by at_.
std::size_t PieceCutter::forced_end(std::string_view text) const {
  const std::size_t half = begin_ + options_.bytes_max / 2;
  if (!ends_.empty() && ends_.back() > half) return ends_.back();
  if (last_space_ > half) return last_space_;
  STEWARD_CHECK(at_ > begin_);
  return char_floor(text, at_);
}

Piece PieceCutter::give(std::string_view text, std::size_t end) {
  const std::size_t reach = begin_ > options_.context_bytes ? begin_ - options_.context_bytes : 0;
  // The ends that are kept lie in reach of this piece's beginning, or behind it.
  while (!ends_.empty() && ends_.front() < reach) ends_.pop_front();
  Piece piece{begin_, {begin_, end}};
  if (reach == 0) {
    piece.context_begin = 0;
  } else if (!ends_.empty() && ends_.front() < begin_) {
    piece.context_begin = ends_.front();
  } else {
    std::size_t from = char_floor(text, reach);
    if (from < reach) next_char(text, from);
    piece.context_begin = std::min(from, begin_);
  }
  begin_ = end;
  chars_ = 0;
  for (std::size_t at = end; at < at_; ++chars_) next_char(text, at);
  return piece;
}

std::vector<Piece> cut_pieces(std::string_view text, const PieceOptions& options) {
  PieceCutter cutter(options);
  cutter.finish();
  std::vector<Piece> out;
  while (const auto piece = cutter.next(text)) out.push_back(*piece);
  return out;
}

}  // namespace steward::text
