#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace steward::classify {

/// What the learned models tell apart: the data sets' vocabulary, and `attack`, which is a jailbreak or an injection. The order is that of
/// the heads in model files, which name them all the same.
inline constexpr std::array<std::string_view, 26> kLabels = {
    "unsafe",     "toxic",        "attack",       "jailbreak",       "injection",      "hate",      "harassment",
    "threat",     "profanity",    "sexual",       "self_harm",       "violence",       "illicit",   "weapons",
    "cyber",      "sexual_crime", "child_safety", "privacy",         "misinformation", "political", "specialized_advice",
    "defamation", "ip",           "prompt_leak",  "response_unsafe", "refusal"};

inline constexpr std::size_t kLabelCount = kLabels.size();

/// Index in kLabels, or nothing.
std::optional<std::size_t> label_index(std::string_view name);

/// One value a label: 0, 1, or the fraction of annotators; NaN where the source gives no evidence. Unknown is never negative.
struct Targets {
  std::array<float, kLabelCount> value;

  Targets() { value.fill(std::numeric_limits<float>::quiet_NaN()); }
  bool known(std::size_t label) const { return !std::isnan(value[label]); }
  bool positive(std::size_t label) const { return value[label] >= 0.5F; }
  bool negative(std::size_t label) const { return value[label] < 0.5F; }
};

/// Fills in what follows from what is known, and nothing else:
/// - a hateful, harassing or threatening text is toxic; a text that is not toxic is none of those and not profane;
/// - a request that is not unsafe is of no category of harm;
/// - a jailbreak or an injection is an attack; what is neither, as far as it was asked, is none.
void complete(Targets& targets);

}  // namespace steward::classify
