#include "steward/model/encoder/batching.h"

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace steward::model {
namespace {

/// Gives each text its length, and cannot read "bad". Its first call of a round ends when `others` more callers have come.
class CountingEncoder final : public Encoder {
 public:
  std::size_t width() const override { return 1; }
  int layers() const override { return 1; }
  const std::vector<int>& pooled_layers() const override { return pooled_; }
  const std::string& digest() const override { return name_; }
  const std::string& name() const override { return name_; }
  Result<std::vector<std::vector<EncodedWindow>>> encode(std::span<const std::string_view> texts) const override {
    const int running = ++running_;
    while (come_ < others_) std::this_thread::yield();
    for (int i = 0; i < 200; ++i) std::this_thread::yield();  // so that those who have come also wait
    const std::lock_guard lock(mutex_);
    running_max_ = std::max(running_max_, running);
    texts_max_ = std::max(texts_max_, texts.size());
    std::vector<std::vector<EncodedWindow>> out;
    --running_;
    for (const std::string_view text : texts) {
      if (text == "bad") return fail(ErrorCode::kTooLarge, "bad");
      out.push_back({{{0, text.size()}, {static_cast<float>(text.size())}}});
    }
    return out;
  }

  std::atomic<int> come_{0}, others_{0};
  mutable std::atomic<int> running_{0};
  mutable std::mutex mutex_;
  mutable int running_max_ = 0;
  mutable std::size_t texts_max_ = 0;

 private:
  const std::string name_ = "counting";
  const std::vector<int> pooled_ = {1};
};

/// Every caller at once, each with one text; returns what each got: its text's length, or -1 for an error.
std::vector<int> ask_together(const Encoder& encoder, CountingEncoder& inner, const std::vector<std::string>& texts) {
  inner.come_ = 0;
  inner.others_ = static_cast<int>(texts.size());
  std::vector<int> got(texts.size(), -1);
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < texts.size(); ++i)
    callers.emplace_back([&, i] {
      ++inner.come_;
      const std::string_view text = texts[i];
      const auto encoded = encoder.encode({&text, 1});
      if (encoded) got[i] = static_cast<int>(encoded->front().front().embedding.front());
    });
  for (std::thread& caller : callers) caller.join();
  return got;
}

TEST(Batching, WhoWaitsRunsInOneBatch) {
  const auto inner = std::make_shared<CountingEncoder>();
  const auto encoder = make_batching(inner, {.runs_max = 1, .texts_max = 3});
  for (int round = 0; round < 1000 && inner->texts_max_ < 3; ++round)
    ASSERT_EQ(ask_together(*encoder, *inner, {"a", "bb", "ccc", "dddd", "eeeee", "ffffff"}), (std::vector<int>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(inner->texts_max_, 3u) << "three at once, and no more";
  EXPECT_EQ(inner->running_max_, 1);
}

TEST(Batching, AnErrorIsOnlyForItsOwnCaller) {
  const auto inner = std::make_shared<CountingEncoder>();
  const auto encoder = make_batching(inner, {.runs_max = 1, .texts_max = 8});
  for (int round = 0; round < 20; ++round)
    ASSERT_EQ(ask_together(*encoder, *inner, {"a", "bad", "ccc", "bad", "eeeee"}), (std::vector<int>{1, -1, 3, -1, 5}));
}

TEST(Batching, AsManyRunAsMay) {
  const auto inner = std::make_shared<CountingEncoder>();
  const auto encoder = make_batching(inner, {.runs_max = 2, .texts_max = 8});
  for (int round = 0; round < 1000 && inner->running_max_ < 2; ++round)
    ASSERT_EQ(ask_together(*encoder, *inner, {"a", "bb", "ccc", "dddd"}), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(inner->running_max_, 2);
}

TEST(Batching, ACallOfManyTextsIsNotCut) {
  const auto inner = std::make_shared<CountingEncoder>();
  const auto encoder = make_batching(inner, {.runs_max = 1, .texts_max = 2});
  const std::vector<std::string_view> texts = {"a", "bb", "ccc"};
  const auto encoded = encoder->encode(texts);
  ASSERT_TRUE(encoded);
  EXPECT_EQ(encoded->size(), 3u);
  EXPECT_EQ((*encoded)[2].front().embedding.front(), 3);
}

}  // namespace
}  // namespace steward::model
