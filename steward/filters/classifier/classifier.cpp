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
/// Of a threshold: what a text that is clear scores at most.
constexpr double kClearShare = 0.99;

struct Head {
  std::size_t label;
  classify::LabelCalibration calibration;
};

/// True if less than half of the text is words: letters apart, an encoded blob. What it says, its decoded readings say; a model has an
/// opinion on the noise, too.
bool is_wordless(std::string_view text) {
  constexpr std::size_t kWordMax = 20;
  std::size_t words = 0, all = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n", at);
    if (begin == std::string_view::npos) break;
    at = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    const std::string_view token = text.substr(begin, at - begin);
    const auto letters = static_cast<std::size_t>(
        std::count_if(token.begin(), token.end(), [](char c) { return c < 0 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }));
    const bool beyond_ascii = std::any_of(token.begin(), token.end(), [](char c) { return c < 0; });
    all += token.size();
    if (letters >= 2 && 3 * letters >= 2 * token.size() && (token.size() <= kWordMax || beyond_ascii)) words += token.size();
  }
  return 2 * words < all || all == 0;
}

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
      if (meaning_of(index) && scorer_->has(index) && has_evidence(of_label)) heads_.push_back({index, std::move(of_label)});
    }
  }

  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  bool slow() const override { return scorer_->has_encoder(); }
  bool reads_decoded() const override { return true; }
  bool reads_mirrored() const override { return false; }
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
  const double threshold = head.calibration.platt(score);
  double probability = head.calibration.platt(scores.combined[head.label]);
  // The linear tier has said that the text is clear; the threshold is for both tiers' scores.
  if (scorer_->has_encoder() && !scores.encoded) probability = std::min(probability, kClearShare * threshold);
  return {&head, probability, threshold};
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
  if (is_wordless(text)) return {};
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
  auto encoder = model::open_encoder(TRY(find_file(*node, name, environment)), encoder_options(models));
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
  if (!calibration->scores_of.empty() && calibration->scores_of != scorer->digest())
    return yaml::fail_at(*models, "its calibration.json was made for other models, or for another encoder: train them anew together");
  return std::unique_ptr<guard::Filter>(
      std::make_unique<ClassifierFilter>(spec.name, std::move(scorer), *std::move(calibration), environment.policy));
}

}  // namespace steward::filters
