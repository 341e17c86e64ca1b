#include "steward/classify/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace steward::classify {
namespace {

std::vector<Scored> best_first(std::span<const Scored> rows) {
  std::vector<Scored> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end(), [](const Scored& a, const Scored& b) { return a.score > b.score; });
  return sorted;
}

/// Calls `step` with the counts of positives and negatives at or above each distinct score, best first.
void walk(std::span<const Scored> rows, const std::function<void(double positives, double negatives)>& step) {
  const std::vector<Scored> sorted = best_first(rows);
  double positives = 0, negatives = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    (sorted[i].positive ? positives : negatives) += 1;
    if (i + 1 == sorted.size() || sorted[i + 1].score != sorted[i].score) step(positives, negatives);
  }
}

double count_positives(std::span<const Scored> rows) {
  return static_cast<double>(std::count_if(rows.begin(), rows.end(), [](const Scored& row) { return row.positive; }));
}

}  // namespace

double average_precision(std::span<const Scored> rows) {
  const double all = count_positives(rows);
  if (all == 0) return 0;
  double sum = 0, recall_before = 0;
  walk(rows, [&](double positives, double negatives) {
    sum += (positives / all - recall_before) * positives / (positives + negatives);
    recall_before = positives / all;
  });
  return sum;
}

double auroc(std::span<const Scored> rows) {
  const double all_positives = count_positives(rows), all_negatives = static_cast<double>(rows.size()) - all_positives;
  if (all_positives == 0 || all_negatives == 0) return 0.5;
  double area = 0, positives_before = 0, negatives_before = 0;
  walk(rows, [&](double positives, double negatives) {
    area += (negatives - negatives_before) * (positives + positives_before) / 2;
    positives_before = positives;
    negatives_before = negatives;
  });
  return area / (all_positives * all_negatives);
}

double recall_at_fpr(std::span<const Scored> rows, double fpr) {
  const double all_positives = count_positives(rows), all_negatives = static_cast<double>(rows.size()) - all_positives;
  if (all_positives == 0) return 0;
  double best = 0;
  walk(rows, [&](double positives, double negatives) {
    if (negatives <= fpr * all_negatives) best = positives / all_positives;
  });
  return best;
}

double threshold_at_fpr(std::vector<double> negatives, double fpr) {
  if (negatives.empty()) return std::numeric_limits<double>::infinity();
  std::sort(negatives.begin(), negatives.end(), std::greater<>());
  const auto allowed = static_cast<std::size_t>(fpr * static_cast<double>(negatives.size()));
  if (allowed >= negatives.size()) return -std::numeric_limits<double>::infinity();
  return std::nextafter(negatives[allowed], std::numeric_limits<double>::infinity());
}

double f1_at(std::span<const Scored> rows, double threshold) {
  double hits = 0, flagged = 0;
  for (const Scored& row : rows) {
    if (row.score < threshold) continue;
    flagged += 1;
    hits += row.positive ? 1 : 0;
  }
  const double all = count_positives(rows);
  return flagged + all == 0 ? 0 : 2 * hits / (flagged + all);
}

double expected_calibration_error(std::span<const Scored> rows, int bins) {
  std::vector<double> count(static_cast<std::size_t>(bins)), scores(count), positives(count);
  for (const Scored& row : rows) {
    const auto bin = static_cast<std::size_t>(std::clamp(row.score * bins, 0.0, bins - 1.0));
    count[bin] += 1;
    scores[bin] += row.score;
    positives[bin] += row.positive ? 1 : 0;
  }
  double error = 0;
  for (std::size_t bin = 0; bin < count.size(); ++bin) error += std::abs(scores[bin] - positives[bin]);
  return rows.empty() ? 0 : error / static_cast<double>(rows.size());
}

Interval bootstrap(std::span<const Scored> rows, const std::function<double(std::span<const Scored>)>& metric, int rounds) {
  std::map<std::size_t, std::vector<std::size_t>> by_cluster;
  for (std::size_t row = 0; row < rows.size(); ++row) by_cluster[rows[row].cluster].push_back(row);
  std::vector<std::vector<std::size_t>> clusters;
  for (auto& [id, members] : by_cluster) clusters.push_back(std::move(members));
  std::vector<Scored> sample;
  const auto metric_of = [&](std::span<const std::size_t> drawn) {
    sample.clear();
    for (const std::size_t row : drawn) sample.push_back(rows[row]);
    return metric(sample);
  };
  return steward::bootstrap(clusters, metric_of, rounds);
}

}  // namespace steward::classify
