#include "steward/app/traffic_calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "steward/classify/binomial.h"
#include "steward/classify/evaluation.h"
#include "steward/filters/classifier/meanings.h"

namespace steward::app {
namespace {

using classify::BenignCurve;
using classify::Calibration;
using classify::LabelScores;

/// Texts of a language from which on its curve is one of its own (classify::Calibration::curve).
constexpr std::size_t kLanguageTextsMin = 400;
/// Between a score that may not count and the threshold above it, in log-odds.
constexpr double kGap = 1e-6;

/// Labels of the classifier, by the policy's category.
using Categories = std::map<std::string, std::vector<std::size_t>>;

Categories categories_of(const filters::Classifier& classifier) {
  Categories out;
  for (const std::size_t label : classifier.labels()) {
    const filters::Meaning& meaning = *filters::meaning_of(label);
    if (meaning.on_input) out[std::string(meaning.category)].push_back(label);
  }
  return out;
}

const classify::LabelCalibration& of(const Calibration& calibration, std::size_t label) {
  return calibration.labels.at(std::string(classify::kLabels[label]));
}

/// Curves are named by primary tags, of two or three letters, or "*"; longer names are of other texts than prompts, which stay as they are.
bool is_of_prompts(const std::string& curve) { return curve.size() <= 3; }

struct ScoredText {
  LabelScores scores;
  std::string language;
};

/// How far a text is above the category's thresholds at a budget, in log-odds of probability; -inf if no label may count.
double margin(const Calibration& calibration, const std::vector<std::size_t>& labels, const ScoredText& text, double budget) {
  double best = -std::numeric_limits<double>::infinity();
  for (const std::size_t label : labels) {
    if (std::isnan(text.scores[label])) continue;
    const classify::LabelCalibration& one = of(calibration, label);
    best = std::max(best, one.platt.slope * (text.scores[label] - Calibration::curve(one, text.language).score_at(budget)));
  }
  return best;
}

bool counts(const Calibration& calibration, const std::vector<std::size_t>& labels, const ScoredText& text) {
  return margin(calibration, labels, text, calibration.budget) >= 0;
}

/// How far the thresholds must move so that the category keeps the budget on such texts; nothing if there are too few of them.
std::optional<double> shift(std::vector<double> margins, double budget, double confidence) {
  const auto hits = classify::hits_allowed(margins.size(), budget, confidence);
  if (!hits) return std::nullopt;
  std::nth_element(margins.begin(), margins.begin() + static_cast<std::ptrdiff_t>(*hits), margins.end(), std::greater<>());
  return margins[*hits] + kGap;
}

class Raise {
 public:
  Raise(const Calibration& before, const std::vector<ScoredText>& texts, const TrafficOptions& options)
      : before_(before), texts_(texts), options_(options) {
    for (const ScoredText& text : texts) ++languages_[text.language];
    std::erase_if(languages_, [](const auto& entry) { return entry.first == "und" || entry.second < kLanguageTextsMin; });
  }

  void apply(const std::vector<std::size_t>& labels, Calibration& out) const {
    std::map<std::string, std::size_t> curves = languages_;
    for (const std::size_t label : labels)
      for (const auto& [language, curve] : of(before_, label).benign)
        if (is_of_prompts(language)) curves.emplace(language, 0);
    for (const auto& [language, texts] : curves) {
      std::map<double, double> by_rate;
      for (const double rate : BenignCurve::kRates) by_rate[rate] = shift_of(labels, language, rate);
      for (const std::size_t label : labels) {
        const classify::LabelCalibration& was = of(before_, label);
        const auto found = was.benign.find(language);
        const BenignCurve& base = found != was.benign.end() && language == "*" ? found->second : Calibration::curve(was, language);
        const std::size_t said = found != was.benign.end() ? std::max(found->second.texts(), texts) : texts;
        out.labels.at(std::string(classify::kLabels[label])).benign[language] =
            base.mapped(said, [&](double rate, double score) { return score + by_rate.at(rate) / was.platt.slope; });
      }
    }
  }

 private:
  /// By the language's own texts if they can show the budget, else by all.
  double shift_of(const std::vector<std::size_t>& labels, const std::string& language, double rate) const {
    std::optional<double> by;
    if (languages_.contains(language)) by = shift(margins(labels, language, rate), rate, options_.confidence);
    if (!by) by = shift(margins(labels, "*", rate), rate, options_.confidence);
    if (!by || !std::isfinite(*by)) return 0;
    return options_.may_lower ? *by : std::max(0.0, *by);
  }

  std::vector<double> margins(const std::vector<std::size_t>& labels, const std::string& language, double rate) const {
    std::vector<double> out;
    for (const ScoredText& text : texts_)
      if (language == "*" || text.language == language) out.push_back(margin(before_, labels, text, rate));
    return out;
  }

