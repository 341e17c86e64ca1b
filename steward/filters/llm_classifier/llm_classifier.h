#pragma once

#include "steward/filters/models.h"
#include "steward/guard/filter.h"

namespace steward::filters {

/// A language model with heads of `steward-tune llm-classifier` reads whole texts (README.md); labels that probably hold are findings. The
/// filter is slow, and blocks its thread while the model reads. Errors: kInvalidInput with the place and what to write instead; of
/// ScoringModel::open().
Result<std::unique_ptr<guard::Filter>> make_llm_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                           const ScoringSource& models);

}  // namespace steward::filters
