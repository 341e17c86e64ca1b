#include <gtest/gtest.h>

#include <filesystem>

#include "steward/core/files.h"
#include "steward/tune/llama.h"
#include "steward/tune/safetensors.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/tiny.h"

namespace steward::tune {
namespace {

using testing::apart;

/// Factors of every linear map that change something, in the numbers of `like`.
Lora shaken_lora(const LlamaShape& shape, at::ScalarType type = at::kFloat) {
  Lora lora = *make_lora(shape, {.rank = 3, .alpha = 6});
  testing::shake(lora, 5, 0.3);
  for (auto& [name, pair] : lora.pairs) {
    pair.a = pair.a.detach().to(type).requires_grad_();
    pair.b = pair.b.detach().to(type).requires_grad_();
  }
  return lora;
}

/// A number that depends on every element of the logits.
Tensor score(const Llama& model, const Packed& batch, const Pass& pass) {
  const Tensor logits = model.logits(model.hidden(batch, pass)).log_softmax(1);
  return (logits * at::arange(logits.numel(), logits.options()).reshape_as(logits).sin()).sum();
}

std::vector<Tensor> gradients(const Llama& model, const Packed& batch, const Pass& pass, const std::vector<Tensor>& of) {
  return torch::autograd::grad({score(model, batch, pass)}, of);
}

TEST(Linear, GradientsAreThoseOfThePlainForm) {
  const auto make = [](at::IntArrayRef size) { return at::sin(at::arange(c10::multiply_integers(size), at::kDouble)).reshape(size); };
  const Tensor x = make({5, 4}).requires_grad_(), weight = make({3, 4}), a = make({2, 4}).requires_grad_(),
               b = make({3, 2}).requires_grad_();
  const LoraPair pair{a, b};
  const Tensor y = linear_map(x, weight, &pair, 0.7), plain = x.mm(weight.t()) + 0.7 * x.mm(a.t()).mm(b.t());
  EXPECT_LT(apart(y, plain), 1e-14);
  const Tensor seed = at::cos(y.detach());
  const auto ours = torch::autograd::grad({y}, {x, a, b}, {seed}), theirs = torch::autograd::grad({plain}, {x, a, b}, {seed});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(apart(ours[i], theirs[i]), 1e-13) << i;
  const auto of_x = torch::autograd::grad({linear_map(x, weight)}, {x}, {seed});
  EXPECT_LT(apart(of_x[0], seed.mm(weight)), 1e-14);
}

TEST(Llama, PackedSequencesDoNotSeeEachOther) {
  const LlamaShape shape = testing::tiny_shape();
  const Llama model(testing::random_weights(shape));
  const std::vector<std::vector<std::int32_t>> sequences = {testing::random_tokens(7, shape.vocabulary, 1),
                                                            testing::random_tokens(1, shape.vocabulary, 2),
                                                            testing::random_tokens(12, shape.vocabulary, 3)};
  const Tensor together = model.hidden(pack(sequences));
  std::int64_t begin = 0;
  for (const auto& sequence : sequences) {
    const auto length = static_cast<std::int64_t>(sequence.size());
    EXPECT_LT(apart(together.narrow(0, begin, length), model.hidden(pack({sequence}))), 1e-6);
    begin += length;
  }
}

TEST(Llama, LaterTokensDoNotChangeEarlierOnes) {
  const LlamaShape shape = testing::tiny_shape();
  const Llama model(testing::random_weights(shape));
  auto tokens = testing::random_tokens(9, shape.vocabulary, 4);
  const Tensor before = model.hidden(pack({tokens}));
  tokens.back() = (tokens.back() + 1) % static_cast<std::int32_t>(shape.vocabulary);
  const Tensor after = model.hidden(pack({tokens}));
  EXPECT_LT(apart(after.narrow(0, 0, 8), before.narrow(0, 0, 8)), 1e-6);
  EXPECT_GT(apart(after[8], before[8]), 1e-2);
}

TEST(Llama, RecomputedLayersGiveTheSameGradients) {
  const LlamaShape shape = testing::tiny_shape();
  Llama model(testing::random_weights(shape));
  const Lora lora = shaken_lora(shape);
  const Packed batch = pack({testing::random_tokens(7, shape.vocabulary, 1), testing::random_tokens(5, shape.vocabulary, 2)});
  const auto check = [&](const Lora* used, const std::vector<Tensor>& of) {
    const auto kept = gradients(model, batch, {used, Keep::kAll}, of), again = gradients(model, batch, {used, Keep::kLayerInputs}, of);
    for (std::size_t i = 0; i < of.size(); ++i) EXPECT_TRUE(at::equal(kept[i], again[i])) << i;
  };
  check(&lora, lora.parameters());
  check(nullptr, model.train_all());
}

/// Central differences in float64 along random directions, with and without recomputation.
TEST(Llama, GradientsAreThoseOfFiniteDifferences) {
  const LlamaShape shape = testing::tiny_shape();
  Llama model(testing::in_doubles(testing::random_weights(shape)));
  const Lora lora = shaken_lora(shape, at::kDouble);
  const Packed batch = pack({testing::random_tokens(6, shape.vocabulary, 1), testing::random_tokens(4, shape.vocabulary, 2)});
  const auto check = [&](const Lora* used, const std::vector<Tensor>& of) {
    const auto found = gradients(model, batch, {used, Keep::kLayerInputs}, of);
    const at::NoGradGuard guard;
    for (std::size_t i = 0; i < of.size(); ++i) {
      const Tensor direction = at::cos(at::arange(of[i].numel(), at::kDouble)).reshape_as(of[i]);
      constexpr double kStep = 1e-5;
      of[i].add_(direction, kStep);
      const double above = score(model, batch, {used}).item<double>();
      of[i].sub_(direction, 2 * kStep);
      const double below = score(model, batch, {used}).item<double>();
      of[i].add_(direction, kStep);
      const double wanted = (above - below) / (2 * kStep), given = (found[i] * direction).sum().item<double>();
      EXPECT_NEAR(given, wanted, 1e-5 * std::max(1.0, std::abs(wanted))) << "tensor " << i;
    }
  };
  check(&lora, lora.parameters());
  check(nullptr, model.train_all());
}

TEST(Llama, AFreshLoraChangesNothing) {
  const LlamaShape shape = testing::tiny_shape();
  const Llama model(testing::random_weights(shape));
  const Packed batch = pack({testing::random_tokens(7, shape.vocabulary, 1)});
  Lora lora = *make_lora(shape, {.seed = 1});
  EXPECT_EQ(lora.pairs.size(), 14u);
  EXPECT_TRUE(at::equal(model.hidden(batch, {&lora}), model.hidden(batch)));
  testing::shake(lora, 1);
  EXPECT_GT(apart(model.hidden(batch, {&lora}), model.hidden(batch)), 1e-3);
  EXPECT_TRUE(at::equal(make_lora(shape, {.seed = 1})->parameters()[0], lora.parameters()[0])) << "the same seed";
  EXPECT_FALSE(at::equal(make_lora(shape, {.seed = 2})->parameters()[0], lora.parameters()[0])) << "another seed";
  EXPECT_FALSE(make_lora(shape, {.targets = {"attn_norm"}}));
  EXPECT_FALSE(make_lora(shape, {.rank = 0}));
  EXPECT_FALSE(make_lora(shape, {.layers = shape.layers + 1}));
}

TEST(Llama, ALoraOfTheLastLayersHasTheGradientsOfOneThatIsZeroBelow) {
  const LlamaShape shape = testing::tiny_shape();
  const Llama model(testing::random_weights(shape));
  Lora all = *make_lora(shape, {.rank = 3, .alpha = 6}), last = *make_lora(shape, {.rank = 3, .alpha = 6, .layers = 1});
  EXPECT_EQ(last.pairs.size(), 7u);
  testing::shake(last, 1);
  {
    const at::NoGradGuard guard;
    for (const auto& [name, pair] : last.pairs) {
      all.pairs.at(name).a.copy_(pair.a);
      all.pairs.at(name).b.copy_(pair.b);
    }
  }
  const Packed batch = pack({testing::random_tokens(6, shape.vocabulary, 1), testing::random_tokens(4, shape.vocabulary, 2)});
  std::vector<Tensor> same;
  for (const auto& [name, pair] : last.pairs) same.insert(same.end(), {all.pairs.at(name).a, all.pairs.at(name).b});
  std::vector<Tensor> own;
  for (const auto& [name, pair] : last.pairs) own.insert(own.end(), {pair.a, pair.b});
  for (const Keep keep : {Keep::kLayerInputs, Keep::kAll}) {
    const auto wanted = gradients(model, batch, {&all, keep}, same), given = gradients(model, batch, {&last, keep}, own);
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_LT(apart(given[i], wanted[i]), 1e-6) << i;
  }
}

/// What several adapters of the last layers have alike is gone through once, with the same numbers.
TEST(Llama, ATrunkThatPassesShareChangesNothing) {
  const LlamaShape shape = testing::tiny_shape();
  const Llama model(testing::random_weights(shape));
  Lora upper = *make_lora(shape, {.rank = 3, .layers = 1}), all = *make_lora(shape, {.rank = 3});
  testing::shake(upper, 1);
  testing::shake(all, 2);
  EXPECT_EQ(upper.first_layer(), shape.layers - 1);
  const Packed batch = pack({testing::random_tokens(6, shape.vocabulary, 1), testing::random_tokens(4, shape.vocabulary, 2)});
  const at::NoGradGuard guard;
  const std::vector<Pass> apart_passes = {{&upper, Keep::kAll}, {}}, shared = model.sharing(batch, apart_passes);
  for (std::size_t i = 0; i < shared.size(); ++i) {
    EXPECT_EQ(shared[i].trunk.layers, shape.layers - 1);
    EXPECT_TRUE(model.hidden(batch, shared[i]).equal(model.hidden(batch, apart_passes[i])));
  }
  EXPECT_GT(apart(model.hidden(batch, shared[0]), model.hidden(batch, shared[1])), 1e-4);
  EXPECT_EQ(model.sharing(batch, {{&upper}, {&all}})[0].trunk.layers, 0);
  EXPECT_EQ(model.sharing(batch, {{}, {}})[1].trunk.layers, shape.layers);
}

TEST(Files, WhatIsNoModelIsAnErrorThatNamesTheFile) {
  const auto error = [](const std::string& path) {
    const auto loaded = load_llama(path, Precision::kF32);
    return loaded ? "" : loaded.error().message;
  };
  EXPECT_NE(error("/nowhere.gguf").find("/nowhere.gguf"), std::string::npos);
  const LlamaShape shape = testing::tiny_shape();
  LlamaWeights weights = testing::random_weights(shape);
  const std::string path = testing::write_model(weights, "whole");
  EXPECT_EQ(error(path), "");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4096);
  EXPECT_NE(error(path).find(path), std::string::npos);
  weights.tensors["blk.1.attn_q.weight"] = at::ones({3, 48});
  EXPECT_NE(error(testing::write_model(weights, "shape")).find("blk.1.attn_q.weight has another shape"), std::string::npos);
  weights = testing::random_weights(shape);
  weights.tensors["output_norm.weight"][3] = NAN;
  EXPECT_NE(error(testing::write_model(weights, "nan")).find("output_norm.weight holds"), std::string::npos);
}

TEST(Files, SafetensorsComeBack) {
  const std::string path = testing::scratch_folder() + "/some.safetensors";
  const Safetensors content{{{"a", at::arange(6, at::kFloat).reshape({2, 3})},
                             {"b", at::arange(4).to(at::kBFloat16)},
                             {"c", at::tensor(std::vector<std::int64_t>{7})},
                             {"d", at::empty({0, 4}, at::kHalf)}},
                            {{"step", "3"}}};
  ASSERT_TRUE(write_safetensors(path, content));
  const auto read = read_safetensors(path);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->metadata, content.metadata);
  ASSERT_EQ(read->tensors.size(), content.tensors.size());
  for (const auto& [name, tensor] : content.tensors) EXPECT_TRUE(at::equal(read->tensors.at(name), tensor)) << name;
  const std::string bytes = *read_file(path);
  for (std::size_t length = 0; length < bytes.size(); length += 3) {
    ASSERT_TRUE(write_file_atomic(path, std::string_view(bytes).substr(0, length)));
    EXPECT_FALSE(read_safetensors(path)) << "cut at " << length;
  }
}

}  // namespace
}  // namespace steward::tune
