#include "steward/tune/export.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/model/llama/testing/session.h"
#include "steward/tune/adamw.h"
#include "steward/tune/safetensors.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/tiny.h"
#include "steward/tune/token_losses.h"

namespace steward::tune {
namespace {

using testing::apart;

constexpr double kApartMax = 2e-3;

ModelCard card() {
  ModelCard out;
  out.name = "tuned";
  out.base = "SmolLM2-135M-Instruct";
  out.license = "apache-2.0";
  out.method = "LoRA by supervised fine-tuning.";
  out.data = {{"three lines", std::string(64, 'a'), 3}};
  return out;
}

/// A LoRA of the default model that has learned one sentence. Its base is in float32, so that llama.cpp does not round activations.
struct Trained {
  std::string base = testing::requantized(testing::model_path(), "F32");
  std::vector<std::int32_t> tokens = testing::library_tokens(base, "The lighthouse keeper counts seven green boats and writes a letter.");
  Llama model{*load_llama(base, Precision::kF32)};
  Lora lora = *make_lora(model.shape(), {.rank = 4, .alpha = 8});
  double first_loss = 0, last_loss = 0;

  Trained() {
    const Packed batch = pack({tokens});
    const std::int64_t predicted = batch.tokens.size(0) - 1;
    AdamW optimizer(lora.named(), {});
    for (int step = 0; step < 8; ++step) {
      const Tensor hidden = model.hidden(batch, {&lora, Keep::kLayerInputs}).narrow(0, 0, predicted);
      const Tensor loss = weighted_nll({hidden, model.head(), batch.tokens.narrow(0, 1, predicted)},
                                       at::full({predicted}, 1.0 / static_cast<double>(predicted)));
      loss.backward();
      (step == 0 ? first_loss : last_loss) = loss.item<double>();
      optimizer.step(1e-3);
    }
  }
  Tensor logits(const Lora* used) const {
    const at::NoGradGuard guard;
    return model.logits(model.hidden(pack({tokens}), {used}));
  }
};

const Trained& trained() {
  static const Trained made;
  return made;
}

std::string adapter_file() {
  static const std::string path = [] {
    const std::string made = testing::scratch_folder() + "/trained.gguf";
    EXPECT_TRUE(export_adapter(made, trained().lora, card()));
    return made;
  }();
  return path;
}

TEST(Export, TheAdapterGivesTheTrainersLogitsInTheLibrary) {
  const Trained& run = trained();
  EXPECT_LT(run.last_loss, 0.6 * run.first_loss);
  const Tensor ours = run.logits(&run.lora), base = run.logits(nullptr);
  ASSERT_GT(apart(ours, base), 0.05) << "the adapter changes nothing: this test could not fail";
  const Tensor theirs = testing::library_logits(run.base, run.tokens, {.exact_cache = true, .adapter = adapter_file()});
  EXPECT_LT(apart(ours, theirs), kApartMax);
  EXPECT_TRUE(at::equal(ours.argmax(1), theirs.argmax(1)));
}

/// As the gateway does: the base and its adapter in the inference engine, one token's log-probability after the other.
TEST(Export, TheAdapterIsServedWithTheTrainersLogprobs) {
  const Trained& run = trained();
  model::LlamaOptions options;
  options.path = run.base;
  options.id = "base";
  options.context_per_sequence = 128;
  options.sequences = 1;
  options.threads = 1;
  options.adapters = {{adapter_file(), "tuned", "", 1}};
  const auto models = model::open_llama(options);
  ASSERT_TRUE(models) << models.error().message;
  EXPECT_EQ((*models)[1]->record().name, "tuned");
  EXPECT_EQ((*models)[1]->record().license, "apache-2.0");
  for (const bool tuned : {false, true}) {
    model::Sampling sampling = model::testing_llama::greedy(1);
    sampling.echo = sampling.want_logprobs = true;
    const auto answer = model::testing_llama::start(*(*models)[tuned ? 1 : 0], run.tokens, sampling, true)->wait();
    const Tensor ours = run.logits(tuned ? &run.lora : nullptr).log_softmax(1);
    ASSERT_EQ(answer.prompt.size(), run.tokens.size());
    for (std::size_t i = 1; i < run.tokens.size(); ++i)
      EXPECT_NEAR(*answer.prompt[i].logprob, ours[static_cast<std::int64_t>(i) - 1][run.tokens[i]].item<double>(), 0.05) << i;
  }
}

/// In Q8_0 too: the base came from 8 bits, and rounding to the nearest would take nearly all of the change away (logits apart by 0.86).
TEST(Export, TheMergedModelIsTheBaseWithItsAdapter) {
  const Trained& run = trained();
  const Tensor ours = run.logits(&run.lora);
  for (const auto& [format, most] : {std::pair{NumberFormat::kF16, kApartMax}, std::pair{NumberFormat::kQ8_0, 0.1}}) {
    const std::string path = testing::scratch_folder() + "/merged.gguf";
    ASSERT_TRUE(export_merged(path, run.base, adding(run.lora), format, card()));
    EXPECT_EQ(testing::library_tokens(path, "It keeps the tokenizer."), testing::library_tokens(run.base, "It keeps the tokenizer."));
    const at::NoGradGuard guard;
    const Llama again(*load_llama(path, Precision::kF32));
    EXPECT_LT(apart(again.logits(again.hidden(pack({run.tokens}))), ours), most);
    std::filesystem::remove(path);
  }
}

TEST(Export, TheHubsFormComesBack) {
  LlamaShape shape = testing::tiny_shape();
  shape.rope_freqs = false;
  shape.rope_scale = 2;
  const std::string base = testing::write_model(testing::random_weights(shape), "hub");
  const Llama model(*load_llama(base, Precision::kF32));
  Lora lora = *make_lora(shape, {.rank = 2});
  testing::shake(lora, 1);
  const Packed batch = pack({testing::random_tokens(9, shape.vocabulary, 1)});
  const std::string folder = testing::scratch_folder() + "/hub";
  ASSERT_TRUE(export_hub_model(folder, base, adding(lora), card()));
  const auto again = load_llama(folder, Precision::kF32);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->shape, model.shape());
  EXPECT_LT(apart(Llama(*again).hidden(batch), model.hidden(batch, {&lora})), 2e-3) << "float16 rounds";
  EXPECT_FALSE(export_hub_model(folder, base, adding(lora), card())) << "it is there already";
  const std::string readme = *read_file(folder + "/README.md");
  for (const char* part : {"license: \"apache-2.0\"", "base_model: \"SmolLM2-135M-Instruct\"", "library_name: transformers", "three lines"})
    EXPECT_NE(readme.find(part), std::string::npos) << part;
}

/// Waves of 6, 30, 140 and 664 tokens; trained on 256: up to 64 they stand, from 256 on they are slowed by 8, between they are mixed.
TEST(Hub, Llama3SlowsLongWaves) {
  LlamaShape shape = testing::tiny_shape();
  shape.rope_freqs = false;
  const std::string folder = testing::scratch_folder() + "/llama3";
  ASSERT_TRUE(export_hub_model(folder, testing::write_model(testing::random_weights(shape), "llama3"), adding(Lora{1, 1, {}}), card()));
  auto config = json::parse(*read_file(folder + "/config.json"))->get_object();
  config.erase("rope_parameters");
  config["rope_scaling"] = json::Object{{"rope_type", "llama3"},
                                        {"factor", 8.0},
                                        {"low_freq_factor", 1.0},
                                        {"high_freq_factor", 4.0},
                                        {"original_max_position_embeddings", 256}};
  ASSERT_TRUE(write_file_atomic(folder + "/config.json", json::dump(config)));
  const auto loaded = load_llama(folder, Precision::kF32);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const Tensor& factors = loaded->tensors.at("rope_freqs.weight");
  const double wanted[] = {1, 1, 2.7415, 8};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(factors[i].item<double>(), wanted[i], 1e-3) << i;
  config["rope_scaling"] = json::Object{{"rope_type", "yarn"}, {"factor", 8.0}};
  ASSERT_TRUE(write_file_atomic(folder + "/config.json", json::dump(config)));
  EXPECT_FALSE(load_llama(folder, Precision::kF32));
}

/// q and k are in the hub's order there: A stands, the rows of B move.
TEST(Export, TheHubsAdapterIsTheSameChange) {
  LlamaShape shape = testing::tiny_shape();
  Lora lora = *make_lora(shape, {.rank = 2, .alpha = 6, .targets = {"attn_q", "ffn_down"}});
  testing::shake(lora, 1);
  const std::string folder = testing::scratch_folder() + "/hub-adapter";
  ASSERT_TRUE(export_hub_adapter(folder, shape, lora, card()));
  const auto weights = read_safetensors(folder + "/adapter_model.safetensors");
  ASSERT_TRUE(weights);
  EXPECT_EQ(weights->tensors.size(), 8u);
  const std::string stem = "base_model.model.model.layers.1.self_attn.q_proj.lora_";
  const Tensor change = weights->tensors.at(stem + "B.weight").mm(weights->tensors.at(stem + "A.weight"));
  const LoraPair& pair = lora.pairs.at("blk.1.attn_q.weight");
  EXPECT_LT(apart(to_neighbours(change, shape.heads), pair.b.detach().mm(pair.a.detach())), 1e-6);
  EXPECT_GT(apart(change, pair.b.detach().mm(pair.a.detach())), 0.1);
  const std::string config = *read_file(folder + "/adapter_config.json");
  EXPECT_NE(config.find("\"target_modules\":[\"down_proj\",\"q_proj\"]"), std::string::npos) << config;
  EXPECT_EQ(config.find("layers_to_transform"), std::string::npos) << "all of them";
  const std::string last = testing::scratch_folder() + "/hub-adapter-last";
  ASSERT_TRUE(export_hub_adapter(last, shape, *make_lora(shape, {.layers = 1}), card()));
  EXPECT_NE(read_file(last + "/adapter_config.json")->find("\"layers_to_transform\":[1]"), std::string::npos);
}

TEST(Export, WhatIsNotFiniteIsNotWritten) {
  const LlamaShape shape = testing::tiny_shape();
  Lora lora = *make_lora(shape, {.rank = 2});
  {
    const at::NoGradGuard guard;
    lora.pairs.begin()->second.b[0][0] = NAN;
  }
  const std::string path = testing::scratch_folder() + "/nan.gguf";
  EXPECT_FALSE(export_adapter(path, lora, card()));
  EXPECT_FALSE(export_hub_adapter(path, shape, lora, card()));
  EXPECT_FALSE(std::filesystem::exists(path));
  lora.pairs.begin()->second.b.detach()[0][0] = 0;
  EXPECT_FALSE(export_adapter("/nowhere/a.gguf", lora, card()));
}

}  // namespace
}  // namespace steward::tune
