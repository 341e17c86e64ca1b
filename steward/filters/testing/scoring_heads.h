#pragma once

#include <string>
#include <vector>

namespace steward::filters::testing {

/// What heads that tests make are made for: the default model, which is fetched. Its width.
inline constexpr char kScoredBase[] = "SmolLM2-135M-Instruct.Q8_0.gguf";
inline constexpr int kScoredWidth = 576;

/// Writes heads of random numbers for a base: a reward head, or one for each label. Returns the path.
std::string write_heads(const std::string& path, const std::string& base_sha256, const std::vector<std::string>& labels = {});

}  // namespace steward::filters::testing
