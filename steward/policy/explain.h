#pragma once

#include <string>

#include "steward/policy/policy.h"

namespace steward::policy {

/// For whom and where, which category: what happens and why, with every line that was weighed and the one that decided.
std::string explain(const Policy& policy, const Context& context, const Match& match);

/// What differs between two policies, in words, one line each; empty when nothing does.
std::vector<std::string> diff(const Policy& before, const Policy& after);

}  // namespace steward::policy
