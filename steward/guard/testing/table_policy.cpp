#include "steward/guard/testing/table_policy.h"

#include "steward/core/check.h"

namespace steward::guard::testing {
namespace {

class TablePlan final : public policy::Plan {
 public:
  TablePlan(policy::Context context, std::map<std::string, policy::Ruling> rulings)
      : context_(std::move(context)), rulings_(std::move(rulings)) {}
  const policy::Context& context() const override { return context_; }
  policy::Ruling rule(const policy::Match& match) const override {
    const std::string category(match.category);
    for (const std::string& key : {category + "." + std::string(match.subtype), category})
      if (const auto found = rulings_.find(key); found != rulings_.end()) return found->second;
    return {};
  }

 private:
  policy::Context context_;
  std::map<std::string, policy::Ruling> rulings_;
};

}  // namespace

policy::FilterSpec TablePolicy::filter(const std::string& name, const std::string& kind, const std::string& config_yaml) {
  policy::FilterSpec spec;
  spec.name = name;
  spec.kind = kind;
  spec.roles = {"user", "tool"};
  spec.deadline = std::chrono::seconds(10);  // tests that are about deadlines set their own
  spec.where = {"table.yaml", 1, 1};
  auto config = yaml::parse(config_yaml, "table.yaml");
  STEWARD_CHECK(config.has_value());
  spec.config = *std::move(config);
  return spec;
}

std::string TablePolicy::refusal(std::string_view category, std::string_view language) const {
  return "I'm sorry, but no (" + std::string(category) + ", " + std::string(language) + ").";
}

std::shared_ptr<const policy::Plan> TablePolicy::plan(const policy::Context& context) const {
  return std::make_shared<TablePlan>(context, rulings);
}

}  // namespace steward::guard::testing
