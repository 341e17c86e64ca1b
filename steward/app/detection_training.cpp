#include "steward/app/detection_training.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "steward/classify/dense_trainer.h"
#include "steward/classify/linear_trainer.h"
#include "steward/filters/classifier/scorer.h"

namespace steward::app {
namespace {

using classify::Example;
using classify::kLabelCount;
using classify::LabelScores;
using classify::Place;
using classify::Scored;

/// Of all labels together, on benign texts.
constexpr double kBudgetOfAll = 0.01;
/// Of the texts that both tiers together would flag, the share that the linear tier may let go by itself.
constexpr double kGateLoss = 0.02;
/// Rows of a language that make a curve of its own.
constexpr std::size_t kCurveTextsMin = 400;
/// Of each kind, for a language to be one that a label was measured in.
constexpr std::size_t kLanguageRowsMin = 25;

std::vector<Place> places_without(const DetectionData& data, const std::vector<std::string>& left_out) {
  std::vector<Place> places;
  for (const Place& place : classify::training_places(data.sets(), ""))
    if (std::find(left_out.begin(), left_out.end(), data.sets()[place.set].info.group) == left_out.end()) places.push_back(place);
  return places;
}

LabelScores nothing() {
  LabelScores scores;
  scores.fill(std::numeric_limits<float>::quiet_NaN());
  return scores;
}

void keep_highest(LabelScores& best, const LabelScores& scores) {
  for (std::size_t label = 0; label < kLabelCount; ++label)
    if (std::isnan(best[label]) || scores[label] > best[label]) best[label] = scores[label];
}

LabelScores score_part(const classify::LinearWeights& weights, const std::vector<std::uint32_t>& rows) {
  LabelScores sums{};
  for (const std::uint32_t row : rows)
    for (std::size_t label = 0; label < kLabelCount; ++label) sums[label] += weights.table[std::size_t{row} * kLabelCount + label];
  const float norm = rows.empty() ? 0 : 1 / std::sqrt(static_cast<float>(rows.size()));
  for (std::size_t label = 0; label < kLabelCount; ++label)
    sums[label] = weights.trained[label] ? weights.bias[label] + sums[label] * norm : std::numeric_limits<float>::quiet_NaN();
  return sums;
}

bool is_benign_set(const classify::SetInfo& info) {
  return info.task == "benign" || info.task == "look_alike" || info.task == "background";
}

/// Every train row with its scores.
template <class Use>
void each_train_row(const DetectionData& data, const ScoreTable& table, Use use) {
  for (std::size_t s = 0; s < table.size(); ++s)
    for (std::size_t r = 0; r < table[s].size(); ++r)
      if (data.sets()[s].examples[r].split == "train") use(data.sets()[s], data.sets()[s].examples[r], table[s][r]);
}

/// Languages with enough known rows of both kinds to show something.
std::vector<std::string> languages_of(const DetectionData& data, const ScoreTable& table, std::size_t label) {
  std::map<std::string, std::pair<std::size_t, std::size_t>> counts;
  each_train_row(data, table, [&](const classify::DataSet&, const Example& example, const ExampleScores&) {
    if (!example.targets.known(label)) return;
    auto& [positives, negatives] = counts[classify::primary_language(example.language)];
    ++(example.targets.positive(label) ? positives : negatives);
  });
  std::vector<std::string> out;
  for (const auto& [language, count] : counts)
    if (count.first >= kLanguageRowsMin && count.second >= kLanguageRowsMin) out.push_back(language);
  return out;
}

classify::LabelCalibration calibrate_label(const DetectionData& data, const ScoreTable& table, std::size_t label) {
  classify::LabelCalibration out;
  std::vector<Scored> rows;
  std::map<std::string, std::vector<double>> benign;
  each_train_row(data, table, [&](const classify::DataSet& set, const Example& example, const ExampleScores& scores) {
    const float score = scores.combined[label];
    if (std::isnan(score)) return;
    if (example.targets.known(label)) rows.push_back({score, example.targets.positive(label), rows.size()});
    if (!is_benign_set(set.info) || example.targets.positive(label)) return;
    benign["*"].push_back(score);
    benign[classify::primary_language(example.language)].push_back(score);
  });
  out.languages = languages_of(data, table, label);
  out.positives = static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [](const Scored& row) { return row.positive; }));
  out.negatives = rows.size() - out.positives;
  if (out.positives == 0 || out.negatives == 0) return out;
  out.platt = classify::fit_platt(rows);
  for (Scored& row : rows) row.score = out.platt(row.score);
  out.error = classify::expected_calibration_error(rows, 15);
  for (const auto& [language, scores] : benign)
    if (language == "*" || scores.size() >= kCurveTextsMin) out.benign[language] = classify::BenignCurve(scores);
  return out;
}

