#include "steward/app/encoders.h"

#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "steward/model/encoder/batching.h"

namespace steward::app {
namespace {

namespace fs = std::filesystem;

std::string stamp_of(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  const auto size = fs::file_size(canonical, error);
  const auto time = fs::last_write_time(canonical, error);
  return fmt::format("{} {} {}", canonical.string(), error ? 0 : size, error ? 0 : time.time_since_epoch().count());
}

std::string words_of(const model::EncoderOptions& options) {
  return fmt::format("{} [{}] {} {} {} {}", options.layers, fmt::join(options.pooled_layers, ","), options.window_tokens,
                     options.stride_tokens, options.windows_max, options.trunk.empty() ? "" : stamp_of(options.trunk));
}

}  // namespace

Result<std::shared_ptr<const model::Encoder>> Encoders::open(const std::string& path, const model::EncoderOptions& options) {
  const std::lock_guard lock(mutex_);  // also while one opens: whoever asks for it meanwhile shall have the same
  std::erase_if(entries_, [](const Entry& entry) { return entry.encoder.expired(); });
  const std::string file = stamp_of(path), words = words_of(options);
  for (const Entry& entry : entries_)
    if (entry.file == file && entry.options == words)
      if (auto encoder = entry.encoder.lock()) return encoder;
  std::unique_ptr<model::Encoder> opened = TRY(model::open_encoder(path, options));
  std::shared_ptr<const model::Encoder> encoder;
  for (const Entry& entry : entries_)  // a copy elsewhere
    if (entry.digest == opened->digest() && entry.options == words) encoder = entry.encoder.lock();
  const std::string digest = opened->digest();
  if (!encoder) encoder = model::make_batching(std::move(opened), {});
  entries_.push_back({file, words, digest, encoder});
  return encoder;
}

}  // namespace steward::app
