#include "steward/policy/words.h"

#include <algorithm>

#include <fmt/format.h>

namespace steward::policy {
namespace {

bool is_age_band(std::string_view text) {
  return text == "u13" || text == "13-15" || text == "16-17" || text == "18+" || text == "unknown";
}

bool is_jurisdiction(std::string_view text) {
  return text == "unknown" || (text.size() == 2 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
}

bool is_language(std::string_view text) {
  return text == "*" ||
         ((text.size() == 2 || text.size() == 3) && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; }));
}

}  // namespace

Result<void> check_context_values(std::string_view key, const yaml::Node& values) {
  const auto check = [&](const yaml::Node& node) -> Result<void> {
    const std::string text = TRY(node.as_string());
    if (key == "age_band" && !is_age_band(text))
      return yaml::fail_at(node, fmt::format("'{}' is no age band: u13 | 13-15 | 16-17 | 18+ | unknown", text));
    if ((key == "jurisdiction" || key == "jurisdictions") && !is_jurisdiction(text))
      return yaml::fail_at(node, fmt::format("'{}' is no ISO 3166-1 code such as DE, and not 'unknown'", text));
    if ((key == "language" || key == "languages") && !is_language(text))
      return yaml::fail_at(node, fmt::format("'{}' is no primary language tag such as en (BCP 47, without region), and not 'und'", text));
    return {};
  };
  if (values.is_scalar()) return check(values);
  for (const yaml::Node& item : values.items) TRY(check(item));
  return {};
}

}  // namespace steward::policy
