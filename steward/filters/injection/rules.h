#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "steward/filters/injection/concepts.h"

namespace steward::filters {

/// How far apart evidence may stand and still add up, so that neither a long harmless text adds up to an attack nor padding hides one.
inline constexpr std::size_t kWindowBytes = 600;

/// In a text as short as this, what is the core of an attack is most of what the text says.
inline constexpr std::size_t kShortBytes = 400;

/// A set of concepts, by bit.
using ConceptSet = std::uint64_t;
constexpr ConceptSet bit(Concept meaning) { return ConceptSet{1} << static_cast<unsigned>(meaning); }
static_assert(kConceptCount <= 64);

enum class Family : std::uint8_t {
  kOverride,
  kExtraction,
  kPersona,
  kRefusal,
  kPrefix,
  kTemplate,
  kManyShot,
  kCipher,
  kAuthority,
  kSplit,
  kThreat,
  kData
};

/// Where the first step must stand.
enum class Opens : std::uint8_t { kAny, kSentence, kString };  ///< kString: where a sentence, a quotation or a string of JSON begins

/// Evidence by name. A sequence rule needs its steps in this order within one sentence, each at most `gap` words behind the one before. A
/// rule without a second step needs just the first. Entries of one name are the same evidence.
struct SequenceRule {
  std::string_view name;
  Family family;
  ConceptSet first, second = 0, third = 0;
  std::uint32_t gap = 5;
  Opens opens = Opens::kAny;
};
std::span<const SequenceRule> user_sequences();
std::span<const SequenceRule> data_sequences();

/// Needs one concept of each set within a window (kWindowBytes).
struct CombinationRule {
  std::string_view name;
  Family family;
  ConceptSet first, second, third = 0;
};
std::span<const CombinationRule> combinations();

/// Names of the evidence that code finds (structure.h), in the order of Structure.
enum class Structure : std::uint8_t {
  kTemplateToken,
  kRoleTag,
  kRoleHeader,
  kFewTurns,
  kManyTurns,
  kPolicyBlock,
  kSplitPayload,
  kSpelledOut,
  kShortOverride,
  kShortExtraction,
  kShortOther
};
struct StructureRule {
  std::string_view name;
  Family family;
};
inline constexpr std::size_t kStructureCount = 11;
std::span<const StructureRule> structures();

/// Every evidence has a number: the names in the order in which they first stand in the tables above.
std::size_t evidence_count();
std::string_view evidence_name(std::size_t number);
Family evidence_family(std::size_t number);
std::size_t evidence_number(std::string_view name);  ///< evidence_count() if there is none

}  // namespace steward::filters
