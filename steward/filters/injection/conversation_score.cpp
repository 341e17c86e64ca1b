#include "steward/filters/injection/conversation_score.h"

#include <algorithm>
#include <cmath>

namespace steward::filters {

void ConversationScore::add(const Turn& turn) {
  evidence_ = options_.decay * evidence_ + std::clamp(std::max(turn.rules, turn.learned), 0.0, options_.turn_max);
}

double ConversationScore::probability() const { return 1 / (1 + std::exp(options_.act - evidence_)); }

}  // namespace steward::filters
