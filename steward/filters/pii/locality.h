#pragma once

#include <cstddef>

#include "steward/filters/pii/reader.h"

namespace steward::filters::pii {

/// What follows a street and its number.
struct Locality {
  std::size_t end = 0;
  bool certain = false;  ///< a postcode or a flat was read, not only a town
};

/// Flat, postcode, town, state and country that begin at `end`, behind a comma, a space or the end of a line.
Locality read_locality(Reader& reader, std::size_t end);

/// End of at most `most` capitalised words from `begin`, with particles between; `begin` if there are none.
std::size_t place_words_end(Reader& reader, std::size_t begin, int most);

/// End of the "62704" or "62704-1234" at `at`, or 0.
std::size_t zip_end(Reader& reader, std::size_t at);

}  // namespace steward::filters::pii
