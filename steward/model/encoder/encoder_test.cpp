// The two models that `make setup` makes, against others: token ids of the `tokenizers` library and embeddings of e5's own engine stand in
// cases/encoder/golden.json (tools/encoder/golden.py); llama.cpp runs here, on the same file.
#include "steward/model/encoder/encoder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <thread>

#include <llama.h>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/core/utf8.h"
#include "steward/model/encoder/gemm.h"
#include "steward/model/encoder/tokenizer.h"

namespace steward::model {
namespace {

std::string path_of(const std::string& file) {
  const char* folder = std::getenv("STEWARD_MODELS_DIR");
  const char* home = std::getenv("HOME");
  return (folder ? std::string(folder) : std::string(home ? home : "") + "/.cache/steward/models") + "/" + file;
}

std::unique_ptr<Encoder> open(const std::string& file, const EncoderOptions& options = {}) {
  auto opened = open_encoder(path_of(file), options);
  if (!opened) fprintf(stderr, "%s (tests find models by STEWARD_MODELS_DIR)\n", opened.error().message.c_str());
  STEWARD_CHECK(opened.has_value());
  return std::move(*opened);
}

const Encoder& minilm() {
  static const auto one = open("minilm-l6.gguf");
  return *one;
}
const Encoder& e5() {
  static const auto one = open("e5-small.gguf");
  return *one;
}

struct Golden {
  std::string text;
  std::vector<std::int32_t> minilm, e5;
  std::vector<float> embedding;
};

std::vector<Golden> golden() {
  const auto value = json::parse(*read_file(STEWARD_SOURCE_DIR "/cases/encoder/golden.json"));
  std::vector<Golden> out;
  for (const json::Value& entry : value->as_array()) {
    const json::Object& object = entry.as_object();
    Golden one;
    one.text = std::string(object.at("text").as_string());
    for (const json::Value& id : object.at("minilm_ids").as_array()) one.minilm.push_back(static_cast<std::int32_t>(id.as_int64()));
    for (const json::Value& id : object.at("e5_ids").as_array()) one.e5.push_back(static_cast<std::int32_t>(id.as_int64()));
    if (const auto* numbers = object.if_contains("e5"))
      for (const json::Value& number : numbers->as_array()) one.embedding.push_back(number.to_number<float>());
    out.push_back(std::move(one));
  }
  return out;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return dot / std::sqrt(aa * bb);
}

std::vector<EncodedWindow> encode(const Encoder& encoder, std::string_view text) {
  auto out = encoder.encode({&text, 1});
  STEWARD_CHECK(out.has_value() && out->size() == 1);
  return std::move(out->front());
}

void expect_same_tokens(const std::string& file, std::vector<std::int32_t> Golden::* wanted) {
  const auto weights = WeightsFile::open(path_of(file));
  ASSERT_TRUE(weights) << weights.error().message;
  const auto tokenizer = load_tokenizer(*weights);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  for (const Golden& one : golden()) {
    std::vector<std::int32_t> ids;
    std::size_t at = 0;
    for (const EncoderToken& token : (*tokenizer)->tokenize(one.text)) {
      ids.push_back(token.id);
      EXPECT_LE(token.begin, token.end);
      ASSERT_LE(token.end, one.text.size());
      EXPECT_GE(token.end, at) << "in order";
      EXPECT_EQ(find_invalid_utf8(std::string_view(one.text).substr(token.begin, token.end - token.begin)), std::nullopt);
      at = token.end;
    }
    EXPECT_EQ(ids, one.*wanted) << one.text;
  }
}

TEST(Tokenizer, WordPiecesAreThoseOfTokenizers) { expect_same_tokens("minilm-l6.gguf", &Golden::minilm); }
TEST(Tokenizer, UnigramPiecesAreThoseOfTokenizers) { expect_same_tokens("e5-small.gguf", &Golden::e5); }

/// llama.cpp's mean of the last hidden states.
std::vector<std::vector<float>> by_llama(const std::vector<std::vector<std::int32_t>>& texts) {
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  llama_model* model = llama_model_load_from_file(path_of("minilm-l6.gguf").c_str(), llama_model_default_params());
  STEWARD_CHECK(model);
  llama_context_params params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = 512;
  params.n_threads = params.n_threads_batch = 1;
  params.embeddings = true;
  params.pooling_type = LLAMA_POOLING_TYPE_MEAN;
  llama_context* context = llama_init_from_model(model, params);
  STEWARD_CHECK(context);
  std::vector<std::vector<float>> out;
  for (std::vector<std::int32_t> ids : texts) {
    STEWARD_CHECK(llama_encode(context, llama_batch_get_one(ids.data(), static_cast<std::int32_t>(ids.size()))) == 0);
    const float* values = llama_get_embeddings_seq(context, 0);
    out.emplace_back(values, values + 384);
  }
  llama_free(context);
  llama_model_free(model);
  return out;
}

TEST(Encoder, PoolsSeveralLayers) {
  const auto of = [](int layers, std::vector<int> pooled) {
    EncoderOptions options;
    options.layers = layers;
    options.pooled_layers = std::move(pooled);
    auto encoder = open_encoder(path_of("minilm-l6.gguf"), options);
    STEWARD_CHECK(encoder.has_value());
    return encode(**encoder, "the tide comes in twice a day")[0].embedding;
  };
  std::vector<float> wanted = of(2, {});
  const std::vector<float> last = of(4, {});
  wanted.insert(wanted.end(), last.begin(), last.end());
  EXPECT_EQ(of(4, {2, 4}), wanted);
  EncoderOptions unfit;
  unfit.layers = 4;
  unfit.pooled_layers = {4, 2};
  EXPECT_FALSE(open_encoder(path_of("minilm-l6.gguf"), unfit));
}

TEST(Encoder, MiniLmIsCloseToLlamaCpp) {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::string> texts;
  for (const Golden& one : golden()) {
    std::vector<std::int32_t> with_ends = {101};
    with_ends.insert(with_ends.end(), one.minilm.begin(), one.minilm.end());
    with_ends.push_back(102);
    ids.push_back(with_ends);
    texts.push_back(one.text);
  }
  const auto theirs = by_llama(ids);
  const double floor = Gemm::create(32, 32)->weight_max() == 127 ? 0.995 : 0.985;  // weights have seven bits without VNNI
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto ours = encode(minilm(), texts[i]);
    ASSERT_EQ(ours.size(), 1u);
    EXPECT_GE(cosine(ours[0].embedding, theirs[i]), texts[i].empty() ? 0.98 : floor) << texts[i];
  }
}

TEST(Encoder, E5IsCloseToItsOwnEngine) {
  int compared = 0;
  for (const Golden& one : golden()) {
    if (one.embedding.empty()) continue;
    ++compared;
    EXPECT_GE(cosine(encode(e5(), one.text).at(0).embedding, one.embedding), 0.995) << one.text;
  }
  EXPECT_GE(compared, 5);
}

TEST(Encoder, FirstLayersOnlyAreAnotherModel) {
  EncoderOptions options;
  options.layers = 2;
  const auto trimmed = open("minilm-l6.gguf", options);
  EXPECT_EQ(trimmed->layers(), 2);
  EXPECT_EQ(minilm().layers(), 6);
  EXPECT_LT(cosine(encode(*trimmed, "A text.")[0].embedding, encode(minilm(), "A text.")[0].embedding), 0.99);
  EXPECT_EQ(trimmed->digest(), minilm().digest());
  EXPECT_EQ(trimmed->digest().size(), 64u);
  EXPECT_EQ(minilm().name(), "all-MiniLM-L6-v2");
}

std::string words(std::size_t count) {
  static constexpr std::string_view kWords[] = {"the", "river", "é", "walks", "猫", "a", "42", "—", "garden", "мир"};
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out.append(kWords[(i * i + i / 7) % 10]).append(" ");
  return out;
}

TEST(Encoder, ATextGetsTheSameBitsAloneAndBesideOthers) {
  for (const Encoder* encoder : {&minilm(), &e5()}) {
    std::vector<std::string> texts = {"", "One.", words(30), words(700), "Zwei Wörter", words(15), words(64)};
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto together = encoder->encode(views);
    ASSERT_TRUE(together);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto alone = encode(*encoder, texts[i]);
      ASSERT_EQ(alone.size(), (*together)[i].size());
      for (std::size_t j = 0; j < alone.size(); ++j) {
        EXPECT_EQ(alone[j].span, (*together)[i][j].span);
        EXPECT_EQ(alone[j].embedding, (*together)[i][j].embedding) << i << " " << j;
      }
    }
  }
}

