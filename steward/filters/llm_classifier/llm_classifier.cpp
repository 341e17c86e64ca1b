#include "steward/filters/llm_classifier/llm_classifier.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "steward/filters/scoring_config.h"

namespace steward::filters {
namespace {

struct Label {
  std::size_t index = 0;  ///< of the model's labels
  std::string name, category;
  ReportAt at;
};

struct Config {
  std::string name, version;
  std::vector<Label> labels;
};

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// The text as it stands, as the model was trained; where letters are in disguise, also what they stand for, and each label has the higher.
Result<std::vector<double>> read(const model::ScoringModel& model, const text::Views& views) {
  std::vector<double> out = TRY(model.classify(views.raw().text()));
  const std::string_view repaired = views.repaired().text();
  if (repaired.empty() || same_but_for_case(views.raw().text(), repaired)) return out;
  const std::vector<double> other = TRY(model.classify(repaired));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::max(out[i], other[i]);
  return out;
}

Result<void> look(const Config& config, const model::ScoringModel& model, const text::Views& views, std::vector<guard::Finding>& out) {
  if (views.raw().text().find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  const std::vector<double> log_odds = TRY(read(model, views));
  for (const Label& label : config.labels) {
    const double probability = label.at.calibration.probability(log_odds[label.index]);
    if (!(probability >= label.at.report)) continue;
    guard::Finding finding;
    finding.category = label.category;
    finding.subtype = label.name;
    finding.severity = label.at.severity;
    finding.score = probability;
    finding.span = {0, views.raw().text().size()};
    finding.evidence = "llm-classifier";
    finding.filter = config.name;
    finding.version = config.version;
    out.push_back(std::move(finding));
  }
  return {};
}

/// Labels are those of a whole text.
class LlmClassifierStream final : public guard::FilterStream {
 public:
  LlmClassifierStream(const Config& config, const model::ScoringModel& model) : config_(config), model_(model) {}
  Result<std::size_t> advance(const text::GrowingViews& views, std::vector<guard::Finding>& out) override {
    if (!views.finished()) return std::size_t{0};
    TRY(look(config_, model_, text::Views(views.raw()), out));
    return views.raw().size();
  }

 private:
  const Config& config_;
  const model::ScoringModel& model_;
};

class LlmClassifierFilter final : public guard::Filter {
 public:
  LlmClassifierFilter(Config config, std::shared_ptr<const model::ScoringModel> model)
      : config_(std::move(config)), model_(std::move(model)) {}
  const std::string& name() const override { return config_.name; }
  const std::string& version() const override { return config_.version; }
  bool slow() const override { return true; }
  Result<void> scan(const text::Views& views, const guard::Scope&, std::vector<guard::Finding>& out) const override {
    return look(config_, *model_, views, out);
  }
  std::unique_ptr<guard::FilterStream> open(const guard::Scope&) const override {
    return std::make_unique<LlmClassifierStream>(config_, *model_);
  }

 private:
  const Config config_;
  const std::shared_ptr<const model::ScoringModel> model_;
};

/// known: the model's.
Result<Label> read_label(const yaml::Node& node, const std::vector<std::string>& known) {
  TRY(yaml::check_keys(node, {"label", "category", "report", "severity", "calibration"}, "a label of a classifier"));
  const yaml::Node *name = node.find("label"), *category = node.find("category");
  if (!name || !category) return yaml::fail_at(node, "name the `label` and the `category` of its findings");
  Label out;
  out.name = TRY(name->as_string());
  out.category = TRY(category->as_string());
  const auto found = std::find(known.begin(), known.end(), out.name);
  if (found == known.end())
    return yaml::fail_at(*name, fmt::format("the model has no label '{}'; it has: {}", out.name, fmt::join(known, ", ")));
  out.index = static_cast<std::size_t>(found - known.begin());
  out.at = TRY(read_report(node));
  return out;
}

}  // namespace

Result<std::unique_ptr<guard::Filter>> make_llm_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                           const ScoringSource& models) {
  TRY(yaml::check_keys(spec.config, {"base", "adapter", "head", "labels", "context_tokens", "threads"},
                       "the config of an llm-classifier filter"));
  TRY(check_scoring_deadline(spec));
  auto model = TRY(open_scoring(spec, environment, models));
  if (model->labels().empty())
    return yaml::fail_at(spec.config, "the head is that of a reward model: write `kind: reward`, or name the heads.gguf of a classifier");
  Config config;
  config.name = spec.name;
  config.version = "llm-classifier-1/" + model->digest().substr(0, 12);
  const yaml::Node* labels = spec.config.find("labels");
  if (!labels || !labels->is_sequence() || labels->items.empty())
    return yaml::fail_at(labels ? *labels : spec.config,
                         fmt::format("list `labels` of the model, which has: {}", fmt::join(model->labels(), ", ")));
  for (const yaml::Node& label : labels->items) config.labels.push_back(TRY(read_label(label, model->labels())));
  return std::unique_ptr<guard::Filter>(std::make_unique<LlmClassifierFilter>(std::move(config), std::move(model)));
}

}  // namespace steward::filters
