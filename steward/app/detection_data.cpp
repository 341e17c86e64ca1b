#include "steward/app/detection_data.h"

#include <cstring>

#include <fmt/format.h>

#include "steward/classify/linear_trainer.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/filters/classifier/scorer.h"
#include "steward/text/view.h"

namespace steward::app {
namespace {

constexpr std::size_t kTextBytesMax = 8192;
constexpr std::size_t kBatch = 32;

void append(std::string& bytes, const void* from, std::size_t size) { bytes.append(static_cast<const char*>(from), size); }

}  // namespace

Result<std::unique_ptr<DetectionData>> DetectionData::load(const std::string& folder, const model::Encoder* encoder,
                                                           const std::string& cache_file) {
  auto data = std::make_unique<DetectionData>();
  data->sets_ = TRY(classify::read_data(folder));
  for (const classify::DataSet& set : data->sets_) {
    auto& parts = data->parts_.emplace_back();
    auto& repaired = data->repaired_.emplace_back();
    for (const classify::Example& example : set.examples) {
      const std::string_view text = std::string_view(example.text).substr(0, text::char_floor(example.text, kTextBytesMax));
      const std::string view(text::Views(text).repaired().text());
      auto& rows = parts.emplace_back();
      for (const text::Span& part : filters::linear_parts(view))
        rows.push_back(classify::feature_rows(std::string_view(view).substr(part.begin, part.size())));
      repaired.push_back(view);
    }
  }
  if (encoder) TRY(data->embed(*encoder, cache_file));
  data->repaired_.clear();
  return data;
}

std::span<const float> DetectionData::windows(const classify::Place& place) const {
  const std::vector<std::size_t>& ends = ends_[place.set];
  const std::size_t begin = place.row > 0 ? ends[place.row - 1] : place.set > 0 ? ends_[place.set - 1].back() : 0;
  return std::span(embeddings_).subspan(begin * width_, (ends[place.row] - begin) * width_);
}

Result<void> DetectionData::embed(const model::Encoder& encoder, const std::string& cache_file) {
  width_ = encoder.width();
  Sha256 hash;
  hash.update(filters::trunk_id(encoder));
  for (const auto& texts : repaired_)
    for (const std::string& text : texts) hash.update(text).update(std::string_view("\0", 1));
  const Digest digest = hash.finish();
  const std::string key = hex(digest);
  for (const auto& texts : repaired_) ends_.emplace_back(texts.size());
  if (const auto cached = cache_file.empty() ? Result<std::string>(std::string()) : read_file(cache_file);
      cached && cached->size() > key.size() && cached->starts_with(key)) {
    const char* at = cached->data() + key.size();
    for (auto& ends : ends_) {
      std::memcpy(ends.data(), at, ends.size() * sizeof(std::size_t));
      at += ends.size() * sizeof(std::size_t);
    }
    embeddings_.resize(static_cast<std::size_t>(cached->data() + cached->size() - at) / sizeof(float));
    std::memcpy(embeddings_.data(), at, embeddings_.size() * sizeof(float));
    return {};
  }
  for (std::size_t s = 0; s < repaired_.size(); ++s) {
    for (std::size_t r = 0; r < repaired_[s].size(); r += kBatch) {
      const std::size_t end = std::min(r + kBatch, repaired_[s].size());
      const std::vector<std::string_view> texts(repaired_[s].begin() + static_cast<std::ptrdiff_t>(r),
                                                repaired_[s].begin() + static_cast<std::ptrdiff_t>(end));
      const auto encoded = TRY(encoder.encode(texts));
      for (std::size_t i = 0; i < encoded.size(); ++i) {
        for (const model::EncodedWindow& window : encoded[i])
          embeddings_.insert(embeddings_.end(), window.embedding.begin(), window.embedding.end());
        ends_[s][r + i] = embeddings_.size() / width_;
      }
    }
    fmt::print(stderr, "encoded {} ({} texts)\n", sets_[s].info.name, repaired_[s].size());
  }
  if (cache_file.empty()) return {};
  std::string bytes = key;
  for (const auto& ends : ends_) append(bytes, ends.data(), ends.size() * sizeof(std::size_t));
  append(bytes, embeddings_.data(), embeddings_.size() * sizeof(float));
  return write_file_atomic(cache_file, bytes);
}

}  // namespace steward::app
