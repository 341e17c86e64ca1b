#include "steward/filters/classifier/classifier.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "steward/classify/calibration.h"
#include "steward/filters/classifier/meanings.h"
#include "steward/filters/classifier/model_files.h"
#include "steward/filters/classifier/scorer.h"
#include "steward/text/pieces.h"

namespace steward::filters {
namespace {

using classify::kLabelCount;

/// Probabilities below this are not reported at all.
constexpr double kReportMin = 0.01;
/// Of a threshold: what a text that is clear scores at most.
constexpr double kClearShare = 0.99;
constexpr std::int64_t kStreamCharsMax = 2000;

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

class ClassifierFilter final : public Classifier {
 public:
  ClassifierFilter(std::string name, std::unique_ptr<const Scorer> scorer, classify::Calibration calibration, const policy::Policy* policy,
                   const text::PieceOptions& pieces)
      : name_(std::move(name)),
        digest_(scorer->digest() + "/" + classify::digest_of(calibration).substr(0, 12)),
        version_("classifier-1/" + digest_),
        scorer_(std::move(scorer)),
        pieces_(pieces),
        budget_(calibration.budget),
        languages_(std::move(calibration.languages)),
        policy_(policy) {
    for (auto& [label, of_label] : calibration.labels) {
      const std::size_t index = *classify::label_index(label);
      if (meaning_of(index) && scorer_->has(index) && has_evidence(of_label)) heads_.push_back({index, std::move(of_label)});
    }
    for (const Head& head : heads_) labels_.push_back(head.label);
  }

  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  bool slow() const override { return scorer_->has_encoder(); }
  bool reads_decoded() const override { return true; }
  bool reads_mirrored() const override { return false; }
  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override;
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override;
  const std::vector<std::size_t>& labels() const override { return labels_; }
  Result<TextReading> read(const text::Views& views, const guard::Scope& scope, Depth depth) const override;
  std::string digest() const override { return digest_; }
  const text::PieceOptions& pieces() const { return pieces_; }
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
  Result<std::optional<TextScores>> score(const text::Views& views, const guard::Scope& scope, Depth depth) const;
  double score_of(const Head& head, const TextScores& scores, const std::string& language) const {
    return combine(head.calibration.mix, head.label, scores, language);
  }
  bool is_clear(const TextScores& scores, const guard::Scope& scope) const;
  Verdict verdict(const Head& head, const TextScores& scores, const guard::Scope& scope) const;
  guard::Finding finding(const Verdict& verdict, const TextScores& scores, const text::View& view, const guard::Scope& scope) const;
  void announce_language(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const;

  const std::string name_, digest_, version_;
  const std::unique_ptr<const Scorer> scorer_;
  const text::PieceOptions pieces_;  ///< of outputs
  std::vector<Head> heads_;
  std::vector<std::size_t> labels_;
  const double budget_;
  const std::vector<std::string> languages_;
  const policy::Policy* const policy_;  ///< for budgets; may be null
};

/// Judges a piece of the output as soon as its last sentence has ended.
class ClassifierStream final : public guard::FilterStream {
 public:
  ClassifierStream(const ClassifierFilter& filter, const guard::Scope& scope) : filter_(filter), scope_(scope), cutter_(filter.pieces()) {}
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
  for (const text::Piece& piece : text::cut_pieces(views.raw().text(), pieces_)) TRY(judge_piece(views.raw().text(), piece, scope, out));
  return {};
}

Result<void> ClassifierFilter::judge_piece(std::string_view raw, const text::Piece& piece, const guard::Scope& scope,
                                           std::vector<guard::Finding>& out) const {
  const std::size_t first = out.size();
  TRY(judge(text::Views(raw.substr(piece.context_begin, piece.span.end - piece.context_begin)), scope, out));
  for (std::size_t i = first; i < out.size(); ++i) out[i].span = piece.span;
  return {};
}

/// By the tiers that are needed; nothing if the text has no words.
Result<std::optional<TextScores>> ClassifierFilter::score(const text::Views& views, const guard::Scope& scope, Depth depth) const {
  const std::string_view text = views.repaired().text();
  if (is_wordless(text)) return std::nullopt;
  TextScores scores = scorer_->score_linear(text);
  if (scope.direction == policy::Direction::kInput)
    scorer_->add_structure(views, scope.role == "tool" ? Voice::kData : Voice::kUser, scores);
  if (scorer_->has_encoder() && (depth == Depth::kAll || !is_clear(scores, scope))) TRY(scorer_->add_encoder(text, scores));
  return scores;
}

Result<TextReading> ClassifierFilter::read(const text::Views& views, const guard::Scope& scope, Depth depth) const {
  TextReading out;
  out.scores.fill(std::numeric_limits<float>::quiet_NaN());
  const auto scores = TRY(score(views, scope, depth));
  if (!scores) return out;
  out.clear = scorer_->has_encoder() && is_clear(*scores, scope);
  for (const Head& head : heads_)
    if (applies(*meaning_of(head.label), scope))
      out.scores[head.label] = static_cast<float>(score_of(head, *scores, scope.context.language));
  return out;
}

/// True if the linear tier alone may say that no label counts.
bool ClassifierFilter::is_clear(const TextScores& scores, const guard::Scope& scope) const {
  return linear_knows(scope.context.language) && std::none_of(heads_.begin(), heads_.end(), [&](const Head& head) {
           return applies(*meaning_of(head.label), scope) &&
                  combine_early(head.calibration.mix, head.label, scores) >= head.calibration.gate;
         });
}

ClassifierFilter::Verdict ClassifierFilter::verdict(const Head& head, const TextScores& scores, const guard::Scope& scope) const {
  const Meaning& meaning = *meaning_of(head.label);
  const std::string& language = scope.context.language;
  const auto wanted = policy_ ? policy_->fpr_budget(meaning.category, scope.direction, language) : std::nullopt;
  const classify::BenignCurve& curve = scope.direction == policy::Direction::kOutput
                                           ? classify::Calibration::reply_curve(head.calibration)
                                           : classify::Calibration::curve(head.calibration, language);
  const double score = curve.score_at(wanted.value_or(budget_));
  const double threshold = head.calibration.platt(score);
  double probability = head.calibration.platt(score_of(head, scores, language));
  // The linear tier has said that the text is clear; the threshold is for both tiers' scores.
  if (scorer_->has_encoder() && !scores.encoded) probability = std::min(probability, kClearShare * threshold);
  return {&head, probability, threshold};
}

guard::Finding ClassifierFilter::finding(const Verdict& verdict, const TextScores& scores, const text::View& view,
                                         const guard::Scope& scope) const {
  const Meaning& meaning = *meaning_of(verdict.head->label);
  guard::Finding out;
  out.category = meaning.category;
  out.subtype = meaning.subtype;
  out.severity = meaning.severity;
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
  const auto scored = TRY(score(views, scope, Depth::kAsRun));
  if (!scored) return {};
  const TextScores& scores = *scored;
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

Result<std::unique_ptr<const Scorer>> open_scorer(const yaml::Node& config, const ModelFiles& files, const EncoderSource& encoders) {
  const auto at = [&](const Error& error) { return yaml::fail_at(config, error.message); };
  auto linear = classify::LinearModel::open(files.folder + "/linear.bin");
  if (!linear) return at(linear.error());
  auto structure = open_structure(files.folder);
  if (!structure) return at(structure.error());
  if (files.encoder.empty()) return std::make_unique<const Scorer>(*std::move(linear), nullptr, nullptr, *std::move(structure));
  const model::EncoderOptions options = encoder_options(files.folder);
  Result<std::shared_ptr<const model::Encoder>> encoder =
      encoders ? encoders(files.encoder, options) : model::open_encoder(files.encoder, options);
  if (!encoder) return at(encoder.error());
  auto heads = classify::DenseHead::open(files.folder + "/heads.bin", trunk_id(**encoder));
  if (!heads) return at(heads.error());
  return std::make_unique<const Scorer>(*std::move(linear), *std::move(heads), *std::move(encoder), *std::move(structure));
}

Result<text::PieceOptions> pieces_of(const yaml::Node& config) {
  text::PieceOptions pieces = reply_pieces();
  if (const yaml::Node* node = config.find("stream_chars")) {
    const std::int64_t chars = TRY(node->as_integer());
    if (chars < 1 || chars > kStreamCharsMax) return yaml::fail_at(*node, fmt::format("'stream_chars' must be 1 to {}", kStreamCharsMax));
    pieces.chars_min = static_cast<std::size_t>(chars);
  }
  return pieces;
}

}  // namespace

text::PieceOptions reply_pieces() {
  text::PieceOptions pieces;
  pieces.chars_min = 150;
  return pieces;
}

Result<std::unique_ptr<Classifier>> open_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                    const EncoderSource& encoders) {
  TRY(yaml::check_keys(spec.config, {"models", "encoder", "calibration", "stream_chars"}, "the config of a classifier"));
  const ModelFiles files = TRY(find_model_files(spec.config, environment));
  const text::PieceOptions pieces = TRY(pieces_of(spec.config));
  auto scorer = TRY(open_scorer(spec.config, files, encoders));
  auto calibration = classify::read_calibration(files.calibration);
  if (!calibration) return yaml::fail_at(spec.config, calibration.error().message);
  if (!calibration->scores_of.empty() && calibration->scores_of != scorer->digest())
    return yaml::fail_at(spec.config,
                         fmt::format("{} was made for other models, or for another encoder: train them anew together, or calibrate anew",
                                     files.calibration));
  return std::unique_ptr<Classifier>(
      std::make_unique<ClassifierFilter>(spec.name, std::move(scorer), *std::move(calibration), environment.policy, pieces));
}

Result<std::unique_ptr<guard::Filter>> make_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment) {
  return std::unique_ptr<guard::Filter>(TRY(open_classifier(spec, environment, nullptr)));
}

}  // namespace steward::filters
