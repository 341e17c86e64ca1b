#include "steward/filters/classifier/classifier.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "steward/classify/calibration.h"
#include "steward/filters/classifier/meanings.h"
#include "steward/filters/classifier/scorer.h"
#include "steward/text/pieces.h"

namespace steward::filters {
namespace {

namespace fs = std::filesystem;

using classify::kLabelCount;

/// Probabilities below this are not reported at all.
constexpr double kReportMin = 0.01;

struct Head {
  std::size_t label;
  classify::LabelCalibration calibration;
};

class ClassifierFilter final : public guard::Filter {
 public:
  ClassifierFilter(std::string name, std::unique_ptr<const Scorer> scorer, classify::Calibration calibration, const policy::Policy* policy)
      : name_(std::move(name)),
        version_("classifier-1/" + scorer->digest()),
        scorer_(std::move(scorer)),
        budget_(calibration.budget),
        languages_(std::move(calibration.languages)),
        policy_(policy) {
    for (auto& [label, of_label] : calibration.labels) {
      const std::size_t index = *classify::label_index(label);
      if (meaning_of(index) && scorer_->has(index)) heads_.push_back({index, std::move(of_label)});
    }
  }

  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  bool slow() const override { return scorer_->has_encoder(); }
  bool reads_decoded() const override { return true; }
  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override;
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override;
  /// One piece of a text, with what stands before it as context. Findings are cut to the piece.
  Result<void> judge_piece(std::string_view raw, const text::Piece& piece, const guard::Scope& scope,
                           std::vector<guard::Finding>& out) const;

 private:
  struct Verdict {
    const Head* head;
    double probability, threshold;
    bool counts() const { return probability >= threshold; }
  };

