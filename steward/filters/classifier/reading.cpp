#include "steward/filters/classifier/reading.h"

#include <filesystem>

#include "steward/core/hash.h"

namespace steward::filters {

model::EncoderOptions encoder_options() {
  model::EncoderOptions options;
  options.pooled_layers = {6, 12};
  options.window_tokens = 128;
  options.stride_tokens = 96;
  options.windows_max = 32;
  return options;
}

model::EncoderOptions encoder_options(const std::string& models) {
  model::EncoderOptions options = encoder_options();
  const std::string trunk = models + "/trunk.gguf";
  if (!std::filesystem::exists(trunk)) return options;
  options.trunk = trunk;
  options.pooled_layers.clear();  // the trunk names its own
  return options;
}

std::string trunk_id(const model::Encoder& encoder) {
  const model::EncoderOptions options = encoder_options();
  std::string reading = encoder.digest();
  for (const int layer : encoder.pooled_layers()) reading += "," + std::to_string(layer);
  reading += "," + std::to_string(options.window_tokens) + "," + std::to_string(options.stride_tokens);
  return hex(sha256(reading));
}

std::string reading_id(const model::Encoder& encoder, int windows_max) {
  return hex(sha256(trunk_id(encoder) + " " + std::to_string(encoder.layers()) + " " + std::to_string(windows_max)));
}

}  // namespace steward::filters
