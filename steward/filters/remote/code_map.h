#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "steward/filters/remote/service.h"

namespace steward::filters::remote {

/// A service's codes as categories of the policy.
class CodeMap {
 public:
  struct Meaning {
    std::string category, subtype;
  };
  /// From `categories` of the config, else from the crosswalk; what neither knows is of the category `other`, with the code as subtype.
  /// Errors: kInvalidInput for a code that the service does not know.
  static Result<CodeMap> read(const ServiceKind& kind, const yaml::Node& config, const guard::FilterEnvironment& environment);
  /// Nullopt: the config says that nobody asks for it (`CODE: ~`).
  std::optional<Meaning> find(const Label& label) const;

 private:
  std::map<std::string, std::optional<Meaning>, std::less<>> meanings_;
  std::string other_;
  bool codes_are_categories_ = false;
};

}  // namespace steward::filters::remote
