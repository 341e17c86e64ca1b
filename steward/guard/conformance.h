#pragma once

#include <cstdint>
#include <string>

#include "steward/guard/guard.h"

namespace steward::guard {

/// Streams `text` (any bytes) through fresh output guards: whole, byte by byte, and in `cuts` random ways, across
/// characters too. Checks that
/// - decision and released text are the same each time, and by take_whole (identifiers and times apart);
/// - the text released equals the text with its rewrites, up to the earliest blocking span: no byte of a blocked or a
/// redacted
///   span was sent;
/// - with an empty vault, a stream that was not ended found what one whole scan finds, and one that was ended stayed
/// before
///   every blocking span of the whole scan.
/// A run in which a filter takes longer than its deadline is done again, five times at most: no time decides here.
/// Spans of advisory filters may be sent, that is their bargain; the last check is then left out.
/// Returns "" when all of it holds, else what does not, for EXPECT_EQ(check_stream_invariance(…), ""). The same seed
/// gives the same cuts.
std::string check_stream_invariance(const Guard& guard, const Turn& turn, std::string text, int cuts, std::uint64_t seed);

}  // namespace steward::guard
