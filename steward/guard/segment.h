#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace steward::guard {

/// Makes well-formed UTF-8 of bytes that arrive in any pieces. Each maximal ill-formed part becomes one U+FFFD (Unicode
/// 15, section 3.9, "U+FFFD substitution of maximal subparts"), so the result does not depend on the pieces.
class Utf8Mender {
 public:
  /// Appends to `out` what is certain. At most 3 bytes of an unfinished character wait.
  void push(std::string_view bytes, std::string& out);
  /// No more bytes come: an unfinished character becomes U+FFFD.
  void finish(std::string& out);
  std::size_t pending_bytes() const { return pending_.size(); }

 private:
  std::string pending_;
};

std::string mend_utf8(std::string_view bytes);

/// Longest segment: 24 bytes and the rest of the character that crosses them.
inline constexpr std::size_t kSegmentBytesMax = 27;

/// Cuts a growing text into segments by the text alone (docs/design/0001-segments.md): a segment ends behind white
/// space, ASCII punctuation and each character of a script written without spaces, and else behind 24 bytes.
class Segmenter {
 public:
  void push(std::string_view utf8);    ///< whole characters only
  void finish() { finished_ = true; }  ///< the rest is a segment too
  /// The next whole segment, or nullopt when it needs more text. Valid until the next push.
  std::optional<std::string_view> next();
  /// Bytes that no segment has taken yet.
  std::size_t pending_bytes() const { return text_.size() - begin_; }

 private:
  std::string_view take();

  bool finished_ = false;
  std::string text_;
  std::size_t begin_ = 0;  ///< of the segment under way
  std::size_t at_ = 0;     ///< characters before it have been looked at
};

}  // namespace steward::guard
