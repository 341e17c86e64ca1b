#pragma once

#include "steward/filters/judge/judge.h"
#include "steward/filters/models.h"
#include "steward/guard/filter.h"

namespace steward::filters {

/// A language model judges texts by the policy's own definitions (README.md). The filter is slow: scan() and a stream's advance() block
/// their thread until the model has answered, so the guard must never be called on a thread that this model answers on (its engine's; an
/// I/O thread, for one behind an upstream): it would wait for itself until timeout_ms. A full queue, a silent model, an answer that is
/// none: an error, and the policy's `fail` decides.
Result<std::unique_ptr<guard::Filter>> make_judge(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                  const ModelSource& models);

/// The judge of the policy's filter `name`, or of its first one if that is empty, outside a guard: for measuring it.
/// Errors: kNotFound if the policy has none; as make_judge.
Result<std::unique_ptr<Judge>> judge_of(const policy::Policy& policy, const std::string& name, const ModelSource& models);

/// What a judge is shown when it judges `text` in `scope`: the end of the conversation before it, without the application's instructions.
Exhibit exhibit_of(std::string_view text, const guard::Scope& scope, std::size_t context_messages);

}  // namespace steward::filters
