#pragma once

#include <vector>

#include "recipes/setup.h"
#include "steward/data/samples.h"
#include "steward/runs/report.h"

namespace steward::recipes {

/// For the report: what the base and the run's adapter answer to the prompts of some samples, greedily, in the engine that serves.
/// Errors: those of open_llama().
Result<std::vector<runs::ReportSample>> shown_answers(const CommonConfig& config, const model::ChatTokenizer& tokenizer,
                                                      const std::string& adapter, const std::vector<const data::Sample*>& samples);

/// The first samples of the validation set, as many as the configuration asks for; of the training set, if there is no other.
template <class T, class Of>
std::vector<const data::Sample*> to_show(const CommonConfig& config, const data::TrainingData<T>& data, const Of& of) {
  std::vector<const data::Sample*> out;
  for (const T& sample : data.validation.empty() ? data.train : data.validation) {
    if (static_cast<std::int64_t>(out.size()) >= config.run.report_samples) break;
    out.push_back(&of(sample));
  }
  return out;
}

}  // namespace steward::recipes
