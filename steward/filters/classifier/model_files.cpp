#include "steward/filters/classifier/model_files.h"

#include <filesystem>

#include <fmt/format.h>

namespace steward::filters {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

Result<ModelFiles> find_model_files(const yaml::Node& config, const guard::FilterEnvironment& environment) {
  const yaml::Node* models = config.find("models");
  if (!models) return yaml::fail_at(config, "a classifier needs `models`: the folder of linear.bin and calibration.json");
  ModelFiles out;
  const std::string folder = TRY(models->as_string());
  out.folder = TRY(find_file(*models, folder, environment));
  out.calibration = out.folder + "/calibration.json";
  if (const yaml::Node* node = config.find("calibration")) {
    const std::string file = TRY(node->as_string());
    out.calibration = TRY(find_file(*node, file, environment));
  }
  const yaml::Node* encoder = config.find("encoder");
  const std::string name = encoder ? TRY(encoder->as_string()) : "none";
  if (name != "none") out.encoder = TRY(find_file(*encoder, name, environment));
  return out;
}

}  // namespace steward::filters
