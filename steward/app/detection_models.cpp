#include "steward/app/detection_models.h"

#include <cmath>
#include <filesystem>
#include <limits>

#include "steward/app/product.h"
#include "steward/core/json.h"
#include "steward/core/yaml.h"
#include "steward/filters/classifier/meanings.h"
#include "steward/model/model_files.h"
#include "steward/text/reading.h"
#include "steward/text/view.h"

namespace steward::app {
namespace {

namespace fs = std::filesystem;

void add_member(std::string& yaml, const char* key, const std::string& path) {
  yaml += yaml.empty() ? "{" : ", ";
  yaml += std::string(key) + ": ";
  json::append_string(yaml, fs::absolute(path).string());
}

}  // namespace

double ChosenModels::threshold(std::size_t label, const std::string& language) const {
  const auto found = calibration.labels.find(std::string(classify::kLabels[label]));
  if (found == calibration.labels.end()) return std::numeric_limits<double>::infinity();
  return classify::Calibration::curve(found->second, language).score_at(calibration.budget);
}

std::string encoder_of(const std::string& folder) {
  std::error_code ignored;
  return fs::exists(folder + "/heads.bin", ignored) ? model::fetched_models_dir() + "/e5-small.gguf" : "";
}

Result<ChosenModels> open_chosen(const ModelChoice& choice, Encoders& encoders) {
  const std::string encoder = choice.encoder.empty() ? encoder_of(choice.folder) : choice.encoder;
  const std::string calibration = choice.calibration.empty() ? choice.folder + "/calibration.json" : choice.calibration;
  std::string config;
  add_member(config, "models", choice.folder);
  add_member(config, "calibration", calibration);
  if (!encoder.empty() && encoder != "none") add_member(config, "encoder", encoder);
  policy::FilterSpec spec;
  spec.name = "learned";
  spec.config = TRY(yaml::parse(config + "}", "classify"));
  ChosenModels out;
  out.classifier = TRY(filters::open_classifier(spec, {}, encoders.source()));
  out.calibration = TRY(classify::read_calibration(calibration));
  return out;
}

Result<ReadScores> scores_of(const filters::Classifier& classifier, const std::string& text, const std::string& language,
                             filters::Classifier::Depth depth) {
  guard::Scope scope;
  scope.context.language = language;
  ReadScores out;
  out.all.fill(std::numeric_limits<float>::quiet_NaN());
  out.counting = out.all;
  const auto keep_highest = [](const classify::LabelScores& scores, classify::LabelScores& best) {
    for (std::size_t label = 0; label < best.size(); ++label)
      if (std::isnan(best[label]) || scores[label] > best[label]) best[label] = scores[label];
  };
  const auto take = [&](const filters::TextReading& reading) {
    keep_highest(reading.scores, out.all);
    if (!reading.clear) keep_highest(reading.scores, out.counting);
  };
  const text::Views views(text);
  take(TRY(classifier.read(views, scope, depth)));
  for (const text::Reading& reading : views.readings()) take(TRY(classifier.read(reading.views(), scope, depth)));
  return out;
}

}  // namespace steward::app