TEST(Encoder, ThreadsDoNotDisturbEachOther) {
  const std::string text = words(90);
  const auto wanted = encode(minilm(), text);
  std::vector<std::thread> threads;
  std::atomic<int> same = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 3; ++j) same += encode(minilm(), text).at(0).embedding == wanted.at(0).embedding;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, 12);
}

TEST(Encoder, WindowsOverlapAndCoverTheText) {
  const std::string text = "  " + words(1000) + "\n";
  const auto windows = encode(minilm(), text);
  ASSERT_GT(windows.size(), 4u);
  EXPECT_EQ(windows.front().span.begin, 0u);
  EXPECT_EQ(windows.back().span.end, text.size());
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const std::string_view part = std::string_view(text).substr(windows[i].span.begin, windows[i].span.size());
    EXPECT_EQ(find_invalid_utf8(part), std::nullopt);
    if (i > 0) EXPECT_LT(windows[i].span.begin, windows[i - 1].span.end);
    for (const float value : windows[i].embedding) EXPECT_TRUE(std::isfinite(value));
  }
  // A window is the text of its span.
  EXPECT_GE(cosine(encode(minilm(), text.substr(windows[2].span.begin, windows[2].span.size())).at(0).embedding, windows[2].embedding),
            0.9999);
}

TEST(Encoder, OfAnEndlessTextTheBeginAndTheEndAreSeen) {
  EncoderOptions options;
  options.layers = 1;
  options.windows_max = 3;
  const auto encoder = open("e5-small.gguf", options);
  std::string text = "first things first, ";
  while (text.size() < (1u << 20)) text += "and on and on it goes ";
  text += "the end";
  const auto windows = encode(*encoder, text);
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_EQ(windows[0].span.begin, 0u);
  EXPECT_LT(windows[1].span.end, text.size() / 2);
  EXPECT_EQ(windows[2].span.end, text.size());
  EXPECT_GT(windows[2].span.begin, text.size() / 2);
}

