#include "steward/filters/classifier/reach.h"

#include "steward/classify/calibration.h"
#include "steward/filters/classifier/meanings.h"
#include "steward/filters/classifier/model_files.h"

namespace steward::filters {

Result<policy::FilterReach> reach_of_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment) {
  const ModelFiles files = TRY(find_model_files(spec.config, environment));
  const auto calibration = classify::read_calibration(files.calibration);
  if (!calibration) return yaml::fail_at(spec.config, calibration.error().message);
  policy::FilterReach out{spec.name, calibration->languages, {}};
  for (std::size_t label = 0; label < classify::kLabelCount; ++label) {
    const Meaning* meaning = meaning_of(label);
    if (!meaning) continue;
    std::set<std::string>& languages = out.languages_of[std::string(meaning->category)];
    const auto found = calibration->labels.find(std::string(meaning->label));
    if (found == calibration->labels.end() || !has_evidence(found->second)) continue;
    const std::vector<std::string>& measured = found->second.languages.empty() ? calibration->languages : found->second.languages;
    languages.insert(measured.begin(), measured.end());
  }
  return out;
}

}  // namespace steward::filters
