#include "steward/model/encoder/embedding_cache.h"

#include <algorithm>
#include <cstring>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"

namespace steward::model {
namespace {

constexpr std::size_t kNameBytes = 16, kBatch = 64;

std::string name_of(std::string_view text) {
  const Digest digest = sha256(text);
  return {reinterpret_cast<const char*>(digest.data()), kNameBytes};
}

}  // namespace

EmbeddingCache::EmbeddingCache(std::string key, std::string path) : key_(std::move(key)), path_(std::move(path)) {
  STEWARD_CHECK(key_.size() == 64);
  if (!path_.empty()) read();
}

void EmbeddingCache::read() {
  const auto bytes = read_file(path_);
  if (!bytes || !bytes->starts_with(key_)) return;
  std::uint32_t count = 0;
  for (std::size_t at = key_.size(); at + kNameBytes + sizeof count <= bytes->size(); at += count * sizeof(float)) {
    std::string name = bytes->substr(at, kNameBytes);
    std::memcpy(&count, bytes->data() + at + kNameBytes, sizeof count);
    at += kNameBytes + sizeof count;
    if (at + count * sizeof(float) > bytes->size()) return;
    std::vector<float>& numbers = texts_[std::move(name)];
    numbers.resize(count);
    std::memcpy(numbers.data(), bytes->data() + at, count * sizeof(float));
  }
}

Result<void> EmbeddingCache::write() const {
  std::string bytes = key_;
  for (const auto& [name, numbers] : texts_) {
    const auto count = static_cast<std::uint32_t>(numbers.size());
    bytes += name;
    bytes.append(reinterpret_cast<const char*>(&count), sizeof count);
    bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float));
  }
  return write_file_atomic(path_, bytes);
}

Result<std::vector<std::span<const float>>> EmbeddingCache::embed(std::span<const std::string_view> texts, const Encoder& encoder) {
  std::vector<std::string> names;
  std::vector<std::size_t> missing;
  for (const std::string_view text : texts) {
    names.push_back(name_of(text));
    if (texts_.try_emplace(names.back()).second) missing.push_back(names.size() - 1);
  }
  for (std::size_t begin = 0; begin < missing.size(); begin += kBatch) {
    const std::span some = std::span(missing).subspan(begin, std::min(kBatch, missing.size() - begin));
    std::vector<std::string_view> batch;
    for (const std::size_t i : some) batch.push_back(texts[i]);
    const auto encoded = TRY(encoder.encode(batch));
    for (std::size_t i = 0; i < some.size(); ++i)
      for (const EncodedWindow& window : encoded[i]) {
        std::vector<float>& numbers = texts_[names[some[i]]];
        numbers.insert(numbers.end(), window.embedding.begin(), window.embedding.end());
      }
  }
  if (!missing.empty() && !path_.empty()) TRY(write());
  std::vector<std::span<const float>> out;
  for (const std::string& name : names) out.emplace_back(texts_.at(name));
  return out;
}

}  // namespace steward::model
