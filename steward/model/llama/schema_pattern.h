#pragma once

#include <string>
#include <string_view>

#include "steward/core/result.h"

namespace steward::model {

/// A `pattern` of a JSON Schema (ECMA 262, the part without look-around and references) rewritten for the grammar converter: anchored at
/// both ends, with \d, \w, \s and `.` as classes, and with nothing in it that a JSON string writes with an escape (quotes, backslashes,
/// control characters), so that what it matches can stand between the quotes as it is.
/// Errors: kInvalidInput, without a param, when it cannot be, or would make a grammar that is dear.
Result<std::string> json_string_pattern(std::string_view pattern);

}  // namespace steward::model
