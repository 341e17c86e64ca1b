#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "steward/filters/pii/recogniser.h"

namespace steward::filters::pii {

/// What a name must show, by how sure its cue is.
enum class NameTrust : std::uint8_t {
  kAny,    ///< a capitalised word
  kPair,   ///< two of them, or a common given name
  kGiven,  ///< a common given name, with what follows it
  kBoth,   ///< a common given name and at least one word more
};

struct NameParts {
  Match match;
  std::size_t words = 0;
  bool given = false;  ///< the first word is a common given name
};

/// The name that begins at `begin`: capitalised words with initials, hyphens and particles.
std::optional<NameParts> read_name(Reader& reader, std::size_t begin, NameTrust trust);

/// A name at `begin` that is known: its longest form of at most four words.
std::optional<Match> read_known_name(Reader& reader, std::size_t begin, const KnownNames& known);

/// `at` behind titles ("Dr. ") and the spaces that follow them.
std::size_t skip_titles(Reader& reader, std::size_t at);

}  // namespace steward::filters::pii
