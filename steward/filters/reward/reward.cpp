#include "steward/filters/reward/reward.h"

#include "steward/filters/scoring_config.h"

namespace steward::filters {
namespace {

struct Config {
  std::string name, version, category;
  ReportAt at;  ///< its log-odds are those of a good reply, its threshold is a probability of a bad one
};

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
  const double bad = 1 - config.at.calibration.probability(TRY(model.score(chat_of(reply, scope))));
  if (!(bad >= config.at.report)) return {};
  guard::Finding finding;
  finding.category = config.category;
  finding.subtype = "low_reward";
  finding.severity = config.at.severity;
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

Result<Config> read_config(const policy::FilterSpec& spec) {
  TRY(yaml::check_keys(spec.config,
                       {"base", "adapter", "head", "category", "report", "severity", "calibration", "context_tokens", "threads"},
                       "the config of a reward filter"));
  if (spec.on_input) return yaml::fail_at(spec.config, "a reward model scores replies: give this filter `on: [output]`");
  TRY(check_scoring_deadline(spec));
  Config out;
  out.name = spec.name;
  const yaml::Node* category = spec.config.find("category");
  if (!category) return yaml::fail_at(spec.config, "name the `category` of its findings");
  out.category = TRY(category->as_string());
  out.at = TRY(read_report(spec.config));
  return out;
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_reward(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                   const ScoringSource& models) {
  Config config = TRY(read_config(spec));
  auto model = TRY(open_scoring(spec, environment, models));
  if (!model->labels().empty())
    return yaml::fail_at(spec.config, "the head is a classifier's: write `kind: llm-classifier`, or name the head of a reward model");
  config.version = "reward-1/" + model->digest().substr(0, 12);
  return std::unique_ptr<guard::Filter>(std::make_unique<RewardFilter>(std::move(config), std::move(model)));
}

}  // namespace steward::filters
