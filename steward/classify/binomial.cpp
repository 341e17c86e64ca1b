#include "steward/classify/binomial.h"

#include <cmath>

#include <boost/math/distributions/binomial.hpp>

#include "steward/core/check.h"

namespace steward::classify {
namespace {

using Binomial = boost::math::binomial_distribution<double>;

}  // namespace

Interval exact_interval(std::size_t hits, std::size_t rows, double confidence) {
  STEWARD_CHECK(rows > 0 && hits <= rows && confidence > 0 && confidence < 1);
  const auto n = static_cast<double>(rows), k = static_cast<double>(hits);
  const double tail = (1 - confidence) / 2;
  return {k / n, hits == 0 ? 0 : Binomial::find_lower_bound_on_p(n, k, tail),
          hits == rows ? 1 : Binomial::find_upper_bound_on_p(n, k, tail)};
}

double upper_bound(std::size_t hits, std::size_t rows, double confidence) {
  STEWARD_CHECK(rows > 0 && hits <= rows && confidence > 0 && confidence < 1);
  return hits == rows ? 1 : Binomial::find_upper_bound_on_p(static_cast<double>(rows), static_cast<double>(hits), 1 - confidence);
}

std::optional<std::size_t> hits_allowed(std::size_t rows, double share, double confidence) {
  if (rows == 0 || upper_bound(0, rows, confidence) > share) return std::nullopt;
  std::size_t good = 0, bad = static_cast<std::size_t>(std::ceil(share * static_cast<double>(rows))) + 1;
  bad = std::min(bad, rows);  // so many show a share of more than `share` already
  while (bad - good > 1) {
    const std::size_t middle = good + (bad - good) / 2;
    (upper_bound(middle, rows, confidence) <= share ? good : bad) = middle;
  }
  return good;
}

std::size_t rows_needed(double share, double confidence) {
  STEWARD_CHECK(share > 0 && share < 1 && confidence > 0 && confidence < 1);
  return static_cast<std::size_t>(std::ceil(std::log1p(-confidence) / std::log1p(-share)));
}

}  // namespace steward::classify
