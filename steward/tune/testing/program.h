#pragma once

#include <string>
#include <vector>

namespace steward::tune::testing {

/// A model of two narrow layers with random weights and the default model's tokenizer and chat template: a GGUF file.
std::string small_chat_model();

/// The same with numbers so large that logits are not finite.
std::string overflowing_chat_model();

struct Outcome {
  int exit_code = 0;
  bool killed = false;
  std::string errors;  ///< what it wrote to stderr
};
/// Runs steward-tune. kill_after: kills it (SIGKILL) as soon as `log` has so many lines; 0: never.
Outcome run_tune(const std::vector<std::string>& arguments, const std::string& log = "", int kill_after = 0);

}  // namespace steward::tune::testing
