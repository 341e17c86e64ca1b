// Policies over heads that tests make.
#include "steward/filters/testing/scoring_files.h"

#include <ggml.h>
#include <gguf.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "steward/core/hash.h"
#include "steward/core/json.h"
#include "steward/core/random.h"
#include "steward/model/model_files.h"

namespace steward::filters::testing {
namespace {

constexpr char kScoredBase[] = "SmolLM2-135M-Instruct.Q8_0.gguf";
constexpr int kScoredWidth = 576;

void write_heads(const std::string& path, const std::string& base_sha256, const std::vector<std::string>& labels) {
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
}

}  // namespace

void ScoringFiles::SetUp() {
  PolicyFiles::SetUp();
  const auto base = model::find_model_file(kScoredBase);
  ASSERT_TRUE(base) << base.error().message << " (tests find models by STEWARD_MODELS_DIR)";
  options_.base = *base;
  options_.head = (folder_ / heads_file_).string();
  options_.threads = 1;
  replace_heads(base_sha256(), labels_);
}

const std::string& ScoringFiles::base_sha256() const {
  static const std::string digest = *sha256_file_hex(options_.base);
  return digest;
}

void ScoringFiles::replace_heads(const std::string& base_sha256, const std::vector<std::string>& labels) const {
  write_heads(options_.head, base_sha256, labels);
}

std::string ScoringFiles::filled(Words words) const {
  words.emplace_back("BASE", options_.base);
  std::string out = text_;
  for (const auto& [word, value] : words) out.replace(out.find(word), word.size(), value);
  return out;
}

Result<std::unique_ptr<guard::Filter>> ScoringFiles::make(const std::string& text) const {
  const auto policy = must(text);
  return make_(policy->filters().front(), environment(policy.get()), {});
}

std::string ScoringFiles::error(const std::string& text) const {
  const auto made = make(text);
  return made ? "" : made.error().message;
}

guard::FilterFactory ScoringFiles::factory(std::shared_ptr<const model::ScoringModel> model) const {
  return [make = make_, model](const policy::FilterSpec& spec, const guard::FilterEnvironment& environment) {
    return make(spec, environment, [&](const model::ScoringOptions&) { return Result<std::shared_ptr<const model::ScoringModel>>(model); });
  };
}

}  // namespace steward::filters::testing
