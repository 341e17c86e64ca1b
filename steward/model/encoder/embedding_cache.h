#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/encoder/encoder.h"

namespace steward::model {

/// Embeddings of all windows of texts by an encoder as it is, which several trainings read. In a file: 64 hex digits that name how they
/// were read, then for each text 16 bytes of its SHA-256, the number of its floats (u32) and these.
class EmbeddingCache {
 public:
  /// key: 64 hex digits. path: empty: kept nowhere. A file of another key, or one that is cut short, counts for what it has.
  EmbeddingCache(std::string key, std::string path);

  /// How many of the missing texts are done. Called from the thread that asked, now and then.
  using Progress = std::function<void(std::size_t done, std::size_t missing)>;

  /// [windows · width] of each text, in order; those that are missing are computed on all cores. The file is written anew after every few
  /// thousand of them, so that a process that is stopped loses no more. What it gives stays in place as long as the cache does.
  /// Errors: the encoder's; kInternal, such as a full disk.
  Result<std::vector<std::span<const float>>> embed(std::span<const std::string_view> texts, const Encoder& encoder,
                                                    const Progress& progress = {});

 private:
  struct Missing {
    std::string_view text;
    std::vector<float>* numbers;
  };
  void read();
  Result<void> write() const;
  static Result<void> compute(std::span<const Missing> texts, const Encoder& encoder);

  const std::string key_, path_;
  std::map<std::string, std::vector<float>> texts_;
};

}  // namespace steward::model
