#pragma once

#include <cstdint>
#include <string_view>

#include "steward/core/hash.h"

namespace steward {

/// SplitMix64 [Steele et al. 2014]: small, seeded, the same on every platform.
/// Seed it per item (`Random(hash64(item_id) ^ seed)`) so that order never matters.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  explicit Random(std::string_view seed) : state_(hash64(seed)) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) { return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64); }

 private:
  std::uint64_t state_;
};

}  // namespace steward
