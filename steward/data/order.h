#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "steward/core/result.h"

namespace steward::data {

/// 0 … count - 1 in an order that depends on the arguments alone (Fisher-Yates).
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed, std::uint64_t epoch);

/// One source of a mix, such as helpful or safety rows.
struct MixPart {
  std::size_t count = 0;  ///< samples that it has
  double ratio = 1;       ///< > 0, its share beside the others'
};

/// The samples of one epoch, shuffled, as indices into the sources laid end to end. As many of each as the ratios ask for and the scarcest
/// source allows without giving a sample twice; following epochs take samples that were not taken yet, as long as there are enough.
/// Errors: kInvalidInput if a source is empty or a ratio is not above 0.
Result<std::vector<std::size_t>> mix_epoch(std::span<const MixPart> parts, std::uint64_t seed, std::uint64_t epoch);

}  // namespace steward::data
