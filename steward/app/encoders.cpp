#include "steward/app/encoders.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "steward/app/file_stamp.h"
#include "steward/model/encoder/batching.h"

namespace steward::app {
namespace {

std::string words_of(const model::EncoderOptions& options) {
  return fmt::format("{} [{}] {} {} {} {}", options.layers, fmt::join(options.pooled_layers, ","), options.window_tokens,
                     options.stride_tokens, options.windows_max, options.trunk.empty() ? "" : file_stamp(options.trunk));
}

}  // namespace

Result<std::shared_ptr<const model::Encoder>> Encoders::open(const std::string& path, const model::EncoderOptions& options) {
  const std::lock_guard lock(mutex_);  // also while one opens: whoever asks for it meanwhile shall have the same
  std::erase_if(entries_, [](const Entry& entry) { return entry.encoder.expired(); });
  const std::string file = file_stamp(path), words = words_of(options);
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
