#include "steward/app/scoring_models.h"

#include <fmt/format.h>

#include "steward/app/file_stamp.h"

namespace steward::app {

Result<std::shared_ptr<const model::ScoringModel>> ScoringModels::open(const model::ScoringOptions& options) {
  const std::string key = fmt::format("{} | {} | {} | {} {}", file_stamp(options.base), file_stamp(options.adapter),
                                      file_stamp(options.head), options.context_tokens, options.threads);
  const std::lock_guard lock(mutex_);  // also while one opens: whoever asks for it meanwhile shall have the same
  std::erase_if(opened_, [](const auto& entry) { return entry.second.expired(); });
  if (auto found = opened_[key].lock()) return found;
  std::shared_ptr<const model::ScoringModel> model = TRY(model::ScoringModel::open(options));
  opened_[key] = model;
  return model;
}

}  // namespace steward::app
