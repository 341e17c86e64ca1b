#include "steward/filters/scripted/scripted.h"

#include <algorithm>

#include "steward/filters/source.h"

namespace steward::filters {
namespace {

struct Rule {
  std::string literal;
  guard::Finding finding;
};

struct Config {
  std::string name;
  text::ViewKind view = text::ViewKind::kFolded;
  std::vector<Rule> rules;
  std::string fail = "never";
};

/// Every occurrence of every literal, from the left, overlapping ones too.
class Scanner {
 public:
  explicit Scanner(const Config& config) : config_(config) {}

  std::size_t advance(const Source& source, std::vector<guard::Finding>& out) {
    const std::string_view text = source.text();
    for (; at_ < text.size(); ++at_) {
      bool undecided = false;
      for (std::size_t i = 0; i < config_.rules.size(); ++i) {
        const std::string& literal = config_.rules[i].literal;
        const std::string_view here = text.substr(at_, literal.size());
        if (here == literal) {
          report(i, source, out);
        } else if (!source.finished() && here.size() < literal.size() && literal.starts_with(here)) {
          undecided = true;
        }
      }
      if (undecided) break;
      reported_.clear();
    }
    return source.watermark(at_);
  }

 private:
  void report(std::size_t rule, const Source& source, std::vector<guard::Finding>& out) {
    if (std::find(reported_.begin(), reported_.end(), rule) != reported_.end()) return;
    reported_.push_back(rule);
    guard::Finding finding = config_.rules[rule].finding;
    finding.span = source.origin({at_, at_ + config_.rules[rule].literal.size()});
    out.push_back(std::move(finding));
  }

  const Config& config_;
  std::size_t at_ = 0;
  std::vector<std::size_t> reported_;  ///< rules already reported at at_
};

class ScriptedStream final : public guard::FilterStream {
 public:
  explicit ScriptedStream(const Config& config) : config_(config), scanner_(config) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    if (config_.fail == "stream") return fail(ErrorCode::kUnavailable, "scripted to fail on streams");
    return scanner_.advance(Source(views, config_.view), out);
  }

 private:
  const Config& config_;
  Scanner scanner_;
};

class ScriptedFilter final : public guard::Filter {
 public:
  explicit ScriptedFilter(Config config) : config_(std::move(config)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return version_; }
  Result<void> scan(const text::Views& views, const guard::Scope&, std::vector<guard::Finding>& out) const override {
    if (config_.fail == "scan") return fail(ErrorCode::kUnavailable, "scripted to fail on scans");
    Scanner(config_).advance(Source(views, config_.view), out);
    return {};
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope&) const override { return std::make_unique<ScriptedStream>(config_); }

 private:
  const Config config_;
  const std::string version_ = "scripted-1";
};

Result<Rule> read_rule(const yaml::Node& node, const Config& config) {
  TRY(yaml::check_keys(node, {"text", "category", "subtype", "severity", "score", "replace", "reply"}, "a scripted rule"));
  Rule rule;
  const yaml::Node* literal = node.find("text");
  const yaml::Node* category = node.find("category");
  if (!literal || !category) return yaml::fail_at(node, "a scripted rule needs `text` and `category`");
  rule.literal = TRY(literal->as_string());
  if (config.view == text::ViewKind::kFolded) rule.literal = text::fold_text(rule.literal);
  if (config.view == text::ViewKind::kSkeleton) rule.literal = text::skeleton_text(rule.literal);
  if (rule.literal.empty()) return yaml::fail_at(*literal, "`text` may not be empty");
  rule.finding.category = TRY(category->as_string());
  rule.finding.filter = config.name;
  rule.finding.version = "scripted-1";
  rule.finding.evidence = "scripted";
  rule.finding.view = config.view;
  if (const auto* value = node.find("subtype")) rule.finding.subtype = TRY(value->as_string());
  if (const auto* value = node.find("severity")) rule.finding.severity = static_cast<int>(TRY(value->as_integer()));
  if (const auto* value = node.find("score")) rule.finding.score = TRY(value->as_number());
  if (const auto* value = node.find("replace")) rule.finding.replacement = TRY(value->as_string());
  if (const auto* value = node.find("reply")) rule.finding.reply = TRY(value->as_string());
  return rule;
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_scripted(const policy::FilterSpec& spec, const guard::FilterEnvironment&) {
  TRY(yaml::check_keys(spec.config, {"rules", "fail", "view"}, "the config of a scripted filter"));
  Config config;
  config.name = spec.name;
  if (const auto* view = spec.config.find("view")) {
    const std::string name = TRY(view->as_string());
    config.view = name == "raw" ? text::ViewKind::kRaw : name == "skeleton" ? text::ViewKind::kSkeleton : text::ViewKind::kFolded;
  }
  if (const auto* when = spec.config.find("fail")) config.fail = TRY(when->as_string());
  if (const auto* rules = spec.config.find("rules"))
    for (const yaml::Node& node : rules->items) config.rules.push_back(TRY(read_rule(node, config)));
  return std::unique_ptr<guard::Filter>(std::make_unique<ScriptedFilter>(std::move(config)));
}

}  // namespace steward::filters
