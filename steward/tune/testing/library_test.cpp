// llama.cpp called by hand: the oracle of the trainer's numbers.
#include <gtest/gtest.h>
#include <llama.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/tune/testing/library.h"

namespace steward::tune::testing {
namespace {

struct ModelFree {
  void operator()(llama_model* model) const { llama_model_free(model); }
};
using Model = std::unique_ptr<llama_model, ModelFree>;

Model open(const std::string& path, bool vocabulary_only = false) {
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  params.vocab_only = vocabulary_only;
  Model model(llama_model_load_from_file(path.c_str(), params));
  STEWARD_CHECK(model != nullptr);
  return model;
}

/// Removes the folder when the program ends.
struct Scratch {
  std::string path = fmt::format("{}/steward-tune-{}", std::filesystem::temp_directory_path().string(), ::getpid());
  Scratch() { std::filesystem::create_directories(path); }
  ~Scratch() { std::filesystem::remove_all(path); }
};

}  // namespace

std::string model_path() {
  const char* folder = std::getenv("STEWARD_MODELS_DIR");
  const char* home = std::getenv("HOME");
  return (folder ? std::string(folder) : std::string(home ? home : "") + "/.cache/steward/models") + "/SmolLM2-135M-Instruct.Q8_0.gguf";
}

std::string scratch_folder() {
  static const Scratch scratch;
  return scratch.path;
}

Tensor library_logits(const std::string& path, const std::vector<std::int32_t>& tokens, const LibraryOptions& options) {
  const Model model = open(path);
  llama_adapter_lora* adapter = options.adapter.empty() ? nullptr : llama_adapter_lora_init(model.get(), options.adapter.c_str());
  STEWARD_CHECK(options.adapter.empty() || adapter);
  llama_context_params params = llama_context_default_params();
  params.n_ctx = 512;
  params.n_batch = params.n_ubatch = 512;
  params.n_threads = params.n_threads_batch = 1;
  if (options.exact_cache) {
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  }
  llama_context* context = llama_init_from_model(model.get(), params);
  STEWARD_CHECK(context != nullptr && tokens.size() <= 512);
  float scale = 1;
  if (adapter) llama_set_adapters_lora(context, &adapter, 1, &scale);
  const auto count = static_cast<int>(tokens.size());
  llama_batch batch = llama_batch_init(count, 0, 1);
  batch.n_tokens = count;
  for (int i = 0; i < count; ++i) {
    batch.token[i] = tokens[static_cast<std::size_t>(i)];
    batch.pos[i] = i;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  STEWARD_CHECK(llama_decode(context, batch) == 0);
  const int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
  Tensor out = at::empty({count, vocabulary}, at::kFloat);
  for (int i = 0; i < count; ++i)
    std::copy_n(llama_get_logits_ith(context, i), vocabulary, out.data_ptr<float>() + static_cast<std::ptrdiff_t>(i) * vocabulary);
  llama_batch_free(batch);
  llama_free(context);
  if (adapter) llama_adapter_lora_free(adapter);
  return out;
}

std::vector<std::int32_t> library_tokens(const std::string& path, const std::string& text) {
  const Model model = open(path, true);
  std::vector<std::int32_t> tokens(text.size() + 8);
  tokens.resize(static_cast<std::size_t>(llama_tokenize(llama_model_get_vocab(model.get()), text.data(), static_cast<int>(text.size()),
                                                        tokens.data(), static_cast<int>(tokens.size()), false, true)));
  return tokens;
}

std::string requantized(const std::string& path, const std::string& format) {
  static const std::map<std::string, llama_ftype> formats = {
      {"F32", LLAMA_FTYPE_ALL_F32},        {"F16", LLAMA_FTYPE_MOSTLY_F16},   {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
      {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},   {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0}, {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
      {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},   {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1}, {"Q4_K", LLAMA_FTYPE_MOSTLY_Q4_K_S},
      {"Q5_K", LLAMA_FTYPE_MOSTLY_Q5_K_S}, {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K}};
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.allow_requantize = true;
  params.nthread = 2;
  params.pure = true;
  params.ftype = formats.at(format);
  const std::string out = fmt::format("{}/{}.{}.gguf", scratch_folder(), std::filesystem::path(path).stem().string(), format);
  if (!std::filesystem::exists(out)) STEWARD_CHECK(llama_model_quantize(path.c_str(), out.c_str(), &params) == 0);
  return out;
}

}  // namespace steward::tune::testing
