#include "recipes/constitution.h"

#include <cstdlib>

#include <fmt/format.h>

namespace steward::recipes {

void declare(runs::Fields& fields, ConstitutionConfig& config) {
  fields.text("constitution.file", config.file,
              "YAML file of principles; empty: they are made from the policy, and written into the run's folder");
  fields.text("constitution.policy", config.policy, "content policy that principles are made from");
}

Result<policy::Document> read_policy(const std::string& path) {
  const char* shipped = std::getenv("STEWARD_POLICIES");
  return policy::read_document(path, {shipped ? shipped : "policies"});
}

Result<std::vector<tune::Principle>> load_constitution(const ConstitutionConfig& config) {
  if (!config.file.empty()) return tune::read_constitution(config.file);
  std::vector<tune::Principle> out = tune::constitution_of(TRY(read_policy(config.policy)));
  if (out.empty())
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} prohibits and limits nothing that it defines: no principle can be made from it", config.policy),
                "constitution.policy");
  return out;
}

}  // namespace steward::recipes
