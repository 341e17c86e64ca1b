#include "steward/app/model_comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "steward/classify/evaluation.h"
#include "steward/core/hash.h"
#include "steward/filters/classifier/meanings.h"

namespace steward::app {
namespace {

using classify::PairedRow;
using classify::Place;
using filters::Classifier;

constexpr int kRounds = 200;
constexpr std::size_t kClassMin = 10;
constexpr std::size_t kBenignMin = 20;
constexpr double kNoHead = -1e9;

/// One text as one of the models judges it.
struct Judged {
  classify::LabelScores scores;      ///< of all tiers
  std::set<std::string> categories;  ///< that it flags, as the guard runs it
};

struct Both {
  Judged a, b;
};

Result<Judged> judge(const ChosenModels& models, const classify::Example& example) {
  const std::string language = classify::primary_language(example.language);
  Judged out;
  const ReadScores scores = TRY(scores_of(*models.classifier, example.text, language, Classifier::Depth::kAll));
  out.scores = scores.all;
  for (const std::size_t label : models.classifier->labels())
    if (scores.counting[label] >= models.threshold(label, language))
      out.categories.insert(std::string(filters::meaning_of(label)->category));
  return out;
}

bool is_benign(const classify::SetInfo& info) { return info.task == "benign" || info.task == "look_alike" || info.task == "background"; }

class Compare {
 public:
  Compare(const ChosenModels& a, const ChosenModels& b, const std::vector<classify::DataSet>& sets, std::size_t rows_max)
      : a_(a), b_(b), sets_(sets) {
    for (std::size_t s = 0; s < sets.size(); ++s) taken_.push_back(take(sets[s], rows_max));
  }

  Result<Comparison> run() {
    for (const classify::Measurement& measurement : classify::measurements(sets_)) TRY(add(measurement));
    for (std::size_t s = 0; s < sets_.size(); ++s)
      if (is_benign(sets_[s].info)) TRY(add_benign(s));
    for (const auto& [place, both] : judged_) {
      if (both.a.categories == both.b.categories) continue;
      const classify::DataSet& set = sets_[place.first];
      out_.different.push_back({set.info.name,
                                set.examples[place.second].id,
                                {both.a.categories.begin(), both.a.categories.end()},
                                {both.b.categories.begin(), both.b.categories.end()}});
    }
    out_.rows = judged_.size();
    return std::move(out_);
  }

 private:
  static std::vector<bool> take(const classify::DataSet& set, std::size_t rows_max) {
    std::vector<std::pair<std::uint64_t, std::size_t>> rows;
    for (std::size_t r = 0; r < set.examples.size(); ++r) {
      const std::string& split = set.examples[r].split;
      if (split == "dev" || (split == "train" && !set.info.trains)) rows.emplace_back(hash64(set.examples[r].id), r);
    }
    std::sort(rows.begin(), rows.end());
    if (rows_max > 0 && rows.size() > rows_max) rows.resize(rows_max);
    std::vector<bool> taken(set.examples.size());
    for (const auto& [hash, row] : rows) taken[row] = true;
    return taken;
  }

  const classify::Example& example(const Place& place) const { return sets_[place.set].examples[place.row]; }

  Result<const Both*> both(const Place& place) {
    const auto key = std::pair(place.set, place.row);
    if (const auto found = judged_.find(key); found != judged_.end()) return &found->second;
    Both judged;
    judged.a = TRY(judge(a_, example(place)));
    judged.b = TRY(judge(b_, example(place)));
    return &judged_.emplace(key, std::move(judged)).first->second;
  }

  std::size_t cluster_of(const Place& place) {
    return clusters_.emplace(sets_[place.set].info.name + " " + example(place).cluster, clusters_.size()).first->second;
  }

  Result<void> add(const classify::Measurement& measurement) {
    std::vector<PairedRow> rows;
    const auto score = [&](const Judged& one) {
      const float value = one.scores[measurement.label];
      return std::isnan(value) ? kNoHead : static_cast<double>(value);
    };
    for (std::size_t i = 0; i < measurement.rows.size(); ++i) {
      const Place& place = measurement.rows[i];
      if (!taken_[place.set][place.row]) continue;
      const Both& one = *TRY(both(place));
      rows.push_back({score(one.a), score(one.b), measurement.positive[i], cluster_of(place)});
    }
    const auto positives =
        static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [](const PairedRow& row) { return row.positive; }));
    if (positives < kClassMin || rows.size() - positives < kClassMin) return {};
    const auto recall = [](std::span<const classify::Scored> sample) { return classify::recall_at_fpr(sample, 0.01); };
    out_.sets.push_back({measurement.set, measurement.task, measurement.language, measurement.label, rows.size(), positives,
                         classify::compare_paired(rows, classify::average_precision, kRounds),
                         classify::compare_paired(rows, recall, kRounds)});
    return {};
  }

  Result<void> add_benign(std::size_t set) {
    std::vector<PairedRow> rows;
    for (std::size_t r = 0; r < sets_[set].examples.size(); ++r) {
      if (!taken_[set][r]) continue;
      const Both& one = *TRY(both({set, r}));
      rows.push_back({one.a.categories.empty() ? 0.0 : 1.0, one.b.categories.empty() ? 0.0 : 1.0, false, cluster_of({set, r})});
    }
    if (rows.size() < kBenignMin) return {};
    const auto share = [](std::span<const classify::Scored> sample) {
      double flagged = 0;
      for (const classify::Scored& row : sample) flagged += row.score;
      return sample.empty() ? 0 : flagged / static_cast<double>(sample.size());
    };
    out_.benign.push_back({sets_[set].info.name, sets_[set].info.task, rows.size(), classify::compare_paired(rows, share, kRounds)});
    return {};
  }

  const ChosenModels& a_;
  const ChosenModels& b_;
  const std::vector<classify::DataSet>& sets_;
  std::vector<std::vector<bool>> taken_;
  std::map<std::pair<std::size_t, std::size_t>, Both> judged_;
  std::map<std::string, std::size_t> clusters_;
  Comparison out_;
};

}  // namespace

Result<Comparison> compare_models(const ChosenModels& a, const ChosenModels& b, const std::vector<classify::DataSet>& sets,
                                  std::size_t rows_max) {
  return Compare(a, b, sets, rows_max).run();
}

}  // namespace steward::app
