#pragma once

#include <cstddef>
#include <optional>

#include "steward/classify/metrics.h"

namespace steward::classify {

/// The exact interval of a share that `hits` of `rows` draws show [Clopper & Pearson 1934]; `confidence` on both sides together.
/// Precondition: hits <= rows, rows > 0, confidence in (0, 1).
Interval exact_interval(std::size_t hits, std::size_t rows, double confidence);

/// The largest share that `hits` of `rows` draws leave possible with `confidence` (one-sided).
double upper_bound(std::size_t hits, std::size_t rows, double confidence);

/// The most hits among `rows` draws that still show, with `confidence`, a share of at most `share`; nothing if not even none do. A score
/// that so many of the highest are above has that share above it in all: the bound is that of order statistics, too [Wilks 1941].
std::optional<std::size_t> hits_allowed(std::size_t rows, double share, double confidence);

/// The draws without any hit that it takes to show a share of at most `share`: (1 - share)^n <= 1 - confidence.
std::size_t rows_needed(double share, double confidence);

}  // namespace steward::classify
