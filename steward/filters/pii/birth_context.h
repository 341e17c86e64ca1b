#pragma once

#include <cstddef>

#include "steward/filters/pii/reader.h"

namespace steward::filters::pii {

/// Whether the words before `begin` on its line, or behind `end` in its sentence, say that the date there is a day of birth. The nearest
/// word that tells what day it is decides: "born", or "admitted".
bool is_birth_date(Reader& reader, std::size_t begin, std::size_t end);

}  // namespace steward::filters::pii
