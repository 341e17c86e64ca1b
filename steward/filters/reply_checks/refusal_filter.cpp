#include <fmt/format.h>

#include "steward/filters/reply_checks/refusal.h"

namespace steward::filters {
namespace {

constexpr char kVersion[] = "refusal-1";

struct Config {
  std::string name;
  std::string category = "false_refusal";
  double report = 0.5;
};

void look(const Config& config, std::string_view text, const guard::Scope& scope, std::vector<guard::Finding>& out) {
  const double score = refusal_score(text, scope.context.language);
  if (score < config.report) return;
  guard::Finding finding;
  finding.category = config.category;
  finding.subtype = "refusal";
  finding.severity = 0;
  finding.score = score;
  finding.span = {0, text.size()};
  finding.evidence = "refusal";
  finding.filter = config.name;
  finding.version = kVersion;
  finding.view = text::ViewKind::kFolded;
  out.push_back(std::move(finding));
}

/// Judges the whole reply when it has ended.
class RefusalStream final : public guard::FilterStream {
 public:
  RefusalStream(const Config& config, const guard::Scope& scope) : config_(config), scope_(scope) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    if (views.finished()) {
      look(config_, views.raw(), scope_, out);
      return views.raw().size();
    }
    return std::size_t{0};
  }

 private:
  const Config& config_;
  const guard::Scope& scope_;
};

class RefusalFilter final : public guard::Filter {
 public:
  explicit RefusalFilter(Config config) : config_(std::move(config)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return version_; }
  Result<void> scan(const text::Views& views, const guard::Scope& scope, std::vector<guard::Finding>& out) const override {
    if (scope.direction == policy::Direction::kOutput) look(config_, views.raw().text(), scope, out);
    return {};
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope& scope) const override {
    return std::make_unique<RefusalStream>(config_, scope);
  }

 private:
  const Config config_;
  const std::string version_ = kVersion;
};

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_refusal(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"category", "report"}, "the config of a refusal filter"));
  if (spec.on_output && spec.stream_mode == policy::StreamMode::kHold)
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("{}: a reply is a refusal or not when it has ended: give this filter `stream: advisory`, so that it holds nothing back",
                    yaml::to_string(spec.where)));
  Config config;
  config.name = spec.name;
  if (const auto* category = spec.config.find("category")) config.category = TRY(category->as_string());
  if (const auto* report = spec.config.find("report")) {
    config.report = TRY(report->as_number());
    if (!(config.report >= 0 && config.report <= 1)) return yaml::fail_at(*report, "a score is from 0 to 1");
  }
  return std::unique_ptr<guard::Filter>(std::make_unique<RefusalFilter>(std::move(config)));
}

}  // namespace steward::filters
