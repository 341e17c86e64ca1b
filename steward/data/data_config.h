#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "steward/data/batches.h"
#include "steward/data/samples.h"
#include "steward/runs/fields.h"

namespace steward::data {

/// `data:` and `batch:` of a recipe's file.
struct DataConfig {
  std::vector<std::string> files;
  std::vector<double> ratios;  ///< one a file, or none: all samples alike
  double validation_share = 0;
  int tokens_max = 512;
  std::string too_long = "drop", strings = "chat", answers = "every";
  std::vector<std::string> roles = {"assistant"};
  bool skip_bad_rows = false;
  int rows = 8;
  std::string layout = "packed";
  int row_tokens = 0;  ///< of a packed row; 0: tokens_max
};

/// The keys data.files, data.ratios, … and batch.rows, batch.layout, batch.row_tokens.
void declare(runs::Fields& fields, DataConfig& config);

ReadOptions read_options(const DataConfig& config, RowKind kind);
SampleOptions sample_options(const DataConfig& config);
BatchOptions batch_options(const DataConfig& config, std::uint64_t seed);

/// What a recipe trains on: the samples of all files, one file after another, and what to say about them.
template <class T>
struct TrainingData {
  std::vector<T> train, validation;
  std::vector<MixPart> mix;  ///< for BatchStream; empty without ratios
  std::string digest;        ///< SHA-256 in hex over the digests of the files' rows, the tokenizer's and the options that shape samples
  std::vector<std::string> notes;  ///< a line or two a file, for people and for the report
};

/// Reads and makes all samples. `row` of a sample counts the rows of its own file and side. Errors: those of read_rows and make_…;
/// kInvalidInput if there are ratios, but not one for each file.
Result<TrainingData<Sample>> load_samples(const DataConfig& config, const model::ChatTokenizer& tokenizer);
Result<TrainingData<PairSample>> load_pairs(const DataConfig& config, const model::ChatTokenizer& tokenizer);
Result<TrainingData<ThumbSample>> load_thumbs(const DataConfig& config, const model::ChatTokenizer& tokenizer);
Result<TrainingData<PromptSample>> load_prompts(const DataConfig& config, const model::ChatTokenizer& tokenizer);

}  // namespace steward::data
