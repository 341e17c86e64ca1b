#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/filters/phrases/phrase_matcher.h"

namespace steward::filters {

/// What a person in danger or distress says of themselves, or of somebody close to them.
struct CrisisMeaning {
  std::string kind;  ///< intent, disclosure: self-harm; eating, danger, abuse, grief, concern: else
  std::string evidence;
};

struct CrisisHit {
  const CrisisMeaning* meaning = nullptr;
  text::Span span;  ///< in the view
};

/// Finds the phrases of crisis lists, in all their languages at once: they are long enough to belong to one only, and a user at risk
/// must not be missed because a language was taken for another. Immutable once built.
class CrisisPhrases {
 public:
  static const std::vector<std::string_view>& sections();
  /// `name` stands in the evidence. Errors: kInvalidInput with file and line.
  Result<void> add_list(const std::string& path, const std::string& name);
  /// The first hit of each kind in a whole text of the skeleton view. A hit within a figurative phrase ("i could die of laughter") is none,
  /// nor one that a frame before it in its sentence makes a character's ("a scene in which …"), nor a quotation where the text has a frame
  /// or a verb of speech.
  std::vector<CrisisHit> find(const Source& source, const Source& original) const;

 private:
  std::vector<CrisisMeaning> meanings_;
  PhraseSet hits_{text::ViewKind::kSkeleton};
  PhraseSet figurative_{text::ViewKind::kSkeleton};
  PhraseSet frames_{text::ViewKind::kSkeleton};
  PhraseSet speech_{text::ViewKind::kSkeleton};
};

}  // namespace steward::filters
