#pragma once

#include <memory>

#include "steward/guard/detector.h"
#include "steward/guard/guard.h"

namespace steward::guard {

/// Most output bytes that the filters together may hold back. A filter that holds more has failed.
inline constexpr std::size_t kHeldBytesMax = 4096;

/// `keep_alive` owns what `pipeline` refers to, so that a reload in mid-stream changes nothing.
std::unique_ptr<OutputGuard> open_output_stream(const Pipeline& pipeline, std::shared_ptr<const void> keep_alive, const Turn& turn);

}  // namespace steward::guard