  Result<void> judge(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const;
  bool is_clear(const TextScores& scores, const guard::Scope& scope) const;
  Verdict verdict(const Head& head, const TextScores& scores, const guard::Scope& scope) const;
  guard::Finding finding(const Verdict& verdict, const TextScores& scores, const text::View& view, const guard::Scope& scope) const;
  void announce_language(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const;

  const std::string name_, version_;
  const std::unique_ptr<const Scorer> scorer_;
  std::vector<Head> heads_;
  const double budget_;
  const std::vector<std::string> languages_;
  const policy::Policy* const policy_;  ///< for budgets; may be null
};

/// Judges a piece of the output as soon as its last sentence has ended.
class ClassifierStream final : public guard::FilterStream {
 public:
  ClassifierStream(const ClassifierFilter& filter, const guard::Scope& scope) : filter_(filter), scope_(scope), cutter_({}) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    if (views.finished()) cutter_.finish();
    while (const auto piece = cutter_.next(views.raw())) TRY(filter_.judge_piece(views.raw(), *piece, scope_, out));
    return cutter_.end();
  }

 private:
  const ClassifierFilter& filter_;
  const guard::Scope& scope_;
  text::PieceCutter cutter_;
};

std::unique_ptr<guard::FilterStream> ClassifierFilter::open(const guard::Scope& scope) const {
  return std::make_unique<ClassifierStream>(*this, scope);
}

Result<void> ClassifierFilter::scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const {
  if (scope.direction == policy::Direction::kInput) {
    announce_language(views, scope, out);
    return judge(views, scope, out);
  }
  for (const text::Piece& piece : text::cut_pieces(views.raw().text(), {})) TRY(judge_piece(views.raw().text(), piece, scope, out));
  return {};
}

Result<void> ClassifierFilter::judge_piece(std::string_view raw, const text::Piece& piece, const guard::Scope& scope,
                                           std::vector<guard::Finding>& out) const {
  const std::size_t first = out.size();
  TRY(judge(text::Views(raw.substr(piece.context_begin, piece.span.end - piece.context_begin)), scope, out));
  for (std::size_t i = first; i < out.size(); ++i) out[i].span = piece.span;
  return {};
}

/// True if the linear tier alone may say that no label counts.
bool ClassifierFilter::is_clear(const TextScores& scores, const guard::Scope& scope) const {
  return linear_knows(scope.context.language) && std::none_of(heads_.begin(), heads_.end(), [&](const Head& head) {
    return applies(*meaning_of(head.label), scope) && scores.linear[head.label] >= head.calibration.gate;
  });
}

ClassifierFilter::Verdict ClassifierFilter::verdict(const Head& head, const TextScores& scores, const guard::Scope& scope) const {
  const Meaning& meaning = *meaning_of(head.label);
  const std::string& language = scope.context.language;
  const auto wanted = policy_ ? policy_->fpr_budget(meaning.category, scope.direction, language) : std::nullopt;
  const double score = classify::Calibration::curve(head.calibration, language).score_at(wanted.value_or(budget_));
  return {&head, head.calibration.platt(scores.combined[head.label]), head.calibration.platt(score)};
}

guard::Finding ClassifierFilter::finding(const Verdict& verdict, const TextScores& scores, const text::View& view,
                                         const guard::Scope& scope) const {
  const Meaning& meaning = *meaning_of(verdict.head->label);
  const bool in_data = scope.role == "tool" && scope.direction == policy::Direction::kInput;
  guard::Finding out;
  out.category = meaning.category;
  out.subtype = in_data ? "injection" : meaning.subtype;
  out.severity = in_data ? 1 : meaning.severity;  // data is cut out, the turn goes on
  out.score = verdict.probability;
  out.threshold = verdict.threshold;
  out.span = view.origin(scores.where[verdict.head->label]);
  out.evidence = fmt::format("{} ({})", meaning.label, scores.encoded ? "linear+encoder" : "linear");
  out.filter = name_;
  out.version = version_;
  out.view = text::ViewKind::kRepaired;
  out.replacement = "[…]";
  return out;
}

Result<void> ClassifierFilter::judge(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const {
  const text::View& view = views.repaired();
  const std::string_view text = view.text();
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  TextScores scores = scorer_->score_linear(text);
  if (scorer_->has_encoder() && !is_clear(scores, scope)) TRY(scorer_->add_encoder(text, scope.context.language, scores));
  // Of the labels of one category, the one that goes furthest beyond its threshold speaks.
  std::vector<Verdict> best;
  for (const Head& head : heads_) {
    if (!applies(*meaning_of(head.label), scope)) continue;
    const Verdict one = verdict(head, scores, scope);
    if (!(one.probability >= kReportMin) && !one.counts()) continue;
    const auto same = std::find_if(best.begin(), best.end(), [&](const Verdict& other) {
      return meaning_of(other.head->label)->category == meaning_of(head.label)->category;
    });
    if (same == best.end())
      best.push_back(one);
    else if (one.probability / one.threshold > same->probability / same->threshold)
      *same = one;
  }
  for (const Verdict& one : best) {
    guard::Finding found = finding(one, scores, view, scope);
    if (!found.span.empty()) out.push_back(std::move(found));
  }
  return {};
}

/// A language that the models were not measured in is said, so that silence is not taken for a clear text.
void ClassifierFilter::announce_language(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const {
  const std::string& language = scope.context.language;
  const std::string_view raw = views.raw().text();
  if (language == "und" || raw.empty() || std::find(languages_.begin(), languages_.end(), language) != languages_.end()) return;
  guard::Finding found;
  found.category = "language_uncovered";
  found.subtype = language;
  found.severity = 0;
  found.span = {0, raw.size()};
  found.evidence = "no figures for this language";
  found.filter = name_;
  found.version = version_;
  out.push_back(std::move(found));
}

/// A file beside the policy, of the distribution, or among the models that set-up fetched.
Result<std::string> find_file(const yaml::Node& node, const std::string& path, const guard::FilterEnvironment& environment) {
  for (const std::string& folder : {environment.policy_dir, environment.shipped_dir, environment.models_dir}) {
    const fs::path candidate = fs::path(folder) / path;
    std::error_code ignored;
    if ((!folder.empty() || fs::path(path).is_absolute()) && fs::exists(candidate, ignored)) return candidate.string();
  }
  return yaml::fail_at(node,
                       fmt::format("'{}' is neither beside the policy nor among the shipped models: run `make setup`, or name another "
                                   "folder with STEWARD_MODELS_DIR",
                                   path));
}

Result<std::unique_ptr<const Scorer>> open_scorer(const yaml::Node& config, const std::string& models,
                                                  const guard::FilterEnvironment& environment) {
  const auto at = [&](const Error& error) { return yaml::fail_at(config, error.message); };
  auto linear = classify::LinearModel::open(models + "/linear.bin");
  if (!linear) return at(linear.error());
  const yaml::Node* node = config.find("encoder");
  const std::string name = node ? TRY(node->as_string()) : "none";
  if (name == "none") return std::make_unique<const Scorer>(*std::move(linear), nullptr, nullptr);
  auto encoder = model::open_encoder(TRY(find_file(*node, name, environment)), encoder_options());
  if (!encoder) return yaml::fail_at(*node, encoder.error().message);
  auto heads = classify::DenseHead::open(models + "/heads.bin", trunk_id(**encoder));
  if (!heads) return at(heads.error());
  return std::make_unique<const Scorer>(*std::move(linear), *std::move(heads), *std::move(encoder));
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment) {
  TRY(yaml::check_keys(spec.config, {"models", "encoder"}, "the config of a classifier"));
  const yaml::Node* models = spec.config.find("models");
  if (!models) return yaml::fail_at(spec.config, "a classifier needs `models`: the folder of linear.bin and calibration.json");
  const std::string named = TRY(models->as_string());
  const std::string folder = TRY(find_file(*models, named, environment));
  auto scorer = TRY(open_scorer(spec.config, folder, environment));
  auto calibration = classify::read_calibration(folder + "/calibration.json");
  if (!calibration) return yaml::fail_at(*models, calibration.error().message);
  return std::unique_ptr<guard::Filter>(
      std::make_unique<ClassifierFilter>(spec.name, std::move(scorer), *std::move(calibration), environment.policy));
}

}  // namespace steward::filters
