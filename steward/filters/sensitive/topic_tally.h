#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "steward/filters/phrases/phrase_matcher.h"

namespace steward::filters {

/// Topics whose evidence adds up; `crisis` is found by whole phrases (crisis.h).
inline constexpr std::array<std::string_view, 6> kTopics = {"politics", "religion", "medical", "legal", "financial", "relationships"};
/// Log-odds of a topic before anything was read.
inline constexpr double kTopicBias = -4;
/// How many words the evidence for a topic may be spread over.
inline constexpr std::uint32_t kTopicWindowWords = 48;

/// What a phrase says about one topic.
struct TopicEvidence {
  std::size_t topic = 0;  ///< index into kTopics
  double weight = 0;      ///< log-odds
  int line = 0;           ///< of its list
};

/// The evidence for one topic in the last words read. Each entry counts once.
class TopicTally {
 public:
  /// Takes the next match, in the order in which matches end. One that lies in a match taken before does not count.
  void take(const PhraseMatch& match, const TopicEvidence& evidence);
  double probability() const;
  /// From the first piece of evidence to the last, in the view.
  text::Span span() const;
  std::vector<int> lines() const;

 private:
  struct Piece {
    PhraseMatch match;
    TopicEvidence evidence;
  };
  std::vector<Piece> pieces_;
};

}  // namespace steward::filters
