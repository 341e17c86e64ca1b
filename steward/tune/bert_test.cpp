// The trainer's layers against those that serve, on the encoders that set-up makes.
#include "steward/tune/bert.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/model/encoder/encoder.h"
#include "steward/model/encoder/tokenizer.h"

namespace steward::tune {
namespace {

constexpr std::array<std::string_view, 4> kTexts = {"the quick brown fox jumps over the lazy dog", "a",
                                                    "how do i set up a wireless router at home, step by step?",
                                                    "la maison est grande und der garten ist klein, 今天天气很好"};

std::string path_of(const std::string& file) {
  const char* folder = std::getenv("STEWARD_MODELS_DIR");
  const char* home = std::getenv("HOME");
  return (folder ? std::string(folder) : std::string(home ? home : "") + "/.cache/steward/models") + "/" + file;
}

/// The texts as the encoder cuts them: one window each.
WindowBatch batch_of(const model::WeightsFile& file) {
  const auto tokenizer = model::load_tokenizer(file).value();
  const auto begin = file.integer("tokenizer.ggml.bos_token_id", 0, 1 << 20).value();
  const auto end = file.integer("tokenizer.ggml.eos_token_id", 0, 1 << 20).value();
  std::vector<Tensor> rows;
  std::vector<std::int64_t> lengths;
  for (const std::string_view text : kTexts) {
    std::vector<std::int64_t> ids = {begin};
    for (const auto& token : tokenizer->tokenize(file.text("steward.tokenizer.prefix"))) ids.push_back(token.id);
    for (const auto& token : tokenizer->tokenize(text)) ids.push_back(token.id);
    ids.push_back(end);
    lengths.push_back(static_cast<std::int64_t>(ids.size()));
    ids.resize(48, 7);  // padding must not matter
    rows.push_back(at::tensor(ids, at::kLong));
  }
  return {at::stack(rows), at::tensor(lengths, at::kLong)};
}

double cosine(const std::vector<float>& a, const Tensor& row) {
  const Tensor other = at::tensor(a, at::kFloat);
  return at::cosine_similarity(other, row, 0).item<double>();
}

/// The least cosine over the texts.
double least_cosine(const model::Encoder& encoder, const Tensor& means) {
  const auto windows = encoder.encode(kTexts).value();
  double least = 1;
  for (std::size_t i = 0; i < kTexts.size(); ++i)
    least = std::min(least, cosine(windows[i].front().embedding, means[static_cast<std::int64_t>(i)]));
  return least;
}

class BertFile : public testing::TestWithParam<const char*> {
 protected:
  const std::string path_ = path_of(GetParam());
  const model::WeightsFile file_ = model::WeightsFile::open(path_).value();
  const WindowBatch batch_ = batch_of(file_);
};

TEST_P(BertFile, SaysWhatTheEncoderSays) {
  const Bert bert = Bert::load(file_, {}).value();
  const std::vector<int> pooled = {3, bert.layers()};
  model::EncoderOptions options;
  options.pooled_layers = pooled;
  const auto encoder = model::open_encoder(path_, options).value();
  const at::NoGradGuard no_gradients;
  const Tensor whole = bert.forward(batch_, pooled);
  EXPECT_GE(least_cosine(*encoder, whole), 0.995);  // the encoder's 8 bits
  const Bert half = Bert::load(file_, {.dtype = at::kBFloat16}).value();
  EXPECT_GE(at::cosine_similarity(half.forward(batch_, pooled), whole, 1).min().item<double>(), 0.999);
}

TEST_P(BertFile, PaddingChangesNothing) {
  const Bert bert = Bert::load(file_, {.layers = 2}).value();
  const at::NoGradGuard no_gradients;
  const std::array pooled = {2};
  const std::int64_t length = batch_.lengths[0].item<std::int64_t>();
  const Tensor alone = bert.forward({batch_.tokens.narrow(0, 0, 1).narrow(1, 0, length), batch_.lengths.narrow(0, 0, 1)}, pooled);
  EXPECT_TRUE(at::allclose(alone[0], bert.forward(batch_, pooled)[0], 1e-4, 1e-5));
}

TEST_P(BertFile, ServesWhatItWrites) {
  const Bert bert = Bert::load(file_, {.layers = 4, .frozen = 2}).value();
  {
    const at::NoGradGuard by_hand;
    for (const auto& [name, tensor] : bert.parameters())
      if (tensor.dim() == 2) tensor.add_(at::sin(at::arange(tensor.numel(), at::kFloat)).view_as(tensor), 0.03);
  }
  const std::array pooled = {2, 4};
  const std::string out = testing::TempDir() + "/" + GetParam() + ".trunk.gguf";
  ASSERT_TRUE(write_trunk(out, bert, pooled, {"tuned", sha256_file_hex(path_).value()}));
  model::EncoderOptions options;
  options.trunk = out;
  const auto encoder = model::open_encoder(path_, options).value();
  EXPECT_EQ(encoder->layers(), 4);
  EXPECT_EQ(encoder->name(), "tuned");
  EXPECT_EQ(encoder->width(), static_cast<std::size_t>(2 * bert.width()));
  const at::NoGradGuard no_gradients;
  const Bert untouched = Bert::load(file_, {.layers = 4}).value();
  EXPECT_GE(least_cosine(*encoder, bert.forward(batch_, pooled)), 0.995);
  EXPECT_LT(least_cosine(*encoder, untouched.forward(batch_, pooled)), 0.99);  // not the file's own layers
  // What is read again and written again is the same.
  const model::WeightsFile layered =
      model::WeightsFile::layered(model::WeightsFile::open(path_).value(), model::WeightsFile::open(out).value());
  const Bert again = Bert::load(layered, {.frozen = 2}).value();
  EXPECT_EQ(again.layers(), 4);
  EXPECT_GE(at::cosine_similarity(again.forward(batch_, pooled), bert.forward(batch_, pooled), 1).min().item<double>(), 0.999);
  ASSERT_TRUE(write_trunk(out + ".again", again, pooled, {"tuned", sha256_file_hex(path_).value()}));
  EXPECT_EQ(read_file(out + ".again").value(), read_file(out).value());
  std::filesystem::remove(out);
  std::filesystem::remove(out + ".again");
}

TEST_P(BertFile, ATrunkOfAnotherFileIsRefused) {
  const Bert bert = Bert::load(file_, {.layers = 1}).value();
  const std::string out = testing::TempDir() + "/" + GetParam() + ".other.gguf";
  ASSERT_TRUE(write_trunk(out, bert, std::array{1}, {"tuned", std::string(64, 'a')}));
  model::EncoderOptions options;
  options.trunk = out;
  const auto encoder = model::open_encoder(path_, options);
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().code, ErrorCode::kInvalidInput);
  std::filesystem::remove(out);
}

TEST_P(BertFile, OnlyTrainedLayersGetGradients) {
  const Bert bert = Bert::load(file_, {.layers = 2, .frozen = 1}).value();
  bert.forward(batch_, std::array{2}).square().sum().backward();
  EXPECT_EQ(bert.parameters().size(), 12U);
  for (const auto& [name, tensor] : bert.parameters()) {
    EXPECT_TRUE(name.starts_with("blk.1."));
    ASSERT_TRUE(tensor.grad().defined());
    EXPECT_GT(tensor.grad().abs().max().item<float>(), 0);
  }
  for (const auto& [name, tensor] : bert.named()) EXPECT_TRUE(name.starts_with("blk.1.")) << name;
}

TEST(Bert, LayersThatAreNotThereAreAnError) {
  const auto file = model::WeightsFile::open(path_of("minilm-l6.gguf")).value();
  EXPECT_FALSE(Bert::load(file, {.layers = 7}));
  EXPECT_FALSE(Bert::load(file, {.layers = 2, .frozen = 3}));
}

INSTANTIATE_TEST_SUITE_P(Files, BertFile, testing::Values("minilm-l6.gguf", "e5-small.gguf"));

}  // namespace
}  // namespace steward::tune
