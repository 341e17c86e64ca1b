// llama.cpp called by hand: the oracle of the engine's numbers.
#include <gtest/gtest.h>
#include <llama.h>

#include <algorithm>
#include <cmath>

#include "steward/model/llama/testing/session.h"

namespace steward::model::testing_llama {

std::vector<double> library_logprobs(const std::vector<Token>& tokens, const std::string& adapter_path, float scale) {
  llama_model* model = llama_model_load_from_file(model_path().c_str(), llama_model_default_params());
  llama_adapter_lora* adapter = adapter_path.empty() ? nullptr : llama_adapter_lora_init(model, adapter_path.c_str());
  llama_context_params params = llama_context_default_params();
  params.n_ctx = 256;
  params.n_threads = params.n_threads_batch = 1;
  llama_context* context = llama_init_from_model(model, params);
  if (adapter) llama_set_adapters_lora(context, &adapter, 1, &scale);
  llama_batch batch = llama_batch_init(static_cast<int>(tokens.size()), 0, 1);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    batch.token[i] = tokens[i];
    batch.pos[i] = static_cast<llama_pos>(i);
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  batch.n_tokens = static_cast<int>(tokens.size());
  EXPECT_EQ(llama_decode(context, batch), 0);
  const int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
  std::vector<double> out;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const float* logits = llama_get_logits_ith(context, static_cast<int>(i));
    double sum = 0;
    const double most = *std::max_element(logits, logits + vocabulary);
    for (int token = 0; token < vocabulary; ++token) sum += std::exp(static_cast<double>(logits[token]) - most);
    out.push_back(static_cast<double>(logits[tokens[i + 1]]) - most - std::log(sum));
  }
  llama_batch_free(batch);
  llama_free(context);
  if (adapter) llama_adapter_lora_free(adapter);
  llama_model_free(model);
  return out;
}

}  // namespace steward::model::testing_llama
