#include "steward/tune/token_batch.h"

#include "steward/core/check.h"

namespace steward::tune {

TokenBatch token_batch(std::span<const data::Sample* const> samples) {
  std::vector<std::int64_t> tokens, rows, targets;
  TokenBatch out;
  for (const data::Sample* sample : samples) {
    STEWARD_CHECK(!sample->tokens.empty() && sample->mask.size() == sample->tokens.size() && sample->mask[0] == 0);
    const std::size_t before = targets.size();
    for (std::size_t i = 0; i < sample->tokens.size(); ++i) {
      if (sample->mask[i]) {
        rows.push_back(static_cast<std::int64_t>(tokens.size()) - 1);
        targets.push_back(sample->tokens[i]);
      }
      tokens.push_back(sample->tokens[i]);
    }
    out.packed.lengths.push_back(static_cast<std::int64_t>(sample->tokens.size()));
    out.counts.push_back(static_cast<std::int64_t>(targets.size() - before));
  }
  out.packed.tokens = at::tensor(tokens, at::kLong);
  out.rows = at::tensor(rows, at::kLong);
  out.targets = at::tensor(targets, at::kLong);
  return out;
}

TokenBatch token_batch(const data::BatchPlan& plan, const std::vector<data::Sample>& samples) {
  std::vector<const data::Sample*> chosen;
  for (const auto& row : plan)
    for (const std::size_t index : row) chosen.push_back(&samples.at(index));
  return token_batch(chosen);
}

TokenBatch token_batch(const data::BatchPlan& plan, const std::vector<data::PairSample>& pairs) {
  std::vector<const data::Sample*> chosen, rejected;
  for (const auto& row : plan) {
    for (const std::size_t index : row) {
      chosen.push_back(&pairs.at(index).chosen);
      rejected.push_back(&pairs.at(index).rejected);
    }
  }
  chosen.insert(chosen.end(), rejected.begin(), rejected.end());
  return token_batch(chosen);
}

TokenBatch token_batch(const data::BatchPlan& plan, const std::vector<data::ClassSample>& texts) {
  std::vector<const data::Sample*> chosen;
  for (const auto& row : plan)
    for (const std::size_t index : row) chosen.push_back(&texts.at(index).sample);
  return token_batch(chosen);
}

Tensor last_hidden(const Llama& model, const TokenBatch& batch, const Pass& pass) {
  const Tensor ends = at::tensor(batch.packed.lengths, at::kLong).cumsum(0) - 1;
  return model.hidden(batch.packed, pass).index_select(0, ends);
}

Predicted predict(const Llama& model, const TokenBatch& batch, const Pass& pass) {
  return {model.hidden(batch.packed, pass).index_select(0, batch.rows), model.head(), batch.targets};
}

}  // namespace steward::tune
