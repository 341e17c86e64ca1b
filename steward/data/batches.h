#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "steward/data/order.h"
#include "steward/data/samples.h"

namespace steward::data {

/// kPadded: one sample a row; samples of about one length share a batch. kPacked: as many samples one after another as fit in a row;
/// attention must not cross `segments`.
enum class Layout { kPadded, kPacked };

struct BatchOptions {
  std::size_t rows = 8;           ///< of a batch
  std::size_t row_tokens = 1024;  ///< of a packed row; no sample may be longer
  Layout layout = Layout::kPadded;
  std::uint64_t seed = 0;
};

/// Samples of one batch, row by row. A padded row holds one.
using BatchPlan = std::vector<std::vector<std::size_t>>;

/// [rows, length], row after row.
struct Batch {
  std::size_t rows = 0, length = 0;
  std::vector<Token> tokens;            ///< padded at the end of each row
  std::vector<std::uint8_t> mask;       ///< as in Sample; 0 at the first token of each segment
  std::vector<std::int32_t> segments;   ///< 1, 2, … in each row; 0: padding
  std::vector<std::int32_t> positions;  ///< from 0 in each segment
  std::size_t trained_tokens = 0;       ///< ones of the mask: what the loss is divided by
  std::size_t sample_tokens = 0;        ///< tokens that are no padding
};

/// All batches of an epoch over the samples `order` (indices into `lengths`). The last batch may have fewer rows.
/// lengths: tokens of each sample, at most `row_tokens` when packed.
std::vector<BatchPlan> plan_epoch(std::span<const std::size_t> order, std::span<const std::size_t> lengths, const BatchOptions& options,
                                  std::uint64_t epoch);

/// rows: for each row the samples that it holds.
Batch make_batch(const std::vector<std::vector<const Sample*>>& rows, Token pad);
Batch make_batch(const BatchPlan& plan, const std::vector<Sample>& samples, Token pad);
/// One sample a row.
Batch make_batch(std::span<const Sample* const> rows, Token pad);

/// Where a run stands: batches of `epoch` that are done.
struct Cursor {
  std::uint64_t epoch = 0;
  std::uint64_t batch = 0;

  bool operator==(const Cursor&) const = default;
};

/// The plans of a run, epoch after epoch without end. Depends on lengths, mix, options and cursor alone, so that a run that goes on from a
/// cursor sees what it would have seen.
class BatchStream {
 public:
  /// mix: empty, or parts whose counts sum up to the number of samples. Errors: kInvalidInput as mix_epoch, or if there are no samples, or
  /// one is over the row.
  static Result<BatchStream> create(std::vector<std::size_t> lengths, std::vector<MixPart> mix, BatchOptions options);
  /// The next batch; moves the cursor past it.
  const BatchPlan& next();
  /// Before the next batch.
  Cursor cursor() const { return cursor_; }
  /// Errors: kInvalidInput if the epoch has fewer batches: the data or the options are not those of the run.
  Result<void> seek(Cursor cursor);
  /// Batches of an epoch; equal for all epochs of padded rows.
  std::size_t batches(std::uint64_t epoch);

 private:
  BatchStream(std::vector<std::size_t> lengths, std::vector<MixPart> mix, BatchOptions options);
  void plan(std::uint64_t epoch);

  std::vector<std::size_t> lengths_;
  std::vector<MixPart> mix_;
  BatchOptions options_;
  Cursor cursor_;
  std::uint64_t planned_epoch_ = 0;
  std::vector<BatchPlan> plans_;
};

/// Tokens of each sample, for BatchStream; of a pair the longer side.
std::vector<std::size_t> lengths_of(const std::vector<Sample>& samples);
std::vector<std::size_t> lengths_of(const std::vector<PairSample>& samples);
std::vector<std::size_t> lengths_of(const std::vector<ThumbSample>& samples);
std::vector<std::size_t> lengths_of(const std::vector<ClassSample>& samples);
std::vector<std::size_t> lengths_of(const std::vector<PromptSample>& samples);

}  // namespace steward::data
