#pragma once

#include <string>
#include <vector>

#include "steward/core/yaml.h"
#include "steward/policy/policy.h"

namespace steward::filters {

/// A category as the judge is told it: all of it in the policy's own words.
struct Definition {
  std::string id;
  std::string name;                          ///< the id in words
  std::string text;                          ///< the policy's definition
  std::string stance;                        ///< prohibited | limited | allowed
  std::vector<std::string> allowed;          ///< subtypes that are allowed, in words
  std::vector<std::string> examples;         ///< that belong to it
  std::vector<std::string> counterexamples;  ///< that do not
  std::string severity;                      ///< "0 mention, 1 discussion", or empty
};

/// The definitions of `ids`, in this order; of all prohibited categories, if there are none. `examples` of a category is a list of texts
/// that belong to it, or {belongs: [...], does_not: [...]}. `where`: the filter's config, for errors. Errors: kInvalidInput: no such
/// category, one without a definition, examples of another form.
Result<std::vector<Definition>> definitions_of(const policy::Policy& policy, const std::vector<std::string>& ids, const yaml::Node& where);

}  // namespace steward::filters
