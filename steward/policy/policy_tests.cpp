#include "steward/policy/policy_tests.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/policy/document.h"
#include "steward/policy/words.h"

namespace steward::policy {
namespace {

using yaml::Node;

Result<Context> read_context(const Node* node) {
  Context context;
  if (!node) return context;
  TRY(yaml::check_keys(*node, {"audience", "age_band", "jurisdiction", "language", "surface"}, "context"));
  for (const auto& [key, slot] : {std::pair{"audience", &context.audience}, std::pair{"age_band", &context.age_band},
                                  std::pair{"jurisdiction", &context.jurisdiction}, std::pair{"language", &context.language},
                                  std::pair{"surface", &context.surface}}) {
    if (const Node* value = node->find(key)) *slot = TRY(value->as_string());
  }
  return context;
}

struct Expected {
  Action action = Action::kPass;
  std::optional<bool> supportive;
  std::optional<std::string> category;
};

Result<Expected> read_expected(const Node& node) {
  Expected out;
  if (node.is_scalar()) {
    out.action = TRY(read_word(node, kActionWords));
    return out;
  }
  TRY(yaml::check_keys(node, {"action", "supportive", "category"}, "expect"));
  if (const Node* action = node.find("action")) out.action = TRY(read_word(*action, kActionWords));
  if (const Node* supportive = node.find("supportive")) out.supportive = TRY(supportive->as_bool());
  if (const Node* category = node.find("category")) out.category = TRY(category->as_string());
  return out;
}

Result<Observed> observe_one(const Policy& policy, const Node& test, const Context& context, Direction direction, const Observe& observe) {
  if (const Node* text = test.find("text")) return observe(context, direction, TRY(text->as_string()));
  const Node* category = test.find("category");
  if (!category) return yaml::fail_at(test, "a test needs `text` or `category`");
  const std::string id = TRY(category->as_string());
  std::string subtype;
  Match match;
  match.direction = direction;
  match.severity = 2;
  if (const Node* value = test.find("subtype")) subtype = TRY(value->as_string());
  if (const Node* value = test.find("severity")) match.severity = static_cast<int>(TRY(value->as_integer()));
  if (const Node* value = test.find("score")) match.score = TRY(value->as_number());
  match.category = id;
  match.subtype = subtype;
  const Ruling ruling = policy.plan(context)->rule(match);
  return Observed{ruling.action, ruling.supportive, {id}};
}

Result<TestOutcome> run_one(const Policy& policy, const Node& test, const Observe& observe) {
  TRY(yaml::check_keys(test, {"name", "context", "direction", "text", "category", "subtype", "severity", "score", "expect"}, "a test"));
  TestOutcome outcome;
  outcome.where = test.where;
  outcome.name = yaml::to_string(test.where);
  if (const Node* name = test.find("name")) outcome.name = TRY(name->as_string());
  const Context context = TRY(read_context(test.find("context")));
  Direction direction = Direction::kInput;
  if (const Node* given = test.find("direction")) direction = TRY(read_word(*given, kDirectionWords));
  const Node* expect = test.find("expect");
  if (!expect) return yaml::fail_at(test, "a test needs `expect`, such as `expect: block`");
  const Expected expected = TRY(read_expected(*expect));
  const Observed observed = TRY(observe_one(policy, test, context, direction, observe));
  const bool category_fits = !expected.category || std::find(observed.categories.begin(), observed.categories.end(), *expected.category) !=
                                                       observed.categories.end();
  outcome.passed =
      observed.action == expected.action && (!expected.supportive || *expected.supportive == observed.supportive) && category_fits;
  if (!outcome.passed)
    outcome.words =
        fmt::format("expected {}{}{}, got {}{} [{}]", to_string(expected.action), expected.supportive.value_or(false) ? ", supportive" : "",
                    expected.category ? ", category " + *expected.category : "", to_string(observed.action),
                    observed.supportive ? ", supportive" : "", fmt::join(observed.categories, ", "));
  return outcome;
}

}  // namespace

Result<std::vector<TestOutcome>> run_tests(const Policy& policy, const Observe& observe) {
  std::vector<TestOutcome> outcomes;
  for (const Node& test : document_of(policy).tests) outcomes.push_back(TRY(run_one(policy, test, observe)));
  return outcomes;
}

}  // namespace steward::policy
