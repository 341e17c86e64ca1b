#include "steward/filters/scoring_config.h"

#include <chrono>
#include <filesystem>

#include <fmt/format.h>

namespace steward::filters {
namespace {

constexpr std::chrono::seconds kDeadlineMin{1};

Result<std::string> find_file(const yaml::Node& config, std::string_view key, const guard::FilterEnvironment& environment) {
  const yaml::Node* node = config.find(key);
  if (!node) return std::string();
  const std::string name = TRY(node->as_string());
  for (const std::string& folder : {environment.policy_dir, environment.models_dir}) {
    const auto path = std::filesystem::path(folder) / name;
    std::error_code error;
    if (std::filesystem::exists(path, error)) return path.string();
  }
  return yaml::fail_at(*node, fmt::format("there is no file '{}' in {} or {}", name, environment.policy_dir, environment.models_dir));
}

Result<model::ScoringOptions> read_options(const yaml::Node& config, const guard::FilterEnvironment& environment) {
  model::ScoringOptions out;
  out.base = TRY(find_file(config, "base", environment));
  out.adapter = TRY(find_file(config, "adapter", environment));
  out.head = TRY(find_file(config, "head", environment));
  if (out.base.empty() || out.head.empty())
    return yaml::fail_at(config, "name the files of the model: `base`, `head`, and the `adapter` that was trained with it");
  out.context_tokens = static_cast<int>(TRY(number_or(config, "context_tokens", out.context_tokens, {16, 1 << 20})));
  out.threads = static_cast<int>(TRY(number_or(config, "threads", out.threads, {0, 1024})));
  return out;
}

}  // namespace

Result<ReportAt> read_report(const yaml::Node& config) {
  ReportAt out;
  out.report = TRY(number_or(config, "report", out.report, {0, 1}));
  out.severity = static_cast<int>(TRY(number_or(config, "severity", out.severity, {0, 3})));
  out.calibration = TRY(read_calibration(config));
  return out;
}

Result<std::shared_ptr<const model::ScoringModel>> open_scoring(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                                const ScoringSource& models) {
  const model::ScoringOptions options = TRY(read_options(spec.config, environment));
  if (models) {
    auto shared = models(options);
    if (!shared) return yaml::fail_at(spec.config, "the scoring model: " + shared.error().message);
    return std::move(*shared);
  }
  auto opened = model::ScoringModel::open(options);
  if (!opened) return yaml::fail_at(spec.config, "the scoring model: " + opened.error().message);
  return std::shared_ptr<const model::ScoringModel>(std::move(*opened));
}

Result<void> check_scoring_deadline(const policy::FilterSpec& spec) {
  if (spec.deadline >= kDeadlineMin) return {};
  return yaml::fail_at(spec.config, "a language model reads for longer than that: give this filter `deadline_ms: 20000`");
}

}  // namespace steward::filters
