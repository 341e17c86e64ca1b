#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "steward/policy/policy.h"

namespace steward::guard::testing {

/// A policy written as a table, for tests of the guard and of filters: fill in the members, then hand it over as const.
class TablePolicy final : public policy::Policy {
 public:
  std::map<std::string, policy::Ruling> rulings;  ///< by "category.subtype" or "category"; all else is logged
  std::vector<policy::FilterSpec> filter_specs;
  std::vector<policy::CannedReply> canned_replies;
  std::vector<policy::Resource> resource_list;
  std::string policy_id = "table";

  /// A spec with the given YAML as its config. Aborts if it is no YAML: the text is the test's own.
  static policy::FilterSpec filter(const std::string& name, const std::string& kind, const std::string& config_yaml);
  void act(const std::string& category, policy::Action action) { rulings[category].action = action; }

  const std::string& id() const override { return policy_id; }
  const std::string& version() const override { return version_; }
  const std::string& digest() const override { return digest_; }
  const std::vector<std::string>& files() const override { return none_; }
  const std::vector<std::string>& languages() const override { return none_; }
  const std::vector<policy::FilterSpec>& filters() const override { return filter_specs; }
  const std::vector<policy::CannedReply>& canned() const override { return canned_replies; }
  const std::vector<policy::Resource>& resources() const override { return resource_list; }
  const std::vector<policy::Notice>& notices() const override { return notices_; }
  const std::vector<policy::PromptRule>& prompt_rules() const override { return prompt_rules_; }
  const std::vector<std::string>& category_ids() const override { return none_; }
  std::string refusal(std::string_view category, std::string_view language) const override;
  const yaml::Node& root() const override { return root_; }
  std::shared_ptr<const policy::Plan> plan(const policy::Context& context) const override;

 private:
  std::string version_ = "1.0.0";
  std::string digest_ = "0";
  std::vector<std::string> none_;
  std::vector<policy::Notice> notices_;
  std::vector<policy::PromptRule> prompt_rules_;
  yaml::Node root_;
};

}  // namespace steward::guard::testing
