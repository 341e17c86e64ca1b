#include "steward/model/encoder/windows.h"

#include <algorithm>

namespace steward::model {

std::vector<TokenRange> cut_windows(std::size_t count, const WindowShape& shape) {
  std::size_t windows = 1;
  if (count > shape.tokens) windows += (count - shape.tokens + shape.stride - 1) / shape.stride;
  const std::size_t kept = std::min(windows, shape.most), head = (kept + 1) / 2;
  std::vector<TokenRange> out;
  for (std::size_t i = 0; i < kept; ++i) {
    const std::size_t begin = (i < head ? i : windows - kept + i) * shape.stride;
    out.push_back({begin, std::min(begin + shape.tokens, count)});
  }
  return out;
}

text::Span span_of(TokenRange range, const std::vector<EncoderToken>& tokens, std::size_t text_bytes) {
  // A range ends where the next token begins, so that no byte lies between windows.
  const std::size_t begin = range.begin == 0 ? 0 : tokens[range.begin].begin;
  const std::size_t end =
      range.end == tokens.size() ? text_bytes : std::max<std::size_t>(tokens[range.end - 1].end, tokens[range.end].begin);
  return {begin, end};
}

}  // namespace steward::model
