#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
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
  std::array<std::vector<const Recogniser*>, 4> by_trigger_;
};

/// Finds matches in a folded text that grows at its end, left to right, none overlapping. Each step is decided by text that no
/// continuation changes, so what is found does not depend on how the text grew.
class Scanner {
 public:
  /// Both outlive it. `known`: names that were introduced elsewhere.
  Scanner(const Triggers& triggers, const Options& options, KnownNames known = {})
      : triggers_(&triggers), options_(&options), known_(std::move(known)) {}

  /// `text` begins with the text of the call before. Appends the new hits, by position. Returns the position below which no later hit
  /// reaches; it never falls.
  std::size_t advance(const CasedText& text, std::vector<Hit>& hits);

 private:
  enum class Step { kMiss, kHit, kStarved };
  /// The trigger at at_, if any; otherwise moves at_ on, or starves.
  Step find_trigger(const CasedText& text, Trigger& trigger);
  Step find_word(const CasedText& text);
  Step try_trigger(const CasedText& text, Trigger trigger, std::vector<Hit>& hits);
  /// Words are decided up to `word`, other triggers up to `other`.
  std::size_t watermark(const CasedText& text, std::size_t word, std::size_t other) const;

  const Triggers* triggers_;
  const Options* options_;
  KnownNames known_;
  std::size_t from_ = 0;  ///< end of the last hit
  std::size_t at_ = 0;    ///< triggers before it are decided
};

}  // namespace steward::filters::pii
