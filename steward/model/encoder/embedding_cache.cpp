#include "steward/model/encoder/embedding_cache.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/core/hash.h"

namespace steward::model {
namespace {

constexpr std::size_t kNameBytes = 16;
constexpr std::size_t kBatch = 64;       ///< texts of one call of the encoder
constexpr std::size_t kStretch = 16384;  ///< texts after which the file is written

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
    if (numbers.empty()) continue;  // still missing
    const auto count = static_cast<std::uint32_t>(numbers.size());
    bytes += name;
    bytes.append(reinterpret_cast<const char*>(&count), sizeof count);
    bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float));
  }
  return write_file_atomic(path_, bytes);
}

Result<void> EmbeddingCache::compute(std::span<const Missing> texts, const Encoder& encoder) {
  const std::size_t workers = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 1 + texts.size() / kBatch);
  std::atomic<std::size_t> next = 0;
  std::vector<Result<void>> ended(workers);
  const auto work = [&]() -> Result<void> {
    for (std::size_t begin; (begin = next.fetch_add(kBatch)) < texts.size();) {
      const auto some = texts.subspan(begin, std::min(kBatch, texts.size() - begin));
      std::vector<std::string_view> batch;
      for (const Missing& one : some) batch.push_back(one.text);
      const auto encoded = TRY(encoder.encode(batch));
      for (std::size_t i = 0; i < some.size(); ++i)
        for (const EncodedWindow& window : encoded[i])
          some[i].numbers->insert(some[i].numbers->end(), window.embedding.begin(), window.embedding.end());
    }
    return {};
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < workers; ++i) threads.emplace_back([&, i] { ended[i] = work(); });
  }
  for (Result<void>& one : ended) TRY(std::move(one));
  return {};
}

Result<std::vector<std::span<const float>>> EmbeddingCache::embed(std::span<const std::string_view> texts, const Encoder& encoder,
                                                                  const Progress& progress) {
  std::vector<std::span<const float>> out;
  std::vector<const std::vector<float>*> places;
  std::vector<Missing> missing;
  for (const std::string_view text : texts) {
    const auto [found, fresh] = texts_.try_emplace(name_of(text));
    if (fresh) missing.push_back({text, &found->second});
    places.push_back(&found->second);
  }
  for (std::size_t begin = 0; begin < missing.size(); begin += kStretch) {
    const std::span some = std::span(missing).subspan(begin, std::min(kStretch, missing.size() - begin));
    auto done = compute(some, encoder);
    if (!done) {  // none of them counts as known
      for (std::size_t i = begin; i < missing.size(); ++i) texts_.erase(name_of(missing[i].text));
      return fail(std::move(done).error());
    }
    if (!path_.empty()) TRY(write());
    if (progress) progress(begin + some.size(), missing.size());
  }
  for (const std::vector<float>* numbers : places) out.emplace_back(*numbers);
  return out;
}

}  // namespace steward::model
