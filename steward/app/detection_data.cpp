#include "steward/app/detection_data.h"

#include <cstring>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "steward/classify/linear_trainer.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/filters/classifier/classifier.h"
#include "steward/filters/classifier/scorer.h"
#include "steward/text/pieces.h"
#include "steward/text/view.h"

namespace steward::app {
namespace {

constexpr std::size_t kTextBytesMax = 8192;
constexpr std::size_t kBatch = 32;

/// Embeddings of texts by their hash, in a file: the digest of the trunk (64
/// hex digits), then for each text its hash (16 bytes), the number of its
/// windows (u32) and these, [windows][width] f32. A file of another trunk, or
/// one that is cut short, counts as none.
class EmbeddingCache {
 public:
  EmbeddingCache(std::string trunk, std::size_t width) : trunk_(std::move(trunk)), width_(width) {}

  std::optional<std::span<const float>> find(std::string_view text) const {
    const auto found = places_.find(key_of(text));
    if (found == places_.end()) return std::nullopt;
    return std::span(floats_).subspan(found->second.first * width_, found->second.second * width_);
  }
  void put(std::string_view text, const std::vector<model::EncodedWindow>& windows) {
    if (!places_.emplace(key_of(text), std::pair(floats_.size() / width_, windows.size())).second) return;
    for (const model::EncodedWindow& window : windows) floats_.insert(floats_.end(), window.embedding.begin(), window.embedding.end());
    grown_ = true;
  }
  bool has_grown() const { return grown_; }

  void read(const std::string& path) {
    const auto bytes = read_file(path);
    if (!bytes || !bytes->starts_with(trunk_)) return;
    for (std::size_t at = trunk_.size(); at + kKeyBytes + sizeof(std::uint32_t) <= bytes->size();) {
      const std::string key = bytes->substr(at, kKeyBytes);
      std::uint32_t windows = 0;
      std::memcpy(&windows, bytes->data() + at + kKeyBytes, sizeof windows);
      at += kKeyBytes + sizeof windows;
      const std::size_t count = windows * width_;
      if (at + count * sizeof(float) > bytes->size()) return;
      places_.emplace(key, std::pair(floats_.size() / width_, std::size_t{windows}));
      floats_.resize(floats_.size() + count);
      std::memcpy(floats_.data() + floats_.size() - count, bytes->data() + at, count * sizeof(float));
      at += count * sizeof(float);
    }
  }
  Result<void> write(const std::string& path) const {
    std::string bytes = trunk_;
    for (const auto& [key, place] : places_) {
      const auto windows = static_cast<std::uint32_t>(place.second);
      bytes += key;
      append(bytes, &windows, sizeof windows);
      append(bytes, floats_.data() + place.first * width_, windows * width_ * sizeof(float));
    }
    return write_file_atomic(path, bytes);
  }

 private:
  static constexpr std::size_t kKeyBytes = 16;
  static std::string key_of(std::string_view text) {
    const Digest digest = sha256(text);
    return {reinterpret_cast<const char*>(digest.data()), kKeyBytes};
  }
  static void append(std::string& bytes, const void* from, std::size_t size) { bytes.append(static_cast<const char*>(from), size); }

  const std::string trunk_;
  const std::size_t width_;
  std::map<std::string, std::pair<std::size_t, std::size_t>> places_;  ///< key → first window, windows
  std::vector<float> floats_;
  bool grown_ = false;
};

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
  EmbeddingCache cache(filters::trunk_id(encoder), width_);
  if (!cache_file.empty()) cache.read(cache_file);
  for (std::size_t s = 0; s < repaired_.size(); ++s) {
    std::vector<std::string_view> missing;
    const auto encode = [&]() -> Result<void> {
      const auto encoded = TRY(encoder.encode(missing));
      for (std::size_t i = 0; i < missing.size(); ++i) cache.put(missing[i], encoded[i]);
      missing.clear();
      return {};
    };
    std::size_t computed = 0;
    for (const std::vector<std::string>& texts : repaired_[s])
      for (const std::string& text : texts) {
        if (cache.find(text)) continue;
        missing.push_back(text);
        ++computed;
        if (missing.size() == kBatch) TRY(encode());
      }
    if (!missing.empty()) TRY(encode());
    if (computed > 0) fmt::print(stderr, "encoded {} ({} texts)\n", sets_[s].info.name, computed);
    std::vector<std::size_t>& ends = ends_.emplace_back();
    for (const std::vector<std::string>& texts : repaired_[s]) {
      for (const std::string& text : texts) {
        const std::span<const float> windows = *cache.find(text);
        embeddings_.insert(embeddings_.end(), windows.begin(), windows.end());
      }
      ends.push_back(embeddings_.size() / width_);
    }
  }
  if (cache_file.empty() || !cache.has_grown()) return {};
  return cache.write(cache_file);
}

}  // namespace steward::app