  const Calibration& before_;
  const std::vector<ScoredText>& texts_;
  const TrafficOptions& options_;
  std::map<std::string, std::size_t> languages_;  ///< that have enough texts
};

/// The highest kept rate that is at most `budget`; nothing below the lowest.
std::optional<double> kept_rate(double budget) {
  for (const double rate : BenignCurve::kRates)
    if (rate <= budget) return rate;
  return std::nullopt;
}

Result<double> checked_budget(double asked, std::size_t texts, double confidence) {
  const auto rate = kept_rate(asked);
  if (!rate) return fail(ErrorCode::kInvalidInput, fmt::format("a budget must be {} or more", BenignCurve::kRates.back()));
  if (classify::hits_allowed(texts, *rate, confidence)) return *rate;
  std::string words = fmt::format("{} distinct texts cannot show a budget of {:g} with {:g} % confidence: that takes {}", texts, *rate,
                                  100 * confidence, classify::rows_needed(*rate, confidence));
  for (const double larger : BenignCurve::kRates)
    if (classify::hits_allowed(texts, larger, confidence) &&
        (larger == BenignCurve::kRates.back() || !classify::hits_allowed(texts, larger / 2, confidence)))
      return fail(ErrorCode::kInvalidInput, words + fmt::format("; the least that they can show is --budget {:g}", larger));
  return fail(ErrorCode::kInvalidInput, words);
}

double probability_at(const Calibration& calibration, std::size_t label) {
  const classify::LabelCalibration& one = of(calibration, label);
  return one.platt(one.benign.at("*").score_at(calibration.budget));
}

}  // namespace

Result<TrafficCalibration> calibrate_on_traffic(const ChosenModels& models, const std::vector<TrafficText>& texts,
                                                const TrafficOptions& options) {
  Calibration before = models.calibration;
  TrafficCalibration out;
  out.budget = TRY(checked_budget(options.budget > 0 ? options.budget : before.budget, texts.size(), options.confidence));
  for (const double rate : BenignCurve::kRates)
    if (classify::hits_allowed(texts.size(), rate, options.confidence)) out.least_budget = rate;
  std::vector<ScoredText> scored;
  for (const TrafficText& text : texts) {
    const ReadScores scores = TRY(scores_of(*models.classifier, text.text, text.language, filters::Classifier::Depth::kAsRun));
    scored.push_back({scores.counting, text.language});
  }
  out.calibration = before;
  out.calibration.budget = out.budget;
  out.calibration.traffic = {texts.size(), options.confidence};
  const Raise raise(before, scored, options);
  const Categories categories = categories_of(*models.classifier);
  for (const auto& [category, labels] : categories) raise.apply(labels, out.calibration);
  std::vector<bool> any_before(texts.size()), any_after(texts.size());
  for (const auto& [category, labels] : categories) {
    CategoryChange change;
    change.category = category;
    for (std::size_t i = 0; i < scored.size(); ++i) {
      const bool was = counts(before, labels, scored[i]), is = counts(out.calibration, labels, scored[i]);
      change.flagged_before += was ? 1 : 0;
      change.flagged_after += is ? 1 : 0;
      any_before[i] = any_before[i] || was;
      any_after[i] = any_after[i] || is;
    }
    for (const std::size_t label : labels)
      change.thresholds.push_back({label, probability_at(before, label), probability_at(out.calibration, label)});
    out.categories.push_back(std::move(change));
  }
  out.flagged_before = static_cast<std::size_t>(std::count(any_before.begin(), any_before.end(), true));
  out.flagged_after = static_cast<std::size_t>(std::count(any_after.begin(), any_after.end(), true));
  return out;
}

Result<void> add_recall(const ChosenModels& models, const std::vector<classify::DataSet>& sets, TrafficCalibration& out) {
  const Categories categories = categories_of(*models.classifier);
  for (const classify::DataSet& set : sets) {
    if (set.info.part != classify::Part::kPrompt) continue;
    for (const classify::Example& example : set.examples) {
      if (example.split != "dev") continue;
      std::optional<ScoredText> scored;
      for (CategoryChange& change : out.categories) {
        const std::vector<std::size_t>& labels = categories.at(change.category);
        if (std::none_of(labels.begin(), labels.end(), [&](std::size_t label) { return example.targets.positive(label); })) continue;
        const std::string language = classify::primary_language(example.language);
        if (!scored) {
          const ReadScores scores = TRY(scores_of(*models.classifier, example.text, language, filters::Classifier::Depth::kAsRun));
          scored = ScoredText{scores.counting, language};
        }
        ++change.positives;
        change.found_before += counts(models.calibration, labels, *scored) ? 1 : 0;
        change.found_after += counts(out.calibration, labels, *scored) ? 1 : 0;
      }
    }
  }
  return {};
}

}  // namespace steward::app
