#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {

struct Hit {
  const Recogniser* recogniser = nullptr;
  Match match;
};

/// Recognisers by what triggers them.
class Triggers {
 public:
  explicit Triggers(std::vector<const Recogniser*> recognisers);
  const std::vector<const Recogniser*>& all() const { return all_; }
  const std::vector<const Recogniser*>& of(Trigger trigger) const { return by_trigger_[static_cast<std::size_t>(trigger)]; }

 private:
  std::vector<const Recogniser*> all_;
  std::array<std::vector<const Recogniser*>, 3> by_trigger_;
};

/// Finds matches in a folded text that grows at its end, left to right, none overlapping. Each step is decided by text that no
/// continuation changes, so what is found does not depend on how the text grew.
class Scanner {
 public:
  /// Both outlive it.
  Scanner(const Triggers& triggers, const Options& options) : triggers_(&triggers), options_(&options) {}

  /// `text` begins with the text of the call before; `finished`: nothing follows. Appends the new hits, by position. Returns the
  /// position below which no later hit reaches; it never falls.
  std::size_t advance(std::string_view text, bool finished, std::vector<Hit>& hits);

 private:
  enum class Step { kMiss, kHit, kStarved };
  Step try_trigger(std::string_view text, bool finished, Trigger trigger, std::vector<Hit>& hits) const;
  std::size_t watermark(std::string_view text, std::size_t end) const;

  const Triggers* triggers_;
  const Options* options_;
  std::size_t from_ = 0;  ///< end of the last hit
  std::size_t at_ = 0;    ///< triggers before it are decided
};

}  // namespace steward::filters::pii
