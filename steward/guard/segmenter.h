#pragma once

#include <string>
#include <string_view>

namespace steward::guard {

/// Re-cuts a byte stream into segments whose borders depend on the text alone (docs/design/0001-segments.md). A segment ends behind
/// white space, ASCII punctuation or a character of an unspaced script, and else after 24 bytes. Bytes that are not UTF-8
/// become U+FFFD, the same way however they were cut.
class Segmenter {
 public:
  void push(std::string_view bytes) { pending_ += bytes; }
  /// No more bytes follow: what is left is the last segment.
  void finish() { finished_ = true; }
  /// The next whole segment, or "" when none is complete yet.
  std::string next();
  std::size_t pending_bytes() const { return pending_.size() - at_ + open_.size(); }

 private:
  bool take_char(std::string& out);

  std::string pending_;
  std::size_t at_ = 0;
  std::string open_;  ///< the segment being gathered, well-formed
  bool finished_ = false;
};

}  // namespace steward::guard
