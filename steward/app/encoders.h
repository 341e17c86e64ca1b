#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "steward/filters/models.h"

namespace steward::app {

/// The sentence encoders of a process: one for each file and way of reading it, as long as a filter holds it. Thread-safe.
class Encoders {
 public:
  Encoders() = default;
  Encoders(const Encoders&) = delete;
  /// The same encoder for the same file (by place, size and time of change, or by its digest) and options; calls for it that come together
  /// are batched. Errors: of model::open_encoder.
  Result<std::shared_ptr<const model::Encoder>> open(const std::string& path, const model::EncoderOptions& options);
  /// For filters, which this must outlive.
  filters::EncoderSource source() {
    return [this](const std::string& path, const model::EncoderOptions& options) { return open(path, options); };
  }

 private:
  struct Entry {
    std::string file;     ///< place, size and time of change
    std::string options;  ///< in words
    std::string digest;   ///< of the file
    std::weak_ptr<const model::Encoder> encoder;
  };
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace steward::app
