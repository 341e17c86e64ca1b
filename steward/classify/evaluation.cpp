#include "steward/classify/evaluation.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace steward::classify {
namespace {

constexpr std::size_t kRowsMin = 25;

bool is_benign(const DataSet& set) { return set.info.task == "benign" || set.info.task == "look_alike"; }

/// Held-out rows of benign sets of other groups, in one language, that are known not to have the label: data for data, prompts for prompts.
void borrow_negatives(const std::vector<DataSet>& sets, Part part, Measurement& out) {
  for (std::size_t s = 0; s < sets.size(); ++s) {
    if (!is_benign(sets[s]) && sets[s].info.task != "background") continue;
    if ((sets[s].info.part == Part::kData) != (part == Part::kData)) continue;
    for (std::size_t r = 0; r < sets[s].examples.size(); ++r) {
      const Example& example = sets[s].examples[r];
      if (example.split != "dev" || primary_language(example.language) != out.language || !example.targets.negative(out.label)) continue;
      out.rows.push_back({s, r});
      out.positive.push_back(false);
    }
  }
  out.borrows_negatives = true;
}

std::size_t count(const Measurement& measurement, bool positive) {
  return static_cast<std::size_t>(std::count(measurement.positive.begin(), measurement.positive.end(), positive));
}

}  // namespace

std::string primary_language(const std::string& language) { return language.substr(0, language.find_first_of("-/")); }

std::vector<Measurement> measurements(const std::vector<DataSet>& sets) {
  std::vector<Measurement> out;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const SetInfo& info = sets[s].info;
    if (info.label.empty()) continue;
    std::map<std::string, Measurement> by_language;
    const std::size_t label = *label_index(info.label);
    for (std::size_t r = 0; r < sets[s].examples.size(); ++r) {
      const Example& example = sets[s].examples[r];
      if (example.split == "test" || !example.targets.known(label)) continue;
      Measurement& measurement = by_language[primary_language(example.language)];
      measurement.rows.push_back({s, r});
      measurement.positive.push_back(example.targets.positive(label));
    }
    for (auto& [language, measurement] : by_language) {
      measurement.set = info.name;
      measurement.set_number = s;
      measurement.group = info.group;
      measurement.task = info.task;
      measurement.language = language;
      measurement.label = label;
      if (count(measurement, false) == 0) borrow_negatives(sets, info.part, measurement);
      if (count(measurement, true) >= kRowsMin && count(measurement, false) >= kRowsMin) out.push_back(std::move(measurement));
    }
  }
  return out;
}

std::vector<std::string> groups_left_out(const std::vector<DataSet>& sets, int fold, int folds) {
  std::vector<std::string> groups, out;
  for (const DataSet& set : sets)
    if (set.info.made_by.empty() && std::find(groups.begin(), groups.end(), set.info.group) == groups.end())
      groups.push_back(set.info.group);
  for (std::size_t i = static_cast<std::size_t>(fold); i < groups.size(); i += static_cast<std::size_t>(folds)) out.push_back(groups[i]);
  return out;
}

std::vector<Place> training_places(const std::vector<DataSet>& sets, const std::string& left_out) {
  std::vector<Place> places;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    if (!sets[s].info.trains || sets[s].info.group == left_out) continue;
    for (std::size_t r = 0; r < sets[s].examples.size(); ++r)
      if (sets[s].examples[r].split == "train") places.push_back({s, r});
  }
  return places;
}

std::vector<float> set_weights(const std::vector<Place>& places) {
  std::map<std::size_t, float> rows;
  for (const Place& place : places) rows[place.set] += 1;
  std::vector<float> weights;
  double sum = 0;
  for (const Place& place : places) {
    weights.push_back(1 / std::sqrt(rows[place.set]));
    sum += weights.back();
  }
  for (float& weight : weights) weight *= static_cast<float>(static_cast<double>(places.size()) / sum);
  return weights;
}

std::vector<std::string> measured_groups(const std::vector<DataSet>& sets) {
  std::vector<std::string> groups;
  for (const Measurement& measurement : measurements(sets))
    if (std::find(groups.begin(), groups.end(), measurement.group) == groups.end()) groups.push_back(measurement.group);
  return groups;
}

}  // namespace steward::classify
