#include "steward/data/batches.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::data {
namespace {

/// Samples are sorted by length within stretches of the epoch's order, long enough for little padding, short enough that chance still
/// decides what stands in one batch.
constexpr std::size_t kWindowBatches = 32;
constexpr std::uint64_t kBatchOrderSalt = 0x62617463685f6f72ull;

using Rows = std::vector<std::vector<std::size_t>>;

/// Longest first; equal lengths keep the epoch's order.
void sort_by_length(std::span<std::size_t> samples, std::span<const std::size_t> lengths) {
  std::stable_sort(samples.begin(), samples.end(), [&](std::size_t a, std::size_t b) { return lengths[a] > lengths[b]; });
}

/// Best-fit decreasing: each sample goes to the row with the least room that still takes it.
void pack_window(std::span<const std::size_t> samples, std::span<const std::size_t> lengths, std::size_t row_tokens, Rows& out) {
  std::multimap<std::size_t, std::size_t> room;  // tokens left → row
  for (const std::size_t sample : samples) {
    STEWARD_CHECK(lengths[sample] <= row_tokens);
    const auto fits = room.lower_bound(lengths[sample]);
    if (fits == room.end()) {
      out.push_back({sample});
      room.emplace(row_tokens - lengths[sample], out.size() - 1);
      continue;
    }
    const auto [left, row] = *fits;
    room.erase(fits);
    out[row].push_back(sample);
    room.emplace(left - lengths[sample], row);
  }
}

template <class T>
std::vector<T> reordered(std::vector<T> values, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<T> out;
  out.reserve(values.size());
  for (const std::size_t index : shuffled(values.size(), seed ^ kBatchOrderSalt, epoch)) out.push_back(std::move(values[index]));
  return out;
}

std::vector<BatchPlan> chunked(Rows rows, std::size_t rows_of_a_batch) {
  std::vector<BatchPlan> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i % rows_of_a_batch == 0) out.emplace_back();
    out.back().push_back(std::move(rows[i]));
  }
  return out;
}

void write_row(const std::vector<const Sample*>& samples, std::size_t begin, Batch& out) {
  std::size_t at = begin;
  std::int32_t segment = 0;
  for (const Sample* sample : samples) {
    STEWARD_CHECK(sample->mask.size() == sample->tokens.size());
    ++segment;
    for (std::size_t i = 0; i < sample->tokens.size(); ++i, ++at) {
      out.tokens[at] = sample->tokens[i];
      out.mask[at] = i == 0 ? 0 : sample->mask[i];
      out.segments[at] = segment;
      out.positions[at] = static_cast<std::int32_t>(i);
      out.trained_tokens += out.mask[at];
    }
    out.sample_tokens += sample->tokens.size();
  }
}

}  // namespace

std::vector<BatchPlan> plan_epoch(std::span<const std::size_t> order, std::span<const std::size_t> lengths, const BatchOptions& options,
                                  std::uint64_t epoch) {
  STEWARD_CHECK(options.rows > 0);
  std::vector<std::size_t> samples(order.begin(), order.end());
  const bool packed = options.layout == Layout::kPacked;
  // A packed row holds several samples: its windows count more of them.
  const std::size_t window = options.rows * kWindowBatches * (packed ? 4 : 1);
  Rows rows;
  for (std::size_t begin = 0; begin < samples.size(); begin += window) {
    const std::span<std::size_t> part = std::span(samples).subspan(begin, std::min(window, samples.size() - begin));
    sort_by_length(part, lengths);
    if (packed) {
      pack_window(part, lengths, options.row_tokens, rows);
    } else {
      for (const std::size_t sample : part) rows.push_back({sample});
    }
  }
  if (packed) return chunked(reordered(std::move(rows), options.seed, epoch), options.rows);
  return reordered(chunked(std::move(rows), options.rows), options.seed, epoch);
}

Batch make_batch(const std::vector<std::vector<const Sample*>>& rows, Token pad) {
  Batch out;
  out.rows = rows.size();
  for (const auto& row : rows) {
    std::size_t length = 0;
    for (const Sample* sample : row) length += sample->tokens.size();
    out.length = std::max(out.length, length);
  }
  const std::size_t size = out.rows * out.length;
  out.tokens.assign(size, pad);
  out.mask.assign(size, 0);
  out.segments.assign(size, 0);
  out.positions.assign(size, 0);
  for (std::size_t row = 0; row < rows.size(); ++row) write_row(rows[row], row * out.length, out);
  return out;
}

