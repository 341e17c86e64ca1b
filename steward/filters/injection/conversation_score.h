#pragma once

namespace steward::filters {

/// Evidence of an attack that is spread over the turns of a conversation, each of which would pass: s = decay * s + evidence, from the
/// oldest turn on. Holds nothing but the sum; a conversation's history comes with each request.
class ConversationScore {
 public:
  struct Options {
    double decay = 0.7;     ///< what is left of older evidence a turn later
    double turn_max = 2.5;  ///< no turn counts more, so that one alone never crosses
    double act = 5;         ///< evidence in log-odds at which the conversation is an attack
  };
  /// Evidence in log-odds, 0 or more. Both read the same words, so that the stronger of the two counts and not their sum.
  struct Turn {
    double rules = 0;
    double learned = 0;  ///< of a learned model, where there is one
  };

  explicit ConversationScore(Options options) : options_(options) {}
  void add(const Turn& turn);
  double evidence() const { return evidence_; }
  /// 0.5 where evidence() reaches Options::act.
  double probability() const;

 private:
  Options options_;
  double evidence_ = 0;
};

}  // namespace steward::filters
