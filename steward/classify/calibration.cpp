#include "steward/classify/calibration.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"

namespace steward::classify {
namespace {

/// Fewer benign texts of a language than this say nothing about its tail.
constexpr std::size_t kTextsMin = 400;

Result<double> number(const json::Object& object, std::string_view key) {
  const auto value = TRY(json::get_number(object, key));
  if (!value) return fail(ErrorCode::kInvalidInput, fmt::format("'{}' is missing", key), std::string(key));
  return *value;
}

Result<const json::Object*> object_at(const json::Object& object, std::string_view key) {
  const json::Object* value = TRY(json::get_object(object, key));
  if (!value) return fail(ErrorCode::kInvalidInput, fmt::format("'{}' is missing", key), std::string(key));
  return value;
}

Result<std::vector<std::string>> read_languages(const json::Object& object) {
  std::vector<std::string> out;
  if (const json::Array* languages = TRY(json::get_array(object, "languages")))
    for (const json::Value& language : *languages)
      if (language.is_string()) out.emplace_back(language.as_string());
  return out;
}

Result<LabelCalibration> read_label(const json::Object& object) {
  LabelCalibration out;
  const json::Object& mix = *TRY(object_at(object, "mix"));
  out.mix = {TRY(number(mix, "linear")), TRY(number(mix, "encoder")), TRY(number(mix, "structure"))};
  out.platt.slope = TRY(number(object, "slope"));
  out.platt.intercept = TRY(number(object, "intercept"));
  out.gate = TRY(number(object, "gate"));
  out.error = TRY(number(object, "calibration_error"));
  out.positives = static_cast<std::size_t>(TRY(number(object, "positives")));
  out.negatives = static_cast<std::size_t>(TRY(number(object, "negatives")));
  out.languages = TRY(read_languages(object));
  for (const auto& [language, curve] : *TRY(object_at(object, "benign"))) {
    if (!curve.is_object()) return fail(ErrorCode::kInvalidInput, "'benign' must map languages to curves");
    out.benign[std::string(language)] = TRY(BenignCurve::from_json(curve.as_object()));
  }
  if (!out.benign.contains("*")) return fail(ErrorCode::kInvalidInput, "'benign' lacks the curve '*' of all languages");
  return out;
}

Result<Calibration> read_object(const json::Object& root) {
  Calibration out;
  out.scores_of = TRY(json::get_string(root, "scores_of")).value_or("");
  out.budget = TRY(number(root, "budget"));
  if (const json::Object* traffic = TRY(json::get_object(root, "traffic")))
    out.traffic = {static_cast<std::size_t>(TRY(number(*traffic, "texts"))), TRY(number(*traffic, "confidence"))};
  if (!root.contains("languages")) return fail(ErrorCode::kInvalidInput, "'languages' is missing");
  out.languages = TRY(read_languages(root));
  for (const auto& [name, label] : *TRY(object_at(root, "labels"))) {
    if (!label_index(name) || !label.is_object())
      return fail(ErrorCode::kInvalidInput, fmt::format("there is no label '{}'", std::string_view(name)));
    out.labels[std::string(name)] = TRY(read_label(label.as_object()));
  }
  return out;
}

}  // namespace

double Platt::operator()(double score) const { return 1 / (1 + std::exp(-(slope * score + intercept))); }

Platt fit_platt(std::span<const Scored> rows) {
  double positives = 0;
  for (const Scored& row : rows) positives += row.positive ? 1 : 0;
  const double negatives = static_cast<double>(rows.size()) - positives;
  STEWARD_CHECK(positives > 0 && negatives > 0);
  const double high = (positives + 1) / (positives + 2), low = 1 / (negatives + 2);
  Platt platt{1, std::log((positives + 1) / (negatives + 1))};
  for (int round = 0; round < 50; ++round) {
    double g_slope = 0, g_intercept = 0, h_ss = 1e-9, h_si = 0, h_ii = 1e-9;
    for (const Scored& row : rows) {
      const double p = platt(row.score), d = p - (row.positive ? high : low), w = p * (1 - p);
      g_slope += d * row.score;
      g_intercept += d;
      h_ss += w * row.score * row.score;
      h_si += w * row.score;
      h_ii += w;
    }
    const double determinant = h_ss * h_ii - h_si * h_si;
    if (!(determinant > 1e-12)) break;
    const double slope = (h_ii * g_slope - h_si * g_intercept) / determinant,
                 intercept = (h_ss * g_intercept - h_si * g_slope) / determinant;
    const double damp = std::min(1.0, 2 / (std::abs(slope) + std::abs(intercept) + 1e-12));  // far from the optimum Newton overshoots
    platt.slope -= damp * slope;
    platt.intercept -= damp * intercept;
    if (std::abs(slope) + std::abs(intercept) < 1e-9) break;
  }
  return platt;
}

Mix fit_mix(std::span<const MixRow> rows) {
  constexpr int kSteps = 300;
  double all = 0;
  for (const MixRow& row : rows) all += row.weight;
  STEWARD_CHECK(all > 0);
  std::array<double, 4> weights = {1, 1, 1, 0}, first{}, second{};
  for (int step = 1; step <= kSteps; ++step) {
    std::array<double, 4> slopes{};
    for (const MixRow& row : rows) {
      const double sum = weights[0] * row.linear + weights[1] * row.encoder + weights[2] * row.structure + weights[3];
      const double error = (1 / (1 + std::exp(-sum)) - (row.positive ? 1 : 0)) * row.weight / all;
      slopes[0] += error * row.linear;
      slopes[1] += error * row.encoder;
      slopes[2] += error * row.structure;
      slopes[3] += error;
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {  // Adam [Kingma & Ba 2015]
      first[i] = 0.9 * first[i] + 0.1 * slopes[i];
      second[i] = 0.999 * second[i] + 0.001 * slopes[i] * slopes[i];
      weights[i] -= 0.05 * first[i] / (1 - std::pow(0.9, step)) / (std::sqrt(second[i] / (1 - std::pow(0.999, step))) + 1e-9);
      if (i < 3) weights[i] = std::max(weights[i], 0.0);
    }
  }
  const double both = weights[0] + weights[1];
  if (!(both > 0)) return {};
  return {2 * weights[0] / both, 2 * weights[1] / both, 2 * weights[2] / both};
}

BenignCurve::BenignCurve(const std::vector<double>& scores) : texts_(scores.size()) {
  for (std::size_t i = 0; i < kRates.size(); ++i) scores_[i] = threshold_at_fpr(scores, kRates[i]);
}

BenignCurve BenignCurve::mapped(std::size_t texts, const std::function<double(double rate, double score)>& change) const {
  BenignCurve out;
  out.texts_ = texts;
  for (std::size_t i = 0; i < kRates.size(); ++i) {
    out.scores_[i] = change(kRates[i], scores_[i]);
    if (i > 0) out.scores_[i] = std::max(out.scores_[i], out.scores_[i - 1]);
  }
  return out;
}

double BenignCurve::score_at(double budget) const {
  for (std::size_t i = 0; i < kRates.size(); ++i)
    if (kRates[i] <= budget) return scores_[i];
  return scores_.back();
}

json::Object BenignCurve::to_json() const {
  json::Array scores;
  for (const double score : scores_) scores.push_back(score);
  return json::Object{{"texts", texts_}, {"scores", std::move(scores)}};
}

Result<BenignCurve> BenignCurve::from_json(const json::Object& object) {
  BenignCurve out;
  out.texts_ = static_cast<std::size_t>(TRY(number(object, "texts")));
  const json::Array* scores = TRY(json::get_array(object, "scores"));
  if (!scores || scores->size() != kRates.size())
    return fail(ErrorCode::kInvalidInput, fmt::format("'scores' must hold {} numbers", kRates.size()));
  for (std::size_t i = 0; i < kRates.size(); ++i) {
    if (!(*scores)[i].is_number()) return fail(ErrorCode::kInvalidInput, "'scores' must hold numbers");
    out.scores_[i] = (*scores)[i].to_number<double>();
  }
  return out;
}

const BenignCurve& Calibration::curve(const LabelCalibration& label, const std::string& language) {
  const auto found = label.benign.find(language);
  return found != label.benign.end() && found->second.texts() >= kTextsMin ? found->second : label.benign.at("*");
}

const BenignCurve& Calibration::reply_curve(const LabelCalibration& label) { return curve(label, kReplies); }

namespace {

std::string text_of(const Calibration& calibration) {
  json::Object labels;
  json::Array languages;
  for (const std::string& language : calibration.languages) languages.emplace_back(language);
  for (const auto& [name, label] : calibration.labels) {
    json::Object benign;
    for (const auto& [language, curve] : label.benign) benign[language] = curve.to_json();
    json::Object mix{{"linear", label.mix.linear}, {"encoder", label.mix.encoder}, {"structure", label.mix.structure}};
    labels[name] = json::Object{{"mix", std::move(mix)},        {"slope", label.platt.slope},       {"intercept", label.platt.intercept},
                                {"gate", label.gate},           {"calibration_error", label.error}, {"positives", label.positives},
                                {"negatives", label.negatives}, {"benign", std::move(benign)}};
  }
  for (const auto& [name, label] : calibration.labels)
    if (!label.languages.empty()) labels[name].as_object()["languages"] = json::Array(label.languages.begin(), label.languages.end());
  json::Object root{{"scores_of", calibration.scores_of},
                    {"budget", calibration.budget},
                    {"languages", std::move(languages)},
                    {"labels", std::move(labels)}};
  if (calibration.traffic)
    root["traffic"] = json::Object{{"texts", calibration.traffic->texts}, {"confidence", calibration.traffic->confidence}};
  return json::dump_canonical(root) + "\n";
}

}  // namespace

std::string digest_of(const Calibration& calibration) { return hex(sha256(text_of(calibration))); }

Result<void> write_calibration(const std::string& path, const Calibration& calibration) {
  return write_file_atomic(path, text_of(calibration));
}

Result<Calibration> read_calibration(const std::string& path) {
  const std::string text = TRY(read_file(path));
  const json::Value root = TRY(json::parse(text));
  if (!root.is_object()) return fail(ErrorCode::kInvalidInput, path + " must hold one JSON object");
  auto out = read_object(root.as_object());
  if (!out)
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}; make it anew with `steward classify train`", path, out.error().message));
  return out;
}

}  // namespace steward::classify
