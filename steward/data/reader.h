#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/data/row.h"

namespace steward::data {

struct BadRow {
  std::string file;
  std::size_t line = 0;
  std::string reason;
};

struct ReadOptions {
  RowKind kind = RowKind::kChat;
  double validation_share = 0;  ///< [0, 1): of the rows without `split`, taken by the hash of their prompts
  bool skip_bad_rows = false;   ///< go on without them; else one bad row stops the run
  /// Asked for each row; false: never used. For erasures and consent that stand elsewhere.
  std::function<bool(const json::Object& row)> may_use = nullptr;
};

struct ReadReport {
  std::size_t rows = 0;        ///< lines with a row, the bad ones too
  std::size_t no_consent = 0;  ///< `consent: false`, or refused by `may_use`
  std::vector<BadRow> bad;
};

/// Rows by what they are for. `split: train` is trained on, `dev`, `validation` and `valid` are validation, `test` is neither.
struct RowSet {
  std::vector<std::string> files;
  std::vector<Row> train, validation, test;
  ReadReport report;
  std::string digest;  ///< SHA-256 in hex over the canonical JSON of the rows of `train`, in order: what the model saw
};

/// Reads JSONL files, plain or under zstd. Errors: kNotFound; kInvalidInput if a file is no text, if rows are bad (all of them are named,
/// by file, line and reason) and are not to be skipped, or if nothing is left to train on.
Result<RowSet> read_rows(const std::vector<std::string>& paths, const ReadOptions& options);
/// The same without the demand for training rows: for measuring.
Result<RowSet> read_test_rows(const std::vector<std::string>& paths, const ReadOptions& options);

/// For people: one line a reason, with counts and the lines concerned (the first `lines_max` of each file).
std::string describe(const std::vector<BadRow>& bad, std::size_t lines_max = 10);
/// One line: how many rows train, validate, test, and how many were left out and why.
std::string describe(const RowSet& rows);

/// True if the hash of `prompt` falls into the share: the same for every row with that prompt, in every file, forever.
bool is_validation(std::string_view prompt, double share);

}  // namespace steward::data
