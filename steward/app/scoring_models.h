#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "steward/filters/models.h"

namespace steward::app {

/// The scoring models of a process: one for the same files and options, as long as a filter holds it. Thread-safe.
class ScoringModels {
 public:
  ScoringModels() = default;
  ScoringModels(const ScoringModels&) = delete;
  /// Errors: of model::ScoringModel::open.
  Result<std::shared_ptr<const model::ScoringModel>> open(const model::ScoringOptions& options);
  /// For filters, which this must outlive.
  filters::ScoringSource source() {
    return [this](const model::ScoringOptions& options) { return open(options); };
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const model::ScoringModel>> opened_;  ///< by files and options
};

}  // namespace steward::app