Batch make_batch(const BatchPlan& plan, const std::vector<Sample>& samples, Token pad) {
  std::vector<std::vector<const Sample*>> rows(plan.size());
  for (std::size_t row = 0; row < plan.size(); ++row)
    for (const std::size_t index : plan[row]) rows[row].push_back(&samples[index]);
  return make_batch(rows, pad);
}

Batch make_batch(std::span<const Sample* const> samples, Token pad) {
  std::vector<std::vector<const Sample*>> rows;
  for (const Sample* sample : samples) rows.push_back({sample});
  return make_batch(rows, pad);
}

BatchStream::BatchStream(std::vector<std::size_t> lengths, std::vector<MixPart> mix, BatchOptions options)
    : lengths_(std::move(lengths)), mix_(std::move(mix)), options_(options) {}

Result<BatchStream> BatchStream::create(std::vector<std::size_t> lengths, std::vector<MixPart> mix, BatchOptions options) {
  if (lengths.empty()) return fail(ErrorCode::kInvalidInput, "there is no sample to train on");
  if (options.rows == 0) return fail(ErrorCode::kInvalidInput, "a batch needs at least one row");
  if (options.layout == Layout::kPacked)
    for (const std::size_t length : lengths)
      if (length > options.row_tokens)
        return fail(ErrorCode::kInvalidInput,
                    fmt::format("a sample has {} tokens, a packed row {}: lower the samples' limit or lengthen the rows", length,
                                options.row_tokens));
  if (mix.empty()) mix.push_back({lengths.size(), 1});
  TRY(mix_epoch(mix, options.seed, 0));  // that the parts are sound
  std::size_t count = 0;
  for (const MixPart& part : mix) count += part.count;
  if (count != lengths.size())
    return fail(ErrorCode::kInvalidInput, fmt::format("the mix counts {} samples, there are {}", count, lengths.size()));
  BatchStream stream(std::move(lengths), std::move(mix), options);
  stream.plan(0);
  return stream;
}

void BatchStream::plan(std::uint64_t epoch) {
  auto order = mix_.size() == 1 ? Result<std::vector<std::size_t>>(shuffled(lengths_.size(), options_.seed, epoch))
                                : mix_epoch(mix_, options_.seed, epoch);
  STEWARD_CHECK(order.has_value());  // create() has checked the parts
  plans_ = plan_epoch(*order, lengths_, options_, epoch);
  planned_epoch_ = epoch;
}

const BatchPlan& BatchStream::next() {
  if (planned_epoch_ != cursor_.epoch) plan(cursor_.epoch);
  if (cursor_.batch == plans_.size()) {
    cursor_ = {cursor_.epoch + 1, 0};
    plan(cursor_.epoch);
  }
  return plans_[cursor_.batch++];
}

Result<void> BatchStream::seek(Cursor cursor) {
  if (cursor.batch > batches(cursor.epoch))
    return fail(ErrorCode::kInvalidInput,
                "the checkpoint stands past the end of its epoch: resume with the data and the batch options of the run");
  cursor_ = cursor;
  return {};
}

std::size_t BatchStream::batches(std::uint64_t epoch) {
  if (planned_epoch_ != epoch) plan(epoch);
  return plans_.size();
}

std::vector<std::size_t> lengths_of(const std::vector<Sample>& samples) {
  std::vector<std::size_t> out;
  for (const Sample& sample : samples) out.push_back(sample.tokens.size());
  return out;
}

std::vector<std::size_t> lengths_of(const std::vector<PairSample>& samples) {
  std::vector<std::size_t> out;
  for (const PairSample& pair : samples) out.push_back(std::max(pair.chosen.tokens.size(), pair.rejected.tokens.size()));
  return out;
}

std::vector<std::size_t> lengths_of(const std::vector<ThumbSample>& samples) {
  std::vector<std::size_t> out;
  for (const ThumbSample& thumb : samples) out.push_back(thumb.sample.tokens.size());
  return out;
}

std::vector<std::size_t> lengths_of(const std::vector<ClassSample>& samples) {
  std::vector<std::size_t> out;
  for (const ClassSample& text : samples) out.push_back(text.sample.tokens.size());
  return out;
}

std::vector<std::size_t> lengths_of(const std::vector<PromptSample>& samples) {
  std::vector<std::size_t> out;
  for (const PromptSample& prompt : samples) out.push_back(prompt.sample.tokens.size());
  return out;
}

}  // namespace steward::data
