#include "steward/filters/sensitive/topic_tally.h"

#include <algorithm>
#include <cmath>

namespace steward::filters {

void TopicTally::take(const PhraseMatch& match, const TopicEvidence& evidence) {
  const auto inside = [](text::Span inner, text::Span outer) { return outer.begin <= inner.begin && inner.end <= outer.end; };
  std::erase_if(pieces_, [&](const Piece& piece) {
    return piece.match.first_word + kTopicWindowWords < match.last_word || piece.evidence.line == evidence.line;
  });
  const bool known = std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return inside(match.span, piece.match.span); });
  if (!known) pieces_.push_back({match, evidence});
}

double TopicTally::probability() const {
  double sum = kTopicBias;
  for (const Piece& piece : pieces_) sum += piece.evidence.weight;
  return 1 / (1 + std::exp(-sum));
}

text::Span TopicTally::span() const {
  if (pieces_.empty()) return {};
  text::Span span = pieces_.front().match.span;
  for (const Piece& piece : pieces_) {
    span.begin = std::min(span.begin, piece.match.span.begin);
    span.end = std::max(span.end, piece.match.span.end);
  }
  return span;
}

std::vector<int> TopicTally::lines() const {
  std::vector<int> lines;
  for (const Piece& piece : pieces_) lines.push_back(piece.evidence.line);
  return lines;
}

}  // namespace steward::filters