/// The largest budget of a kept rate with which all labels together flag at most kBudgetOfAll of the benign train rows.
double budget_of_one(const DetectionData& data, const ScoreTable& table, const classify::Calibration& calibration) {
  for (const double budget : classify::BenignCurve::kRates) {
    std::size_t flagged = 0, all = 0;
    each_train_row(data, table, [&](const classify::DataSet& set, const Example& example, const ExampleScores& scores) {
      if (set.info.task != "benign") return;
      ++all;
      flagged += std::any_of(calibration.labels.begin(), calibration.labels.end(), [&](const auto& entry) {
        const float score = scores.combined[*classify::label_index(entry.first)];
        return score >= classify::Calibration::curve(entry.second, classify::primary_language(example.language)).score_at(budget);
      });
    });
    if (static_cast<double>(flagged) <= kBudgetOfAll * static_cast<double>(all)) return budget;
  }
  return classify::BenignCurve::kRates.back();
}

/// The linear score below which the linear tier answers by itself, for one label.
double gate_of(const DetectionData& data, const ScoreTable& table, std::size_t label, const classify::BenignCurve& curve, double budget) {
  std::vector<double> flagged;
  each_train_row(data, table, [&](const classify::DataSet&, const Example& example, const ExampleScores& scores) {
    if (!filters::linear_knows(example.language)) return;
    if (example.targets.positive(label) && scores.combined[label] >= curve.score_at(budget)) flagged.push_back(scores.linear[label]);
  });
  if (flagged.empty()) return std::numeric_limits<double>::max();
  std::sort(flagged.begin(), flagged.end());
  return flagged[static_cast<std::size_t>(kGateLoss * static_cast<double>(flagged.size()))];
}

}  // namespace

TrainedModels train_models(const DetectionData& data, const std::vector<std::string>& left_out) {
  const std::vector<Place> places = places_without(data, left_out);
  const std::vector<float> weights = classify::set_weights(places);
  TrainedModels models;
  {
    std::vector<classify::TrainingRow> rows;
    for (std::size_t i = 0; i < places.size(); ++i)
      rows.push_back({data.parts(places[i]).front(), data.example(places[i]).targets, weights[i]});
    models.linear = classify::train_linear(rows, {});
  }
  if (data.width() == 0) return models;
  std::vector<classify::EmbeddedRow> rows;
  for (std::size_t i = 0; i < places.size(); ++i) rows.push_back({data.windows(places[i]), data.example(places[i]).targets, weights[i]});
  models.heads = classify::train_dense(rows, data.width(), {});
  return models;
}

ExampleScores score_example(const DetectionData& data, const TrainedModels& models, const Place& place) {
  ExampleScores out{nothing(), nothing(), nothing()};
  for (const auto& part : data.parts(place)) keep_highest(out.linear, score_part(models.linear, part));
  if (data.width() > 0) {
    const std::span<const float> windows = data.windows(place);
    for (std::size_t at = 0; at < windows.size(); at += data.width())
      keep_highest(out.encoder, classify::score_dense(models.heads, windows.subspan(at, data.width())));
  }
  for (std::size_t label = 0; label < kLabelCount; ++label)
    out.combined[label] = filters::combine(out.linear[label], out.encoder[label], data.example(place).language);
  return out;
}

ScoreTable left_out_scores(const DetectionData& data, int folds) {
  ScoreTable table(data.sets().size());
  for (int fold = 0; fold < folds; ++fold) {
    const std::vector<std::string> left_out = classify::groups_left_out(data.sets(), fold, folds);
    const TrainedModels models = train_models(data, left_out);
    for (std::size_t s = 0; s < data.sets().size(); ++s) {
      if (std::find(left_out.begin(), left_out.end(), data.sets()[s].info.group) == left_out.end()) continue;
      for (std::size_t r = 0; r < data.sets()[s].examples.size(); ++r) table[s].push_back(score_example(data, models, {s, r}));
    }
    fmt::print(stderr, "fold {} of {}: trained without {}\n", fold + 1, folds, fmt::join(left_out, ", "));
  }
  return table;
}

classify::Calibration calibrate(const DetectionData& data, const ScoreTable& left_out) {
  classify::Calibration out;
  for (std::size_t label = 0; label < kLabelCount; ++label) {
    classify::LabelCalibration calibration = calibrate_label(data, left_out, label);
    if (calibration.benign.contains("*")) out.labels[std::string(classify::kLabels[label])] = std::move(calibration);
  }
  for (const classify::Measurement& measurement : classify::measurements(data.sets()))
    if (std::find(out.languages.begin(), out.languages.end(), measurement.language) == out.languages.end())
      out.languages.push_back(measurement.language);
  std::sort(out.languages.begin(), out.languages.end());
  out.budget = budget_of_one(data, left_out, out);
  for (auto& [name, label] : out.labels)
    label.gate = gate_of(data, left_out, *classify::label_index(name), label.benign.at("*"), out.budget);
  return out;
}

}  // namespace steward::app
