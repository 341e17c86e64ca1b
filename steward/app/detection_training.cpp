#include "steward/app/detection_training.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "steward/classify/dense_trainer.h"
#include "steward/classify/linear_trainer.h"
#include "steward/filters/classifier/meanings.h"
#include "steward/filters/injection/evidence_trainer.h"

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
  each_train_row(data, table, [&](const classify::DataSet& set, const Example& example, const ExampleScores&) {
    if (!example.targets.known(label) || !classify::asked_of(label, set.info.part)) return;
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
  const filters::Meaning* meaning = filters::meaning_of(label);
  const bool of_data = meaning && meaning->of_data;
  each_train_row(data, table, [&](const classify::DataSet& set, const Example& example, const ExampleScores& scores) {
    const float score = scores.combined[label];
    if (std::isnan(score) || !classify::asked_of(label, set.info.part)) return;
    if (example.targets.known(label)) rows.push_back({score, example.targets.positive(label), rows.size()});
    if (example.targets.positive(label)) return;
    if (set.info.task == "benign_reply") benign[classify::Calibration::kReplies].push_back(score);
    if (!is_benign_set(set.info) || (set.info.part == classify::Part::kData) != of_data) return;
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
        const std::size_t label = *classify::label_index(entry.first);
        if (!classify::asked_of(label, set.info.part)) return false;
        return scores.combined[label] >=
               classify::Calibration::curve(entry.second, classify::primary_language(example.language)).score_at(budget);
      });
    });
    if (static_cast<double>(flagged) <= kBudgetOfAll * static_cast<double>(all)) return budget;
  }
  return classify::BenignCurve::kRates.back();
}

/// The score without the encoder below which a text is clear, for one label.
double gate_of(const DetectionData& data, const ScoreTable& table, std::size_t label, const classify::LabelCalibration& calibration,
               double budget) {
  const double threshold = calibration.benign.at("*").score_at(budget);
  std::vector<double> flagged;
  each_train_row(data, table, [&](const classify::DataSet& set, const Example& example, const ExampleScores& scores) {
    if (!filters::linear_knows(example.language) || !classify::asked_of(label, set.info.part)) return;
    if (example.targets.positive(label) && scores.combined[label] >= threshold)
      flagged.push_back(filters::combine_early(calibration.mix, label, scores.alone));
  });
  if (flagged.empty()) return std::numeric_limits<double>::max();
  std::sort(flagged.begin(), flagged.end());
  return flagged[static_cast<std::size_t>(kGateLoss * static_cast<double>(flagged.size()))];
}

filters::EvidenceWeights train_structure(const DetectionData& data, const std::vector<Place>& places, const std::vector<float>& weights) {
  std::vector<filters::EvidenceRow> rows;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t label =
        *classify::label_index(data.sets()[places[i].set].info.part == classify::Part::kData ? "injection" : "attack");
    const classify::Targets& targets = data.example(places[i]).targets;
    if (targets.known(label)) rows.push_back({&data.evidence(places[i]), data.speaker(places[i]), targets.positive(label), weights[i]});
  }
  return filters::train_evidence(rows);
}

filters::TextScores score_alone(const DetectionData& data, const TrainedModels& models, const Place& place) {
  filters::TextScores out;
  out.linear = out.encoder = nothing();
  for (const auto& part : data.parts(place)) keep_highest(out.linear, score_part(models.linear, part));
  out.structure = filters::structure_of(data.evidence(place), models.structure);
  if (data.width() == 0) return out;
  const std::span<const float> windows = data.windows(place);
  for (std::size_t at = 0; at < windows.size(); at += data.width())
    keep_highest(out.encoder, classify::score_dense(models.heads, windows.subspan(at, data.width())));
  out.encoded = true;
  return out;
}

using Mixes = std::array<classify::Mix, kLabelCount>;

