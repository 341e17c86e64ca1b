#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "steward/filters/source.h"

namespace steward::filters::leak {

/// Words of confidential texts in the orders in which they may come back: as they are, in ROT13, and backwards. Immutable once made.
class Instructions {
 public:
  explicit Instructions(const std::vector<std::string>& texts);
  bool empty() const { return words_.empty(); }

 private:
  friend class InstructionsCursor;
  void add(const std::vector<std::string>& words);

  std::vector<std::uint32_t> words_;  ///< all orders, one behind the other, 0 between them
  std::unordered_map<std::string, std::uint32_t> ids_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> places_;  ///< word → where it stands
};

/// A piece of instructions that was repeated.
struct Piece {
  text::Span span;       ///< in the skeleton
  bool goes_on = false;  ///< right behind a piece that was reported, with the gap between them
};

/// Reads a skeleton, possibly growing, word by word, and reports pieces of instructions of so many words or more.
class InstructionsCursor {
 public:
  InstructionsCursor(const Instructions& instructions, std::size_t words_min) : instructions_(instructions), words_min_(words_min) {}
  /// Appends what was repeated: a piece's first `words_min` words, then each word that goes on with it.
  void advance(const Source& skeleton, std::vector<Piece>& out);
  /// Position in the skeleton from which a piece may still come.
  std::size_t live_from() const;

 private:
  struct Run {
    std::uint32_t at;  ///< of its last word
    std::size_t words;
    std::size_t begin;
  };
  void take(std::string_view word, text::Span span, std::vector<Piece>& out);

  const Instructions& instructions_;
  const std::size_t words_min_;
  std::vector<Run> runs_;
  std::size_t at_ = 0;
  std::size_t last_end_ = 0;  ///< of the last word
};

}  // namespace steward::filters::leak
