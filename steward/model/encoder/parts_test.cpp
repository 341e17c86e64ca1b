// Kernels of every instruction set against plain formulas, exact products, windows, and damaged files (fuzz/corpus, made by
// fuzz/encoder_corpus.py).
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <random>
#include <set>

#include "steward/core/files.h"
#include "steward/model/encoder/gemm.h"
#include "steward/model/encoder/kernels.h"
#include "steward/model/encoder/open.h"
#include "steward/model/encoder/windows.h"

namespace steward::model {
namespace {

std::vector<float> numbers(std::size_t count, float spread, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

template <typename Check>
void with_each_kernel(Check check) {
  int sets = 0;
  for (const Kernels* const* one = all_kernels(); *one; ++one, ++sets) {
    SCOPED_TRACE((*one)->name);
    check(**one);
  }
  EXPECT_GE(sets, 1);
}

TEST(Kernels, BytesAreWithinHalfAStep) {
  with_each_kernel([](const Kernels& kernels) {
    for (const int most : {255, 127}) {
      std::vector<float> row = numbers(384, 2, 1);
      row[7] = -20;
      std::vector<std::uint8_t> bytes(row.size());
      RowScale scale;
      kernels.quantise(row.data(), row.size(), most, bytes.data(), &scale);
      for (std::size_t i = 0; i < row.size(); ++i) {
        EXPECT_LE(bytes[i], most);
        EXPECT_NEAR(scale.scale * static_cast<float>(bytes[i] - scale.zero), row[i], scale.scale * 1.01f);
      }
    }
    std::vector<float> zeros(32);
    std::vector<std::uint8_t> bytes(32, 1);
    RowScale scale{1, 1};
    kernels.quantise(zeros.data(), zeros.size(), 255, bytes.data(), &scale);
    EXPECT_EQ(bytes, std::vector<std::uint8_t>(32, 0));
    EXPECT_EQ(scale.scale, 0);
  });
}

TEST(Kernels, GeluAndLayerNormAreTheirFormulas) {
  with_each_kernel([](const Kernels& kernels) {
    std::vector<float> row = numbers(1536, 3, 2), out = row;
    kernels.gelu(out.data(), out.size());
    for (std::size_t i = 0; i < row.size(); ++i)
      EXPECT_NEAR(out[i], row[i] * 0.5 * (1 + std::erf(double{row[i]} * M_SQRT1_2)), 2e-6) << row[i];
    std::vector<float> hidden = numbers(384, 5, 3), delta = numbers(384, 1, 4), weights = numbers(768, 1, 5), got = hidden;
    kernels.add_norm(got.data(), delta.data(), 384, weights.data(), 1e-12f);
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < 384; ++i) mean += (double{hidden[i]} + delta[i]) / 384;
    for (std::size_t i = 0; i < 384; ++i) variance += std::pow(double{hidden[i]} + delta[i] - mean, 2) / 384;
    for (std::size_t i = 0; i < 384; ++i)
      EXPECT_NEAR(got[i], (double{hidden[i]} + delta[i] - mean) / std::sqrt(variance) * weights[i] + weights[384 + i], 1e-4);
  });
}

TEST(Kernels, AttentionIsItsFormula) {
  with_each_kernel([](const Kernels& kernels) {
    for (const std::size_t tokens : {1u, 5u, 16u, 33u, 130u}) {
      const std::vector<float> qkv = numbers(tokens * 96, 2, static_cast<unsigned>(tokens));
      std::vector<float> out(tokens * 40, -1), scratch(attention_scratch(tokens));
      kernels.attend({qkv.data(), qkv.data() + 32, qkv.data() + 64, 96, out.data() + 4, 40, tokens, scratch.data()});
      for (std::size_t i = 0; i < tokens; ++i) {
        std::vector<double> weights(tokens), wanted(32);
        double total = 0;
        for (std::size_t j = 0; j < tokens; ++j) {
          double score = 0;
          for (std::size_t d = 0; d < 32; ++d) score += double{qkv[i * 96 + d]} * qkv[j * 96 + 32 + d];
          total += weights[j] = std::exp(score / std::sqrt(32.0));
        }
        for (std::size_t j = 0; j < tokens; ++j)
          for (std::size_t d = 0; d < 32; ++d) wanted[d] += weights[j] / total * qkv[j * 96 + 64 + d];
        for (std::size_t d = 0; d < 32; ++d) EXPECT_NEAR(out[i * 40 + 4 + d], wanted[d], 1e-4);
        EXPECT_EQ(out[i * 40 + 3], -1) << "nothing beside the head's own columns is written";
      }
    }
  });
}

TEST(Gemm, ProductsAreExact) {
  constexpr std::size_t kInputs = 96, kOutputs = 48;
  const auto gemm = Gemm::create(kInputs, kOutputs);
  ASSERT_TRUE(gemm) << gemm.error().message;
  std::mt19937 random(1);
  std::vector<std::int8_t> weights(kInputs * kOutputs);
  const int most = gemm->weight_max();
  for (auto& weight : weights) weight = static_cast<std::int8_t>(static_cast<int>(random() % static_cast<unsigned>(2 * most + 1)) - most);
  const auto packed = gemm->pack(weights);
  ASSERT_TRUE(packed);
  for (std::size_t rows = Gemm::kRowsStep; rows <= Gemm::kRowsMax; rows += Gemm::kRowsStep) {
    std::vector<std::uint8_t> in(rows * kInputs);
    for (auto& value : in) value = static_cast<std::uint8_t>(random() % 256);
    std::vector<std::int32_t> out(rows * kOutputs);
    ASSERT_TRUE(gemm->multiply(in.data(), rows, **packed, out.data()));
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < kOutputs; ++c) {
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < kInputs; ++i) sum += in[r * kInputs + i] * weights[c * kInputs + i];
        ASSERT_EQ(out[r * kOutputs + c], sum);
      }
  }
}

