#pragma once

#include <memory>

#include "steward/guard/filter.h"

namespace steward::guard {

/// `inner`, which then also reads the decoded views of each text: escapes undone, encoded runs decoded, and on input ROT13 and the text
/// backwards. What it finds there lands on the original, an encoded run as one piece, with how it was encoded in front of the evidence.
/// A stream is held while an escape or an encoded run is not over.
std::unique_ptr<Filter> with_decoded_views(std::unique_ptr<Filter> inner);

}  // namespace steward::guard
