#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "steward/core/bootstrap.h"

namespace steward::classify {

/// One scored row: higher means more likely positive.
struct Scored {
  double score = 0;
  bool positive = false;
  std::size_t cluster = 0;  ///< rows of one source prompt share it
};

/// Area under the precision-recall curve by average precision, Σ (R_n - R_{n-1}) P_n over the distinct scores; 0 without positives.
double average_precision(std::span<const Scored> rows);
/// Area under the ROC curve: the share of (positive, negative) pairs in order, ties half [Hanley & McNeil 1982]; 0.5 if one class is
/// missing.
double auroc(std::span<const Scored> rows);
/// Largest recall of a threshold whose false-positive rate is at most `fpr`.
double recall_at_fpr(std::span<const Scored> rows, double fpr);
/// Least score that is above all but a share `fpr` of `negatives`.
double threshold_at_fpr(std::vector<double> negatives, double fpr);
/// F1 of `score >= threshold`.
double f1_at(std::span<const Scored> rows, double threshold);
/// Expected calibration error over `bins` bins of equal width of scores that are probabilities [Guo et al. 2017, eq. 3].
double expected_calibration_error(std::span<const Scored> rows, int bins);

/// Interval of a metric over whole clusters (core/bootstrap.h).
Interval bootstrap(std::span<const Scored> rows, const std::function<double(std::span<const Scored>)>& metric, int rounds);

}  // namespace steward::classify
