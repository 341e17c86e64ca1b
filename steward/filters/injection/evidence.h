#pragma once

#include <array>
#include <string>
#include <vector>

#include "steward/filters/injection/rules.h"
#include "steward/filters/phrases/phrase_matcher.h"
#include "steward/text/view.h"

namespace steward::filters {

/// Who speaks: the user, who may ask for anything but to break the rules, or data, which may ask for nothing.
enum class Voice : std::uint8_t { kUser, kData };
inline constexpr std::size_t kVoices = 2;

struct Evidence {
  std::size_t number;  ///< evidence_name()
  text::Span span;     ///< whole sentences of the raw text
  Voice voice;
};

/// Reads a text for evidence. Immutable once built, which takes tens of milliseconds; a few megabytes.
class EvidenceReader {
 public:
  EvidenceReader();
  /// What there is in the text: each evidence once a sentence, and combinations once a voice. Data within a user's message speaks as data.
  std::vector<Evidence> read(const text::Views& views, Voice voice) const;

 private:
  struct Rules {
    std::vector<SequenceRule> rules;
    std::vector<std::size_t> numbers;
    std::array<std::vector<std::size_t>, kConceptCount> by_first;  ///< indices into rules
  };
  friend class EvidenceScan;
  static Rules rules_of(std::initializer_list<std::span<const SequenceRule>> tables);

  PhraseSet user_phrases_{text::ViewKind::kSkeleton};
  PhraseSet data_phrases_{text::ViewKind::kSkeleton};
  Rules user_rules_, data_rules_;
  std::array<std::size_t, kStructureCount> structure_numbers_;
  std::vector<std::size_t> combination_numbers_;
};

}  // namespace steward::filters
