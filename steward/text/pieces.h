#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "steward/text/mapped_text.h"

namespace steward::text {

/// How long texts are cut into pieces for readers that judge sentences, not characters. Preconditions: bytes_max >= 16, chars_min >= 1.
struct PieceOptions {
  std::size_t chars_min = 400;      ///< a piece ends at the first end of a sentence that is so many characters behind its beginning
  std::size_t bytes_max = 2048;     ///< a piece without such an end ends earlier, at the best border there is
  std::size_t context_bytes = 512;  ///< at most so much of the text before a piece is judged with it
};

/// What is judged at once: the text from `context_begin` to `span.end`. Only `span` is new: what is found in the context alone was found
/// with the piece before, and a finding is cut to `span`.
struct Piece {
  std::size_t context_begin = 0;
  Span span;
};

/// Cuts a text that grows at its end into pieces that follow each other without a gap. Where they end depends on the text alone, never on
/// how it came. Not thread-safe.
///
/// A sentence ends behind a full stop, question or exclamation mark (of any script) with its closing quotation marks and brackets, if
/// white space follows, which belongs to it, or if it is a mark of a script written without spaces; and behind each line. A piece that
/// finds no such end in bytes_max ends behind the last sentence of its second half, else behind the last white space there, else at a
/// character. At most bytes_max and one character stand behind end().
class PieceCutter {
 public:
  explicit PieceCutter(const PieceOptions& options) : options_(options) {}
  /// The next piece, or nullopt if that takes more text. `text`: all of it so far, well-formed, whole characters; it begins with the text
  /// of the call before.
  std::optional<Piece> next(std::string_view text);
  /// Nothing follows: next() gives the rest, which may be short, as the last piece.
  void finish() { finished_ = true; }
  /// Where the pieces that were given end.
  std::size_t end() const { return begin_; }

 private:
  enum class State { kInside, kEnded, kEndedUnspaced };

  std::optional<std::size_t> border(char32_t c, std::size_t begin, std::size_t end);
  std::size_t forced_end(std::string_view text) const;
  Piece give(std::string_view text, std::size_t end);

  const PieceOptions options_;
  bool finished_ = false;
  State state_ = State::kInside;
  std::size_t begin_ = 0;         ///< of the piece under way
  std::size_t at_ = 0;            ///< characters before it have been looked at
  std::size_t chars_ = 0;         ///< of the piece under way
  std::size_t last_space_ = 0;    ///< behind the last white space
  std::deque<std::size_t> ends_;  ///< of sentences that a piece could still begin or end with, its context too
};

/// The pieces of a whole text: the same as those of the growing one.
std::vector<Piece> cut_pieces(std::string_view text, const PieceOptions& options);

}  // namespace steward::text
