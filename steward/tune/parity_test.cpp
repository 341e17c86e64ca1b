// Our forward pass against llama.cpp's, on the same files.
#include <gtest/gtest.h>

#include <filesystem>

#include "steward/tune/llama.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/tiny.h"

namespace steward::tune {
namespace {

using testing::apart;
using testing::library_logits;
using testing::requantized;

constexpr double kApartMax = 2e-3;

Tensor our_logits(const std::string& path, const std::vector<std::int32_t>& tokens, Precision precision = Precision::kF32) {
  auto weights = load_llama(path, precision);
  if (!weights) ADD_FAILURE() << weights.error().message;
  const at::NoGradGuard guard;
  const Llama model(std::move(*weights));
  return model.logits(model.hidden(pack({tokens})));
}

double same_argmax(const Tensor& a, const Tensor& b) { return (a.argmax(1) == b.argmax(1)).to(at::kDouble).mean().item<double>(); }

const std::vector<std::int32_t>& real_text() {
  static const auto tokens =
      testing::library_tokens(testing::model_path(),
                              "The capital of France is Paris, and the river that runs through it is the Seine. Water boils at one hundred "
                              "degrees at the level of the sea, and earlier on mountains, where the air is thinner.");
  return tokens;
}

class RealText : public ::testing::TestWithParam<const char*> {};

/// A quantised file is read as llama.cpp's own quantiser takes it apart: with the copy in float32 the logits are the same. With the file
/// itself they are as far apart as llama.cpp's kernels, which quantise activations too, are from exact products.
TEST_P(RealText, LogitsAreThoseOfTheLibrary) {
  static const std::string half = requantized(testing::model_path(), "F16");
  const std::string path = requantized(half, GetParam()), exact = requantized(path, "F32");
  const Tensor ours = our_logits(path, real_text());
  const Tensor of_exact = library_logits(exact, real_text());
  EXPECT_LT(apart(ours, of_exact), kApartMax);
  EXPECT_EQ(same_argmax(ours, of_exact), 1);
  const Tensor of_file = library_logits(path, real_text());
  const bool rounds_activations = std::string_view(GetParam()) != "F16" && std::string_view(GetParam()) != "F32";
  EXPECT_LT(apart(ours, of_file), rounds_activations ? 0.08 : kApartMax);
  EXPECT_GE(same_argmax(ours, of_file), rounds_activations ? 0.8 : 1);
  RecordProperty("apart_exact", std::to_string(apart(ours, of_exact)));
  RecordProperty("apart_file", std::to_string(apart(ours, of_file)));
  std::filesystem::remove(exact);
  if (path != half) std::filesystem::remove(path);
}

INSTANTIATE_TEST_SUITE_P(Formats, RealText, ::testing::Values("F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"),
                         [](const auto& info) { return std::string(info.param); });

/// Width 256, since a block of a K format has 256 numbers: llama.cpp falls back to others where rows are shorter, as in SmolLM2.
TEST(Parity, EveryFormatOnRandomWeights) {
  LlamaShape shape = testing::tiny_shape(256);
  shape.head_width = 64;
  shape.heads = 4;
  const std::string path = testing::write_model(testing::random_weights(shape), "wide");
  const auto tokens = testing::random_tokens(40, shape.vocabulary, 1);
  for (const char* format : {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"}) {
    const std::string stored = requantized(path, format), exact = requantized(stored, "F32");
    const Tensor ours = our_logits(stored, tokens);
    const Tensor theirs = library_logits(exact, tokens, {.exact_cache = true});
    EXPECT_LT(apart(ours, theirs), 1e-4) << format;
    EXPECT_EQ(same_argmax(ours, theirs), 1) << format;
    EXPECT_LT(apart(ours, library_logits(stored, tokens)), 0.08) << format;
    if (std::string_view(format).starts_with("Q")) {
      EXPECT_GT(apart(ours, our_logits(path, tokens)), 1e-3) << format << " rounds nothing: is the file what it says?";
    }
  }
}

TEST(Parity, OtherShapes) {
  const auto check = [](const LlamaShape& shape, const char* what) {
    const std::string path = testing::write_model(testing::random_weights(shape), "shape");
    const auto tokens = testing::random_tokens(60, shape.vocabulary, 2);
    EXPECT_LT(apart(our_logits(path, tokens), library_logits(path, tokens, {.exact_cache = true})), 1e-5) << what;
  };
  LlamaShape shape = testing::tiny_shape();
  check(shape, "untied, factors of frequencies, narrow heads");
  shape.tied = true;
  shape.rope_freqs = false;
  check(shape, "tied");
  shape.rope_scale = 4;
  check(shape, "linear scaling of positions");
  shape.kv_heads = shape.heads;
  check(shape, "a key head for each query head");
}

TEST(Parity, Bfloat16IsNear) {
  const Tensor exact = our_logits(testing::model_path(), real_text());
  const Tensor narrow = our_logits(testing::model_path(), real_text(), Precision::kBf16);
  EXPECT_LT(apart(narrow, exact), 0.03);
  EXPECT_GT(apart(narrow, exact), 1e-4);
}

}  // namespace
}  // namespace steward::tune
