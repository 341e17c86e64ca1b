#include "steward/filters/reward/reward.h"

#include <chrono>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

namespace steward::filters {
namespace {

/// The guard counts the CPU time of the thread that asks, and the model reads on it, too.
constexpr std::chrono::seconds kDeadlineMin{1};

struct Config {
  std::string name, version, category;
  double report = 0.5;
  int severity = 2;
  double slope = 1, intercept = 0;  ///< calibrated log-odds of a good reply = slope · score + intercept [Platt 1999]
};

/// Of a bad reply.
double probability(const Config& config, double score) { return 1 / (1 + std::exp(config.slope * score + config.intercept)); }

std::vector<model::ChatMessage> chat_of(std::string_view reply, const guard::Scope& scope) {
  std::vector<model::ChatMessage> out;
  for (const guard::Message& message : *scope.messages)
    out.push_back({message.role == "developer" ? "system" : message.role, message.text, {}});
  out.push_back({"assistant", std::string(reply), {}});
  return out;
}

Result<void> look(const Config& config, const model::ScoringModel& model, std::string_view reply, const guard::Scope& scope,
                  std::vector<guard::Finding>& out) {
  if (reply.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  if (!scope.messages || scope.messages->empty())
    return fail(ErrorCode::kUnavailable, "a reward model needs the conversation that the reply answers, and there is none");
  const double bad = probability(config, TRY(model.score(chat_of(reply, scope))));
  if (!(bad >= config.report)) return {};
  guard::Finding finding;
  finding.category = config.category;
  finding.subtype = "low_reward";
  finding.severity = config.severity;
  finding.score = bad;
  finding.span = {0, reply.size()};
  finding.evidence = "reward";
  finding.filter = config.name;
  finding.version = config.version;
  out.push_back(std::move(finding));
  return {};
}

/// A reward is that of a whole reply.
class RewardStream final : public guard::FilterStream {
 public:
  RewardStream(const Config& config, const model::ScoringModel& model, const guard::Scope& scope)
      : config_(config), model_(model), scope_(scope) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    if (!views.finished()) return std::size_t{0};
    TRY(look(config_, model_, views.raw(), scope_, out));
    return views.raw().size();
  }

 private:
  const Config& config_;
  const model::ScoringModel& model_;
  const guard::Scope& scope_;
};

class RewardFilter final : public guard::Filter {
 public:
  RewardFilter(Config config, std::shared_ptr<const model::ScoringModel> model) : config_(std::move(config)), model_(std::move(model)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return config_.version; }
  bool slow() const override { return true; }
  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    return look(config_, *model_, views.raw().text(), scope, out);
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override {
    return std::make_unique<RewardStream>(config_, *model_, scope);
  }

 private:
  const Config config_;
  const std::shared_ptr<const model::ScoringModel> model_;
};

Result<double> number_or(const yaml::Node& node, std::string_view key, double fallback, std::pair<double, double> range) {
  const yaml::Node* found = node.find(key);
  if (!found) return fallback;
  const double value = TRY(found->as_number());
  if (!(value >= range.first && value <= range.second))
    return yaml::fail_at(*found, fmt::format("{} is from {} to {}", key, range.first, range.second));
  return value;
}

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

Result<model::ScoringOptions> read_model(const yaml::Node& config, const guard::FilterEnvironment& environment) {
  model::ScoringOptions out;
  out.base = TRY(find_file(config, "base", environment));
  out.adapter = TRY(find_file(config, "adapter", environment));
  out.head = TRY(find_file(config, "head", environment));
  if (out.base.empty() || out.head.empty())
    return yaml::fail_at(config, "name the files of the reward model: `base`, `head`, and the `adapter` that was trained with it");
  out.context_tokens = static_cast<int>(TRY(number_or(config, "context_tokens", out.context_tokens, {16, 1 << 20})));
  out.threads = static_cast<int>(TRY(number_or(config, "threads", out.threads, {0, 1024})));
  return out;
}

Result<Config> read_config(const policy::FilterSpec& spec) {
  TRY(yaml::check_keys(spec.config,
                       {"base", "adapter", "head", "category", "report", "severity", "calibration", "context_tokens", "threads"},
                       "the config of a reward filter"));
  if (spec.on_input) return yaml::fail_at(spec.config, "a reward model scores replies: give this filter `on: [output]`");
  if (spec.deadline < kDeadlineMin)
    return yaml::fail_at(spec.config, "a reward model reads for longer than that: give this filter `deadline_ms: 20000`");
  Config out;
  out.name = spec.name;
  const yaml::Node* category = spec.config.find("category");
  if (!category) return yaml::fail_at(spec.config, "name the `category` of its findings");
  out.category = TRY(category->as_string());
  out.report = TRY(number_or(spec.config, "report", out.report, {0, 1}));
  out.severity = static_cast<int>(TRY(number_or(spec.config, "severity", out.severity, {0, 3})));
  if (const yaml::Node* calibration = spec.config.find("calibration")) {
    TRY(yaml::check_keys(*calibration, {"slope", "intercept"}, "calibration"));
    out.slope = TRY(number_or(*calibration, "slope", 1, {0, 1000}));
    out.intercept = TRY(number_or(*calibration, "intercept", 0, {-1000, 1000}));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_reward(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                   const ScoringSource& models) {
  Config config = TRY(read_config(spec));
  const model::ScoringOptions options = TRY(read_model(spec.config, environment));
  std::shared_ptr<const model::ScoringModel> model;
  if (auto opened = models ? models(options) : model::ScoringModel::open(options); opened)
    model = std::move(*opened);
  else
    return yaml::fail_at(spec.config, "the reward model: " + opened.error().message);
  config.version = "reward-1/" + model->digest().substr(0, 12);
  return std::unique_ptr<guard::Filter>(std::make_unique<RewardFilter>(std::move(config), std::move(model)));
}

}  // namespace steward::filters