std::vector<std::pair<std::size_t, std::size_t>> cut(std::size_t count, const WindowShape& shape) {
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (const TokenRange& range : cut_windows(count, shape)) out.emplace_back(range.begin, range.end);
  return out;
}

TEST(Windows, AreCutByStride) {
  using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;
  EXPECT_EQ(cut(0, {10, 6, 4}), (Ranges{{0, 0}}));
  EXPECT_EQ(cut(10, {10, 6, 4}), (Ranges{{0, 10}}));
  EXPECT_EQ(cut(11, {10, 6, 4}), (Ranges{{0, 10}, {6, 11}}));
  EXPECT_EQ(cut(28, {10, 6, 4}), (Ranges{{0, 10}, {6, 16}, {12, 22}, {18, 28}}));
  EXPECT_EQ(cut(100, {10, 6, 4}), (Ranges{{0, 10}, {6, 16}, {84, 94}, {90, 100}}));
  EXPECT_EQ(cut(100, {10, 6, 1}), (Ranges{{0, 10}}));
}

const std::string kCorpus = std::string(STEWARD_SOURCE_DIR) + "/fuzz/corpus/encoder_file_fuzz/";

TEST(EncoderFile, EachFaultIsAnErrorInWords) {
  int whole = 0, faults = 0;
  std::set<std::string> messages;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    const std::string name = entry.path().stem();
    const auto opened = open_encoder(entry.path().string(), {.window_tokens = 16, .stride_tokens = 8});
    EXPECT_EQ(opened.has_value(), name.starts_with("whole")) << name << (opened ? "" : opened.error().message);
    if (opened) {
      const std::string_view text = "a ab b ba ab, and on and on it goes until two windows are full";
      const auto windows = (*opened)->encode({&text, 1});
      ASSERT_TRUE(windows);
      EXPECT_GT(windows->at(0).size(), 1u);
      ++whole;
      continue;
    }
    EXPECT_EQ(opened.error().code, ErrorCode::kInvalidInput) << name;
    EXPECT_NE(opened.error().message.find(name + ".gguf"), std::string::npos) << "names the file";
    messages.insert(opened.error().message.substr(opened.error().message.find(": ")));
    ++faults;
  }
  EXPECT_EQ(whole, 2);
  EXPECT_GE(faults, 12);
  EXPECT_GE(messages.size(), 10u);
}

TEST(EncoderFile, CutAnywhereItIsAnError) {
  const auto bytes = read_file(kCorpus + "whole_unigram.gguf");
  ASSERT_TRUE(bytes);
  for (std::size_t length = 0; length + 32 < bytes->size(); length += 97) {
    const auto file = WeightsFile::over(std::string_view(*bytes).substr(0, length));
    EXPECT_FALSE(file) << length;
  }
}

}  // namespace
}  // namespace steward::model
