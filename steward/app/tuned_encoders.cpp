#include "steward/app/tuned_encoders.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "steward/classify/dense_head.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/filters/classifier/scorer.h"

namespace steward::app {
namespace {

using classify::LabelScores;
using classify::Place;

constexpr std::size_t kBatch = 32;

struct Row {
  ExampleScores* scores;
  std::vector<std::string> texts;  ///< that are read one by one, in the repaired view
};

/// Rows that one fold's models score.
std::vector<Row> rows_of_fold(const DetectionData& data, std::size_t fold, LeftOutScores& scores) {
  std::vector<Row> out;
  const auto add = [&](const Place& place, ExampleScores& of_row) {
    out.push_back({&of_row, texts_read(data.example(place).text, data.sets()[place.set].info.part)});
  };
  for (std::size_t s = 0; s < scores.rows.size(); ++s)
    for (std::size_t r = 0; r < scores.rows[s].size() && scores.fold_of[s] == fold; ++r) add({s, r}, scores.rows[s][r]);
  for (auto& [place, of_row] : scores.held_out[fold]) add(place, of_row);
  return out;
}

void keep_highest(const classify::DenseHead& heads, const std::vector<model::EncodedWindow>& windows, LabelScores& best) {
  for (const model::EncodedWindow& window : windows) {
    const LabelScores scores = heads.score(window.embedding);
    for (std::size_t label = 0; label < best.size(); ++label)
      if (std::isnan(best[label]) || scores[label] > best[label]) best[label] = scores[label];
  }
}

/// The highest score of all windows of all texts of a row, for each label.
Result<std::vector<LabelScores>> score_rows(const model::Encoder& encoder, const classify::DenseHead& heads, const std::vector<Row>& rows) {
  std::vector<std::pair<std::size_t, std::string_view>> texts;
  for (std::size_t row = 0; row < rows.size(); ++row)
    for (const std::string& text : rows[row].texts) texts.emplace_back(row, text);
  std::vector<LabelScores> out(rows.size());
  for (LabelScores& scores : out) scores.fill(std::numeric_limits<float>::quiet_NaN());
  for (std::size_t begin = 0; begin < texts.size(); begin += kBatch) {
    std::vector<std::string_view> batch;
    for (std::size_t i = begin; i < std::min(begin + kBatch, texts.size()); ++i) batch.push_back(texts[i].second);
    const auto encoded = TRY(encoder.encode(batch));
    for (std::size_t i = 0; i < encoded.size(); ++i) keep_highest(heads, encoded[i], out[texts[begin + i].first]);
  }
  return out;
}

/// Names what the scores of a fold are made of.
std::string key_of(const model::Encoder& encoder, const classify::DenseHead& heads, const std::vector<Row>& rows) {
  Sha256 hash;
  hash.update(filters::trunk_id(encoder)).update(heads.digest());
  for (const Row& row : rows) {
    for (const std::string& text : row.texts) hash.update(text).update(std::string_view("\0", 1));
    hash.update(std::string_view("\0", 1));
  }
  const Digest digest = hash.finish();
  return hex(digest);
}

Result<std::vector<LabelScores>> scores_of_fold(const TunedEncoders& tuned, std::size_t fold, const std::vector<Row>& rows) {
  const std::string folder = fmt::format("{}/fold-{}", tuned.folder, fold);
  const model::EncoderOptions options = filters::encoder_options(folder);
  if (options.trunk.empty())
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no {}/trunk.gguf: run steward-tune classifier with data.fold={}", folder, fold));
  const auto encoder = TRY(model::open_encoder(tuned.base, options));
  const auto heads = TRY(classify::DenseHead::open(folder + "/heads.bin", filters::trunk_id(*encoder)));
  const std::string key = key_of(*encoder, *heads, rows), path = folder + "/scores.bin";
  std::vector<LabelScores> scores(rows.size());
  const std::size_t bytes = scores.size() * sizeof(LabelScores);
  if (const auto kept = read_file(path); kept && kept->size() == key.size() + bytes && kept->starts_with(key)) {
    std::memcpy(scores.data(), kept->data() + key.size(), bytes);
    return scores;
  }
  scores = TRY(score_rows(*encoder, *heads, rows));
  TRY(write_file_atomic(path, key + std::string(reinterpret_cast<const char*>(scores.data()), bytes)));
  fmt::print(stderr, "fold {}: {} texts scored by its tuned encoder\n", fold + 1, rows.size());
  return scores;
}

}  // namespace

Result<void> add_tuned_scores(const TunedEncoders& tuned, const DetectionData& data, LeftOutScores& scores) {
  for (std::size_t fold = 0; fold < scores.held_out.size(); ++fold) {
    const std::vector<Row> rows = rows_of_fold(data, fold, scores);
    const std::vector<LabelScores> said = TRY(scores_of_fold(tuned, fold, rows));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].scores->alone.encoder = said[i];
      rows[i].scores->alone.encoded = true;
    }
  }
  return {};
}

Result<void> ship_tuned(const TunedEncoders& tuned, const std::string& models) {
  for (const char* name : {"/trunk.gguf", "/heads.bin"}) {
    const std::string bytes = TRY(read_file(tuned.folder + "/all" + name));
    TRY(write_file_atomic(models + name, bytes));
  }
  return {};
}

}  // namespace steward::app
