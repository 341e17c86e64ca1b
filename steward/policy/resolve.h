#pragma once

#include <string>
#include <vector>

#include "steward/policy/document.h"

namespace steward::policy {

/// What was weighed on the way to a ruling, in order, for `explain`.
struct Step {
  std::string words;
  yaml::Location where;
  bool decided = false;
};

/// The ruling of `document` for one match in one context. Every override that matches is weighed and the strictest disposition
/// wins; an at-risk subtype on input is a floor that nothing lowers. `steps` may be null.
Ruling resolve(const Document& document, const Context& context, const Match& match, std::vector<Step>* steps);

}  // namespace steward::policy
