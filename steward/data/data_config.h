#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "steward/core/json.h"
#include "steward/data/batches.h"
#include "steward/data/samples.h"
#include "steward/runs/fields.h"

namespace steward::data {

/// `data:` and `batch:` of a recipe's file.
struct DataConfig {
  std::vector<std::string> files;
  std::vector<double> ratios;         ///< one a file, or none: all samples alike
  std::vector<std::string> licenses;  ///< one a file, or none: not named
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

/// What became of one file's rows.
struct FileFacts {
  std::string path, license;
  std::string digest;    ///< SHA-256 in hex of the rows to train on: RowSet::digest
  std::size_t rows = 0;  ///< of the file
  std::size_t train = 0, validation = 0, test = 0;
  std::size_t no_consent = 0, bad = 0;
  std::size_t dropped = 0, cut = 0;  ///< of those to train on and to validate with, too long
};
/// For records of runs (docs/formats/ledger.md).
json::Array to_json(const std::vector<FileFacts>& files);

/// What a recipe trains on: the samples of all files, one file after another, and what to say about them.
template <class T>
struct TrainingData {
  std::vector<T> train, validation;
  std::vector<MixPart> mix;  ///< for BatchStream; empty without ratios
  std::string digest;        ///< SHA-256 in hex over the digests of the files' rows, the tokenizer's and the options that shape samples
  std::vector<std::string> notes;  ///< a line or two a file, for people and for the report
  std::vector<FileFacts> files;
};

/// Reads and makes all samples. `row` of a sample counts the rows of its own file and side. Errors: those of read_rows and make_…;
/// kInvalidInput if there are ratios, but not one for each file.
Result<TrainingData<Sample>> load_samples(const DataConfig& config, const model::ChatTokenizer& tokenizer);
Result<TrainingData<PairSample>> load_pairs(const DataConfig& config, const model::ChatTokenizer& tokenizer);
Result<TrainingData<ThumbSample>> load_thumbs(const DataConfig& config, const model::ChatTokenizer& tokenizer);
Result<TrainingData<PromptSample>> load_prompts(const DataConfig& config, const model::ChatTokenizer& tokenizer);
/// Texts as plain text, after the tokenizer's leading token. labels: the model's, in order; if empty, becomes all that rows name, sorted.
Result<TrainingData<ClassSample>> load_classes(const DataConfig& config, const model::ChatTokenizer& tokenizer,
                                               std::vector<std::string>& labels);

}  // namespace steward::data
