#include "steward/data/batches.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "steward/core/random.h"

namespace steward::data {
namespace {

std::vector<std::size_t> some_lengths(std::size_t count, std::uint64_t seed, std::size_t most) {
  Random random(seed);
  std::vector<std::size_t> out(count);
  for (std::size_t& length : out) length = 1 + random.below(most);
  return out;
}

std::vector<std::size_t> samples_of(const std::vector<BatchPlan>& plans) {
  std::vector<std::size_t> out;
  for (const BatchPlan& plan : plans)
    for (const auto& row : plan) out.insert(out.end(), row.begin(), row.end());
  return out;
}

TEST(Order, DependsOnSeedAndEpochAlone) {
  EXPECT_EQ(shuffled(100, 7, 3), shuffled(100, 7, 3));
  EXPECT_NE(shuffled(100, 7, 3), shuffled(100, 7, 4));
  EXPECT_NE(shuffled(100, 7, 3), shuffled(100, 8, 3));
  // Pinned: a change of the order would let resumed runs see other data.
  EXPECT_EQ(shuffled(8, 1, 0), (std::vector<std::size_t>{0, 3, 7, 1, 4, 2, 6, 5}));
}

TEST(Mix, KeepsTheRatioAndLetsEverySampleHaveItsTurn) {
  const std::vector<MixPart> parts{{1000, 0.9}, {30, 0.1}};
  std::set<std::size_t> seen;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    const auto order = mix_epoch(parts, 5, epoch);
    ASSERT_TRUE(order);
    EXPECT_EQ(order->size(), 300u);
    EXPECT_EQ(std::count_if(order->begin(), order->end(), [](std::size_t index) { return index >= 1000; }), 30);
    EXPECT_EQ(std::set<std::size_t>(order->begin(), order->end()).size(), order->size()) << "a sample twice";
    seen.insert(order->begin(), order->end());
  }
  EXPECT_EQ(seen.size(), 3u * 270 + 30);  // no helpful sample came again while others waited
  EXPECT_FALSE(mix_epoch(std::vector<MixPart>{{10, 1}, {0, 1}}, 5, 0));
  EXPECT_FALSE(mix_epoch(std::vector<MixPart>{{10, 1}, {5, 0}}, 5, 0));
}

TEST(Batches, GiveEverySampleOnceAnEpoch) {
  rc::check("padded and packed", [] {
    const auto lengths = some_lengths(*rc::gen::inRange(1, 300), *rc::gen::arbitrary<std::uint64_t>(), 64);
    BatchOptions options;
    options.rows = *rc::gen::inRange<std::size_t>(1, 9);
    options.row_tokens = 64;
    options.layout = *rc::gen::element(Layout::kPadded, Layout::kPacked);
    options.seed = *rc::gen::arbitrary<std::uint64_t>();
    const auto order = shuffled(lengths.size(), options.seed, 2);
    const auto plans = plan_epoch(order, lengths, options, 2);
    auto samples = samples_of(plans);
    std::sort(samples.begin(), samples.end());
    std::vector<std::size_t> all(lengths.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    RC_ASSERT(samples == all);
    for (const BatchPlan& plan : plans) {
      RC_ASSERT(plan.size() <= options.rows);
      for (const auto& row : plan) {
        std::size_t tokens = 0;
        for (const std::size_t sample : row) tokens += lengths[sample];
        RC_ASSERT(tokens <= options.row_tokens);
      }
    }
  });
}

TEST(Batches, GroupLikeLengthsAndPackTightly) {
  const auto lengths = some_lengths(2000, 3, 256);
  const std::size_t tokens = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
  const auto order = shuffled(lengths.size(), 3, 0);
  const auto padded_tokens = [&](const std::vector<BatchPlan>& plans) {
    std::size_t out = 0;
    for (const BatchPlan& plan : plans) {
      std::size_t longest = 0;
      for (const auto& row : plan) longest = std::max(longest, lengths[row[0]]);
      out += longest * plan.size();
    }
    return out;
  };
  EXPECT_LT(padded_tokens(plan_epoch(order, lengths, {8, 256, Layout::kPadded, 3}, 0)), tokens * 1.06);
  const auto packed = plan_epoch(order, lengths, {8, 512, Layout::kPacked, 3}, 0);
  std::size_t rows = 0;
  for (const BatchPlan& plan : packed) rows += plan.size();
  EXPECT_LT(rows * 512, tokens * 1.02);
}

TEST(Batches, WritePackedRowsWithSegmentsThatBeginAnew) {
  const std::vector<Sample> samples{{{5, 6, 7}, {0, 1, 1}}, {{8, 9}, {1, 1}}, {{4}, {0}}};
  const Batch batch = make_batch(BatchPlan{{0, 1}, {2}}, samples, 99);
  EXPECT_EQ(batch.rows, 2u);
  EXPECT_EQ(batch.length, 5u);
  EXPECT_EQ(batch.tokens, (std::vector<Token>{5, 6, 7, 8, 9, 4, 99, 99, 99, 99}));
  EXPECT_EQ(batch.mask, (std::vector<std::uint8_t>{0, 1, 1, 0, 1, 0, 0, 0, 0, 0}));  // nothing predicts the first token of a segment
  EXPECT_EQ(batch.segments, (std::vector<std::int32_t>{1, 1, 1, 2, 2, 1, 0, 0, 0, 0}));
  EXPECT_EQ(batch.positions, (std::vector<std::int32_t>{0, 1, 2, 0, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch.trained_tokens, 3u);
  EXPECT_EQ(batch.sample_tokens, 6u);
}

TEST(BatchStream, GoesOnFromACursorAsIfItHadNeverStopped) {
  const auto lengths = some_lengths(101, 9, 40);
  for (const Layout layout : {Layout::kPadded, Layout::kPacked}) {
    const BatchOptions options{4, 64, layout, 11};
    auto whole = BatchStream::create(lengths, {{61, 3}, {40, 1}}, options);
    ASSERT_TRUE(whole) << whole.error().message;
    std::vector<BatchPlan> plans;
    std::vector<Cursor> cursors;
    for (int i = 0; i < 60; ++i) {
      cursors.push_back(whole->cursor());
      plans.push_back(whole->next());
    }
    EXPECT_GT(cursors.back().epoch, 1u);
    for (std::size_t at = 0; at < plans.size(); at += 7) {
      auto resumed = BatchStream::create(lengths, {{61, 3}, {40, 1}}, options);
      ASSERT_TRUE(resumed->seek(cursors[at]));
      for (std::size_t i = at; i < plans.size(); ++i) ASSERT_EQ(resumed->next(), plans[i]) << "resumed at " << at;
      EXPECT_EQ(resumed->cursor(), whole->cursor());
    }
  }
}

TEST(BatchStream, RefusesWhatCannotBeARun) {
  EXPECT_FALSE(BatchStream::create({}, {}, {}));
  EXPECT_FALSE(BatchStream::create({100}, {}, {1, 64, Layout::kPacked, 0}));
  EXPECT_FALSE(BatchStream::create({1, 2}, {{3, 1}}, {}));
  auto stream = BatchStream::create({1, 2, 3}, {}, {2, 64, Layout::kPadded, 0});
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->batches(0), 2u);
  EXPECT_FALSE(stream->seek({0, 3}));
}

}  // namespace
}  // namespace steward::data
