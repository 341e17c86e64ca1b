#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "steward/core/yaml.h"
#include "steward/policy/action.h"

namespace steward::policy {

/// Reads one of a closed set of words, or says which there are.
template <class T, std::size_t N>
Result<T> read_word(const yaml::Node& node, const std::pair<std::string_view, T> (&words)[N]) {
  const std::string text = TRY(node.as_string());
  std::string known;
  for (const auto& [word, value] : words) {
    if (text == word) return value;
    known += known.empty() ? "" : " | ";
    known += word;
  }
  return yaml::fail_at(node, "'" + text + "' is not one of: " + known);
}

/// Values that a context can have under `key`: a misspelt one would never match. Audiences, surfaces and subtypes are free words.
Result<void> check_context_values(std::string_view key, const yaml::Node& values);

inline constexpr std::pair<std::string_view, Action> kActionWords[] = {
    {"pass", Action::kPass}, {"log", Action::kLog}, {"rewrite", Action::kRewrite}, {"canned", Action::kCanned}, {"block", Action::kBlock}};
inline constexpr std::pair<std::string_view, Disposition> kDispositionWords[] = {
    {"allowed", Disposition::kAllowed}, {"limited", Disposition::kLimited}, {"prohibited", Disposition::kProhibited}};
inline constexpr std::pair<std::string_view, Direction> kDirectionWords[] = {{"input", Direction::kInput}, {"output", Direction::kOutput}};

}  // namespace steward::policy
