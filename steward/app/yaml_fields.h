#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/core/yaml.h"

namespace steward::app {

/// Members of a mapping of product.yaml, with what stands for one that is missing. Errors: kInvalidInput at the member's place.
Result<std::string> text_or(const yaml::Node& node, std::string_view key, std::string fallback);
Result<int> integer_or(const yaml::Node& node, std::string_view key, int fallback, int least, int most);
Result<double> number_or(const yaml::Node& node, std::string_view key, double fallback, double least, double most);
Result<std::vector<std::string>> texts_or_none(const yaml::Node& node, std::string_view key);

}  // namespace steward::app
