#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "steward/core/clock.h"

namespace steward {

/// UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits.
/// Sorts by time of creation.
std::string make_uuid7(const Clock& clock);
/// `prefix` and a UUIDv7 without dashes: "chatcmpl-0193…", "dec_0193…".
std::string make_id(std::string_view prefix, const Clock& clock);

}  // namespace steward
