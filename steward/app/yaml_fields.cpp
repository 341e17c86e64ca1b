#include "steward/app/yaml_fields.h"

#include <fmt/format.h>

namespace steward::app {

using yaml::Node;

Result<std::string> text_or(const Node& node, std::string_view key, std::string fallback) {
  const Node* value = node.find(key);
  return value ? value->as_string() : Result<std::string>(std::move(fallback));
}

Result<int> integer_or(const Node& node, std::string_view key, int fallback, int least, int most) {
  const Node* value = node.find(key);
  if (!value) return fallback;
  const auto number = TRY(value->as_integer());
  if (number < least || number > most) return yaml::fail_at(*value, fmt::format("write a number from {} to {}", least, most));
  return static_cast<int>(number);
}

Result<double> number_or(const Node& node, std::string_view key, double fallback, double least, double most) {
  const Node* value = node.find(key);
  if (!value) return fallback;
  const double number = TRY(value->as_number());
  if (!(number >= least && number <= most)) return yaml::fail_at(*value, fmt::format("write a number from {} to {}", least, most));
  return number;
}

Result<std::vector<std::string>> texts_or_none(const Node& node, std::string_view key) {
  const Node* value = node.find(key);
  return value ? value->as_strings() : Result<std::vector<std::string>>(std::vector<std::string>{});
}

}  // namespace steward::app