TEST(Encoder, AMegabyteWithoutASpaceIsNoTrouble) {
  EncoderOptions options;
  options.layers = 1;
  options.windows_max = 2;
  std::string chinese;
  while (chinese.size() < (1u << 20)) chinese += "我们去公园";
  for (const char* file : {"minilm-l6.gguf", "e5-small.gguf"}) {
    const auto encoder = open(file, options);
    for (const std::string& text : {std::string(1u << 20, 'a'), std::string(1u << 20, '\xFF'), std::string(1u << 20, ' '), chinese}) {
      const auto windows = encode(*encoder, text);
      EXPECT_EQ(windows.front().span.begin, 0u);
      EXPECT_EQ(windows.back().span.end, text.size());
    }
  }
}

TEST(Encoder, AnEmptyTextHasOneEmptyWindow) {
  for (const Encoder* encoder : {&minilm(), &e5()}) {
    const auto windows = encode(*encoder, "");
    ASSERT_EQ(windows.size(), 1u);
    EXPECT_EQ(windows[0].span, (text::Span{0, 0}));
    EXPECT_EQ(windows[0].embedding.size(), encoder->width());
  }
}

TEST(Encoder, OptionsThatDoNotFitAreErrors) {
  const auto refused = [](EncoderOptions options) {
    const auto opened = open_encoder(path_of("minilm-l6.gguf"), options);
    return !opened && opened.error().code == ErrorCode::kInvalidInput;
  };
  EXPECT_TRUE(refused({.layers = 7}));
  EXPECT_TRUE(refused({.layers = -1}));
  EXPECT_TRUE(refused({.layers = 1, .window_tokens = 513}));
  EXPECT_TRUE(refused({.layers = 1, .window_tokens = 15}));
  EXPECT_TRUE(refused({.layers = 1, .window_tokens = 64, .stride_tokens = 63}));
  EXPECT_TRUE(refused({.layers = 1, .stride_tokens = 0}));
  EXPECT_TRUE(refused({.layers = 1, .windows_max = 0}));
  EXPECT_FALSE(refused({.layers = 1, .window_tokens = 512, .stride_tokens = 510}));
  EXPECT_EQ(open_encoder(path_of("none.gguf"), {}).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace steward::model
