#pragma once

#include <string>
#include <vector>

#include "steward/tune/torch.h"

namespace steward::tune::testing {

/// The default model, Q8_0.
std::string model_path();
/// A folder of this process for files of tests; removed at its end.
std::string scratch_folder();

struct LibraryOptions {
  bool exact_cache = false;  ///< keys and values in float32 instead of float16
  std::string adapter = {};  ///< a LoRA file
};
/// Logits [N, vocabulary] of llama.cpp itself: one sequence in one batch.
Tensor library_logits(const std::string& path, const std::vector<std::int32_t>& tokens, const LibraryOptions& options = {});
std::vector<std::int32_t> library_tokens(const std::string& path, const std::string& text);
/// Rewrites a model in another number format, such as "Q4_K", with llama.cpp's own quantiser. Gives back the path of the copy.
std::string requantized(const std::string& path, const std::string& format);

}  // namespace steward::tune::testing
