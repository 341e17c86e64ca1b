#include "steward/app/detection_data.h"

#include <cstdio>

#include <fmt/format.h>

#include "steward/classify/linear_trainer.h"
#include "steward/filters/classifier/classifier.h"
#include "steward/filters/classifier/scorer.h"
#include "steward/model/encoder/embedding_cache.h"
#include "steward/text/pieces.h"
#include "steward/text/view.h"

namespace steward::app {
namespace {

constexpr std::size_t kTextBytesMax = 8192;

filters::Voice speaker_of(const classify::SetInfo& info) {
  return info.part == classify::Part::kData ? filters::Voice::kData : filters::Voice::kUser;
}

}  // namespace

std::vector<std::string> texts_read(std::string_view whole, classify::Part part) {
  const std::string_view text = whole.substr(0, text::char_floor(whole, kTextBytesMax));
  if (part != classify::Part::kReply) return {std::string(text::Views(text).repaired().text())};
  std::vector<std::string> out;
  for (const text::Piece& piece : text::cut_pieces(text, filters::reply_pieces())) {
    const text::Views views(text.substr(piece.context_begin, piece.span.end - piece.context_begin));
    out.emplace_back(views.repaired().text());
  }
  return out;
}

Result<std::unique_ptr<DetectionData>> DetectionData::load(const std::string& folder, const model::Encoder* encoder,
                                                           const std::string& cache_file) {
  auto data = std::make_unique<DetectionData>();
  const filters::EvidenceReader reader;
  data->sets_ = TRY(classify::read_data(folder));
  for (const classify::DataSet& set : data->sets_) {
    auto& parts = data->parts_.emplace_back();
    auto& repaired = data->repaired_.emplace_back();
    auto& evidence = data->evidence_.emplace_back();
    for (const classify::Example& example : set.examples) {
      const std::string_view text = std::string_view(example.text).substr(0, text::char_floor(example.text, kTextBytesMax));
      evidence.push_back(reader.read(text::Views(text), speaker_of(set.info)));
      repaired.push_back(texts_read(example.text, set.info.part));
      auto& rows = parts.emplace_back();
      for (const std::string& view : repaired.back())
        for (const text::Span& part : filters::linear_parts(view))
          rows.push_back(classify::feature_rows(std::string_view(view).substr(part.begin, part.size())));
    }
  }
  if (encoder) TRY(data->embed(*encoder, cache_file));
  data->repaired_.clear();
  return data;
}

filters::Voice DetectionData::speaker(const classify::Place& place) const { return speaker_of(sets_[place.set].info); }

std::span<const float> DetectionData::windows(const classify::Place& place) const {
  const std::vector<std::size_t>& ends = ends_[place.set];
  const std::size_t begin = place.row > 0 ? ends[place.row - 1] : place.set > 0 ? ends_[place.set - 1].back() : 0;
  return std::span(embeddings_).subspan(begin * width_, (ends[place.row] - begin) * width_);
}

Result<void> DetectionData::embed(const model::Encoder& encoder, const std::string& cache_file) {
  width_ = encoder.width();
  std::vector<std::string_view> texts;
  for (const auto& set : repaired_)
    for (const auto& row : set) texts.insert(texts.end(), row.begin(), row.end());
  model::EmbeddingCache cache(filters::reading_id(encoder, filters::encoder_options().windows_max), cache_file);
  const auto windows = TRY(cache.embed(
      texts, encoder, [](std::size_t done, std::size_t missing) { fmt::print(stderr, "embedded {} of {} texts\n", done, missing); }));
  std::size_t next = 0;
  for (const auto& set : repaired_) {
    std::vector<std::size_t>& ends = ends_.emplace_back();
    for (const auto& row : set) {
      for (std::size_t i = 0; i < row.size(); ++i, ++next)
        embeddings_.insert(embeddings_.end(), windows[next].begin(), windows[next].end());
      ends.push_back(embeddings_.size() / width_);
    }
  }
  return {};
}

}  // namespace steward::app
