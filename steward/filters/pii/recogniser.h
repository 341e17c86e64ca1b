#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/filters/pii/known_names.h"
#include "steward/filters/pii/phone_plan.h"
#include "steward/filters/pii/reader.h"
#include "steward/text/view.h"

namespace steward::filters::pii {

/// What a recogniser waits for. A digit triggers at the first digit of a group; a word triggers at its first letter if name_cue() knows it,
/// or if it may begin a known name.
enum class Trigger : std::uint8_t { kAt, kDigit, kBracket, kWord };

struct Options {
  std::vector<const phone::Region*> regions;  ///< whose national phone formats count
};

/// Where a recogniser is asked. The text is the folded view.
struct Place {
  std::size_t trigger = 0;
  std::size_t from = 0;  ///< a match begins here or later: everything before belongs to earlier matches
  const KnownNames* known = nullptr;
};

struct Match {
  text::Span span;        ///< in the folded view
  std::string canonical;  ///< equal for equal values
};

/// One type of personal data. A new type is one file with a Recogniser and one line in recognisers.cpp.
struct Recogniser {
  std::string_view subtype;   ///< as in the policy and in findings: "email"
  std::string_view kind;      ///< as in placeholders: "EMAIL"
  std::string_view evidence;  ///< the rule, for findings
  Trigger trigger;
  /// The match around `place.trigger`, if any. Bytes are read through `reader` only, apart from those before the trigger.
  std::optional<Match> (*probe)(Reader& reader, const Place& place, const Options& options);
  /// The earliest begin, at `from` or later, of a match whose trigger stands at `end` or behind it.
  std::size_t (*tail)(const CasedText& text, std::size_t end, std::size_t from);
};

/// A tail that reads no case.
template <auto kTail>
std::size_t caseless(const CasedText& text, std::size_t end, std::size_t from) {
  return kTail(text.text(), end, from);
}

extern const Recogniser kEmail, kPhone, kCard, kIban, kNationalId, kPassport, kIp, kMac, kCrypto, kName, kAddress, kDateOfBirth,
    kPlaceholder;

/// All types of personal data; where two match at one place the longer wins, then the earlier in this table.
std::span<const Recogniser* const> recognisers();

}  // namespace steward::filters::pii
