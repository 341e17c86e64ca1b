#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "steward/text/view.h"

namespace steward::text {

/// NFKC case fold, segment by segment between normalisation boundaries (UAX #15, section 9). Feed it a growing text.
class Folder {
 public:
  /// Consumes all of `raw` behind what was consumed before that can no longer change. `last`: nothing will follow.
  void advance(std::string_view raw, bool last);
  const MappedText& out() const { return out_; }
  MappedText take() { return std::move(out_); }
  std::size_t consumed() const { return consumed_; }

 private:
  std::size_t fold_segment(std::string_view raw, std::size_t begin, bool last);

  MappedText out_;
  std::size_t consumed_ = 0;
};

/// Confusables, stacked marks and leet over folded text, run by run.
class SkeletonMaker {
 public:
  void advance(const MappedText& folded, bool last);
  const MappedText& out() const { return out_; }
  MappedText take() { return std::move(out_); }
  /// Bytes of folded text that were used up.
  std::size_t consumed() const { return consumed_; }

 private:
  std::size_t plain_end(std::string_view folded, bool last) const;
  std::size_t run_end(std::string_view folded, bool last) const;
  void map_run(const MappedText& folded, std::size_t begin, std::size_t end);

  MappedText out_;
  std::string plain_;  ///< kept for its memory
  std::size_t consumed_ = 0;
};

// What both the skeleton and the repair are made of.

/// The UTS #39 prototype of a character, or null.
const char* confusable(char32_t c);
/// What a digit or sign stands for in leet, or 0.
char leet(char32_t c);
/// True for leet signs that mean what they are at the end of a word.
bool stands_inside_only(char32_t c);
bool is_mark(char32_t c);
/// True for scripts whose letters do not need marks to be read.
bool is_alphabetic_script(char32_t c);
/// The base letter without any accent, for letters under stacked marks.
std::string strip_accents(char32_t c);

/// Folded text as a reader takes it (Views::repaired).
MappedText repair(const MappedText& folded);

}  // namespace steward::text
