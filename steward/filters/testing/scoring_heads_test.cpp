// Heads that tests make.
#include "steward/filters/testing/scoring_heads.h"

#include <ggml.h>
#include <gguf.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "steward/core/json.h"
#include "steward/core/random.h"

namespace steward::filters::testing {

std::string write_heads(const std::string& path, const std::string& base_sha256, const std::vector<std::string>& labels) {
  const std::string keys = labels.empty() ? "reward_head." : "class_heads.";
  const int heads = std::max(1, static_cast<int>(labels.size()));
  ggml_context* context = ggml_init({1 << 18, nullptr, false});
  gguf_context* file = gguf_init_empty();
  gguf_set_val_str(file, "general.type", labels.empty() ? "reward-head" : "class-heads");
  gguf_set_val_str(file, "general.architecture", "llama");
  gguf_set_val_str(file, (keys + "base_sha256").c_str(), base_sha256.c_str());
  gguf_set_val_str(file, (keys + "adapter_sha256").c_str(), "");
  if (!labels.empty())
    gguf_set_val_str(file, "class_heads.labels", json::dump_canonical(json::Array(labels.begin(), labels.end())).c_str());
  ggml_tensor* weight = ggml_new_tensor_2d(context, GGML_TYPE_F32, kScoredWidth, heads);
  ggml_tensor* bias = ggml_new_tensor_1d(context, GGML_TYPE_F32, heads);
  ggml_set_name(weight, "head.weight");
  ggml_set_name(bias, "head.bias");
  Random random(11);
  for (int i = 0; i < kScoredWidth * heads; ++i) static_cast<float*>(weight->data)[i] = static_cast<float>(random.uniform() - 0.5) * 0.2F;
  std::fill_n(static_cast<float*>(bias->data), heads, 0.F);
  gguf_add_tensor(file, weight);
  gguf_add_tensor(file, bias);
  EXPECT_TRUE(gguf_write_to_file(file, path.c_str(), false));
  gguf_free(file);
  ggml_free(context);
  return path;
}

}  // namespace steward::filters::testing
