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
#include "steward/text/view.h"

namespace steward::app {
namespace {

using classify::LabelScores;
using classify::Place;

constexpr std::size_t kTextBytesMax = 8192, kBatch = 32;

struct Row {
  Place place;
  std::string view;
};

/// Rows of the groups that one fold leaves out, in the repaired view.
std::vector<Row> rows_left_out(const DetectionData& data, int fold, int folds) {
  const std::vector<std::string> groups = classify::groups_left_out(data.sets(), fold, folds);
  std::vector<Row> out;
  for (std::size_t s = 0; s < data.sets().size(); ++s) {
    if (std::find(groups.begin(), groups.end(), data.sets()[s].info.group) == groups.end()) continue;
    for (std::size_t r = 0; r < data.sets()[s].examples.size(); ++r) {
      const std::string& text = data.sets()[s].examples[r].text;
      const std::string_view cut = std::string_view(text).substr(0, text::char_floor(text, kTextBytesMax));
      out.push_back({{s, r}, std::string(text::Views(cut).repaired().text())});
    }
  }
  return out;
}

/// The highest score of all windows, for each label.
LabelScores highest(const classify::DenseHead& heads, const std::vector<model::EncodedWindow>& windows) {
  LabelScores best;
  best.fill(std::numeric_limits<float>::quiet_NaN());
  for (const model::EncodedWindow& window : windows) {
    const LabelScores scores = heads.score(window.embedding);
    for (std::size_t label = 0; label < best.size(); ++label)
      if (std::isnan(best[label]) || scores[label] > best[label]) best[label] = scores[label];
  }
  return best;
}

Result<std::vector<LabelScores>> score_rows(const model::Encoder& encoder, const classify::DenseHead& heads, const std::vector<Row>& rows) {
  std::vector<LabelScores> out;
  for (std::size_t begin = 0; begin < rows.size(); begin += kBatch) {
    std::vector<std::string_view> views;
    for (std::size_t i = begin; i < std::min(begin + kBatch, rows.size()); ++i) views.push_back(rows[i].view);
    const auto encoded = TRY(encoder.encode(views));
    for (const auto& windows : encoded) out.push_back(highest(heads, windows));
  }
  return out;
}

/// Names what the scores of a fold are made of.
std::string key_of(const model::Encoder& encoder, const classify::DenseHead& heads, const std::vector<Row>& rows) {
  Sha256 hash;
  hash.update(filters::trunk_id(encoder)).update(heads.digest());
  for (const Row& row : rows) hash.update(row.view).update(std::string_view("\0", 1));
  const Digest digest = hash.finish();
  return hex(digest);
}

Result<std::vector<LabelScores>> scores_of_fold(const TunedEncoders& tuned, int fold, const std::vector<Row>& rows) {
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

Result<void> add_tuned_scores(const TunedEncoders& tuned, const DetectionData& data, int folds, ScoreTable& table) {
  for (int fold = 0; fold < folds; ++fold) {
    const std::vector<Row> rows = rows_left_out(data, fold, folds);
    const std::vector<LabelScores> scores = TRY(scores_of_fold(tuned, fold, rows));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ExampleScores& of_row = table[rows[i].place.set][rows[i].place.row];
      of_row.encoder = scores[i];
      for (std::size_t label = 0; label < classify::kLabelCount; ++label)
        of_row.combined[label] = filters::combine(of_row.linear[label], of_row.encoder[label], data.example(rows[i].place).language);
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
