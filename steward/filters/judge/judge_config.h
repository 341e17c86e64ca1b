#pragma once

#include <string>
#include <vector>

#include "steward/filters/judge/judge.h"
#include "steward/policy/policy.h"

namespace steward::filters {

/// The config of a judge filter, read.
struct JudgeSettings {
  std::string model;
  JudgeConfig judge;
  std::vector<Definition> definitions;
};

/// Errors: kInvalidInput with the place and what to write instead.
Result<JudgeSettings> read_judge(const policy::FilterSpec& spec, const policy::Policy& policy);

}  // namespace steward::filters
