// Adapters that tests make.
#include "steward/model/llama/testing/adapter.h"

#include <ggml.h>
#include <gguf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "steward/core/random.h"

namespace steward::model::testing_llama {
namespace {

ggml_tensor* random_tensor(ggml_context* context, const std::string& name, std::pair<int, int> shape, Random& random) {
  ggml_tensor* tensor = ggml_new_tensor_2d(context, GGML_TYPE_F32, shape.first, shape.second);
  ggml_set_name(tensor, name.c_str());
  auto* data = static_cast<float*>(tensor->data);
  for (int i = 0; i < shape.first * shape.second; ++i) data[i] = static_cast<float>(random.uniform() - 0.5) * 0.4F;
  return tensor;
}

}  // namespace

std::string make_adapter(const std::string& name, std::uint64_t seed, const Made& made) {
  const std::string folder = ::testing::TempDir() + "/adapters-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  Random random(seed);
  ggml_context* context = ggml_init({1 << 20, nullptr, false});
  gguf_context* file = gguf_init_empty();
  gguf_set_val_str(file, "general.type", made.type.c_str());
  gguf_set_val_str(file, "general.architecture", made.architecture.c_str());
  gguf_set_val_str(file, "general.name", name.c_str());
  gguf_set_val_str(file, "adapter.type", "lora");
  gguf_set_val_f32(file, "adapter.lora.alpha", 8);
  gguf_add_tensor(file, random_tensor(context, made.tensor + ".lora_a", {made.inputs, 4}, random));
  gguf_add_tensor(file, random_tensor(context, made.tensor + ".lora_b", {4, 576}, random));
  const std::string path = folder + "/" + name + ".gguf";
  EXPECT_TRUE(gguf_write_to_file(file, path.c_str(), false));
  gguf_free(file);
  ggml_free(context);
  return path;
}

}  // namespace steward::model::testing_llama
