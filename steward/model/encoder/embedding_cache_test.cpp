#include "steward/model/encoder/embedding_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

namespace steward::model {
namespace {

/// A vector of two numbers for each word, and a limit after which it fails.
class Counting final : public Encoder {
 public:
  explicit Counting(std::size_t texts_max) : texts_max_(texts_max) {}
  std::size_t width() const override { return 2; }
  int layers() const override { return 1; }
  const std::vector<int>& pooled_layers() const override { return pooled_; }
  const std::string& digest() const override { return name_; }
  const std::string& name() const override { return name_; }
  std::size_t read() const { return read_; }

  Result<std::vector<std::vector<EncodedWindow>>> encode(std::span<const std::string_view> texts) const override {
    if (read_.fetch_add(texts.size()) + texts.size() > texts_max_) return fail(ErrorCode::kInternal, "no more");
    std::vector<std::vector<EncodedWindow>> out;
    for (const std::string_view text : texts) {
      auto& windows = out.emplace_back();
      for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        windows.push_back({{begin, end}, {static_cast<float>(end - begin), static_cast<float>(text[begin])}});
        begin = end + 1;
      }
    }
    return out;
  }

 private:
  std::size_t texts_max_;
  mutable std::atomic<std::size_t> read_ = 0;
  std::vector<int> pooled_ = {1};
  std::string name_ = "counting";
};

std::vector<std::string> numbered(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(i % 3 == 0 ? fmt::format("text {}", i) : fmt::format("{}", i));
  return out;
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

class EmbeddingCacheTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }
  void TearDown() override { std::filesystem::remove(path_); }
  const std::string key_ = std::string(64, 'a'),
                    path_ = std::filesystem::temp_directory_path() / fmt::format("embeddings-{}.bin", ::getpid());
};

TEST_F(EmbeddingCacheTest, GivesEachTextItsWindowsAndKeepsThem) {
  const auto texts = numbered(500);
  auto asked = views_of(texts);
  asked.insert(asked.begin() + 7, asked[300]);  // twice
  const Counting encoder(1000);
  {
    EmbeddingCache cache(key_, path_);
    std::size_t told = 0;
    const auto windows = cache.embed(asked, encoder, [&](std::size_t done, std::size_t missing) {
      EXPECT_EQ(missing, 500u);
      told = done;
    });
    ASSERT_TRUE(windows);
    EXPECT_EQ(told, 500u);
    EXPECT_EQ(encoder.read(), 500u);
    ASSERT_EQ(windows->size(), 501u);
    EXPECT_EQ(std::vector<float>((*windows)[0].begin(), (*windows)[0].end()), (std::vector<float>{4, 't', 1, '0'}));
    EXPECT_EQ((*windows)[7].data(), (*windows)[301].data());
    EXPECT_EQ((*windows)[500][0], 3) << "499";
  }
  EmbeddingCache again(key_, path_);
  const auto windows = again.embed(asked, encoder);
  ASSERT_TRUE(windows);
  EXPECT_EQ(encoder.read(), 500u) << "none is computed anew";
  EXPECT_EQ((*windows)[0][3], '0');
  EmbeddingCache other(std::string(64, 'b'), path_);
  ASSERT_TRUE(other.embed(asked, encoder));
  EXPECT_EQ(encoder.read(), 1000u) << "read in another way";
}

TEST_F(EmbeddingCacheTest, AfterAnErrorWhatWasKeptStandsAndTheRestIsStillMissing) {
  const auto texts = numbered(20000);
  EmbeddingCache cache(key_, path_);
  EXPECT_FALSE(cache.embed(views_of(texts), Counting(18000)));
  const Counting encoder(100000);
  const auto windows = cache.embed(views_of(texts), encoder);
  ASSERT_TRUE(windows);
  EXPECT_EQ(encoder.read(), 20000u - 16384);
  for (const auto& window : *windows) EXPECT_FALSE(window.empty());
  EmbeddingCache again(key_, path_);
  ASSERT_TRUE(again.embed(views_of(texts), encoder));
  EXPECT_EQ(encoder.read(), 20000u - 16384) << "all were kept";
}

}  // namespace
}  // namespace steward::model
