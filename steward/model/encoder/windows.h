#pragma once

#include <cstddef>
#include <vector>

#include "steward/model/encoder/tokenizer.h"
#include "steward/text/mapped_text.h"

namespace steward::model {

/// Where the windows of a text lie in its tokens.
struct WindowShape {
  std::size_t tokens;  ///< in a window, without what is added around it
  std::size_t stride;  ///< at most `tokens`
  std::size_t most;    ///< windows of one text
};

struct TokenRange {
  std::size_t begin = 0, end = 0;
};

/// Ranges of at most `shape.tokens` tokens that begin `shape.stride` apart and cover `count` tokens; one empty range for none. Of more than
/// `shape.most`, the first half (rounded up) and the last half are kept.
std::vector<TokenRange> cut_windows(std::size_t count, const WindowShape& shape);

/// Bytes of the text that a range covers. The first window begins with the text and the last one ends with it: what has no token of its
/// own, such as spaces, belongs to the window around it.
text::Span span_of(TokenRange range, const std::vector<EncoderToken>& tokens, std::size_t text_bytes);

}  // namespace steward::model
