#pragma once

#include <functional>
#include <string>
#include <vector>

#include "steward/policy/policy.h"

namespace steward::policy {

/// What the guard did with a text, as far as a test may ask.
struct Observed {
  Action action = Action::kPass;
  bool supportive = false;
  std::vector<std::string> categories;
};
using Observe = std::function<Observed(const Context&, Direction, std::string_view text)>;

struct TestOutcome {
  std::string name;
  bool passed = false;
  std::string words;  ///< what was expected and what came, when it failed
  yaml::Location where;
};

/// Runs the policy's `tests:` (docs/formats/policy.md): entries with `text` through `observe`, entries with `category` through the plan.
/// Errors: kInvalidInput at a malformed entry.
Result<std::vector<TestOutcome>> run_tests(const Policy& policy, const Observe& observe);

}  // namespace steward::policy