/// Mixes of all labels, fitted to the train rows of sets outside the groups `left_out`.
Mixes fit_mixes(const DetectionData& data, const ScoreTable& table, const std::vector<std::string>& left_out) {
  Mixes mixes;
  const std::vector<Place> places = places_without(data, left_out);
  const std::vector<float> weights = classify::set_weights(places);
  for (std::size_t label = 0; label < kLabelCount; ++label) {
    std::vector<classify::MixRow> rows;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const Example& example = data.example(places[i]);
      const filters::TextScores& scores = table[places[i].set][places[i].row].alone;
      if (!example.targets.known(label) || !classify::asked_of(label, data.sets()[places[i].set].info.part)) continue;
      if (std::isnan(scores.linear[label]) || std::isnan(scores.encoder[label])) continue;
      if (!filters::linear_knows(example.language)) continue;
      rows.push_back({scores.linear[label], scores.encoder[label], filters::weighs_structure(label) ? scores.structure : 0,
                      example.targets.positive(label), weights[i]});
    }
    if (!rows.empty()) mixes[label] = classify::fit_mix(rows);
  }
  return mixes;
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
  models.structure = train_structure(data, places, weights);
  if (data.width() == 0) return models;
  std::vector<classify::EmbeddedRow> rows;
  for (std::size_t i = 0; i < places.size(); ++i) rows.push_back({data.windows(places[i]), data.example(places[i]).targets, weights[i]});
  models.heads = classify::train_dense(rows, data.width(), {});
  return models;
}

const ExampleScores& LeftOutScores::of(const Place& row, std::size_t measured_set) const {
  if (fold_of[row.set] == fold_of[measured_set]) return rows[row.set][row.row];
  return held_out[fold_of[measured_set]].at(row);
}

LeftOutScores left_out_scores(const DetectionData& data, int folds) {
  LeftOutScores out;
  const ExampleScores unknown{{nothing(), nothing()}, nothing()};
  for (const classify::DataSet& set : data.sets()) out.rows.emplace_back(set.examples.size(), unknown);
  out.fold_of.resize(data.sets().size(), static_cast<std::size_t>(folds));
  out.held_out.resize(static_cast<std::size_t>(folds));
  for (int fold = 0; fold < folds; ++fold) {
    const std::vector<std::string> groups = classify::groups_left_out(data.sets(), fold, folds);
    const TrainedModels models = train_models(data, groups);
    for (std::size_t s = 0; s < data.sets().size(); ++s) {
      const classify::SetInfo& info = data.sets()[s].info;
      const bool left_out = std::find(groups.begin(), groups.end(), info.group) != groups.end();
      if (left_out) out.fold_of[s] = static_cast<std::size_t>(fold);
      for (std::size_t r = 0; r < data.sets()[s].examples.size(); ++r) {
        const Place place{s, r};
        if (left_out)
          out.rows[s][r].alone = score_alone(data, models, place);
        else if (data.example(place).split == "dev" && is_benign_set(info))
          out.held_out[static_cast<std::size_t>(fold)][place].alone = score_alone(data, models, place);
      }
    }
    fmt::print(stderr, "fold {} of {}: trained without {}\n", fold + 1, folds, fmt::join(groups, ", "));
  }
  return out;
}

void combine_left_out(const DetectionData& data, LeftOutScores& scores) {
  const int folds = static_cast<int>(scores.held_out.size());
  for (int fold = 0; fold < folds; ++fold) {
    const Mixes mixes = fit_mixes(data, scores.rows, classify::groups_left_out(data.sets(), fold, folds));
    const auto combine = [&](const Place& place, ExampleScores& of_row) {
      for (std::size_t label = 0; label < kLabelCount; ++label)
        of_row.combined[label] = filters::combine(mixes[label], label, of_row.alone, data.example(place).language);
    };
    for (std::size_t s = 0; s < scores.rows.size(); ++s)
      for (std::size_t r = 0; r < scores.rows[s].size() && scores.fold_of[s] == static_cast<std::size_t>(fold); ++r)
        combine({s, r}, scores.rows[s][r]);
    for (auto& [place, of_row] : scores.held_out[static_cast<std::size_t>(fold)]) combine(place, of_row);
  }
}

classify::Calibration calibrate(const DetectionData& data, const ScoreTable& left_out) {
  classify::Calibration out;
  const Mixes mixes = fit_mixes(data, left_out, {});
  for (std::size_t label = 0; label < kLabelCount; ++label) {
    classify::LabelCalibration calibration = calibrate_label(data, left_out, label);
    calibration.mix = mixes[label];
    if (calibration.benign.contains("*")) out.labels[std::string(classify::kLabels[label])] = std::move(calibration);
  }
  for (const classify::Measurement& measurement : classify::measurements(data.sets()))
    if (std::find(out.languages.begin(), out.languages.end(), measurement.language) == out.languages.end())
      out.languages.push_back(measurement.language);
  std::sort(out.languages.begin(), out.languages.end());
  out.budget = budget_of_one(data, left_out, out);
  for (auto& [name, label] : out.labels) label.gate = gate_of(data, left_out, *classify::label_index(name), label, out.budget);
  return out;
}

}  // namespace steward::app
