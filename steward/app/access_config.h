#pragma once

#include "steward/core/result.h"
#include "steward/core/yaml.h"
#include "steward/gateway/access.h"

namespace steward::app {

/// `access` of product.yaml: API keys, the roles that they share, limits (docs/formats/product.md). Errors: kInvalidInput with its place.
Result<gateway::AccessOptions> read_access(const yaml::Node& node);

}  // namespace steward::app
