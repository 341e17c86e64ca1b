#include "steward/tune/token_batch.h"

#include <algorithm>

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

namespace {

std::vector<const data::Sample*> samples_of(const data::BatchPlan& plan, const std::vector<data::ThumbSample>& thumbs) {
  std::vector<const data::Sample*> out;
  for (const auto& row : plan)
    for (const std::size_t index : row) out.push_back(&thumbs.at(index).sample);
  return out;
}

std::ptrdiff_t prompt_length(const data::Sample& sample) {
  return std::find(sample.mask.begin(), sample.mask.end(), 1) - sample.mask.begin();
}

bool same_prompt(const data::Sample& a, const data::Sample& b) {
  return std::equal(a.tokens.begin(), a.tokens.begin() + prompt_length(a), b.tokens.begin(), b.tokens.begin() + prompt_length(b));
}

data::Sample with_answer_of(const data::Sample& prompt, const data::Sample& answer) {
  const std::ptrdiff_t length = prompt_length(prompt), begin = prompt_length(answer);
  data::Sample out{
      {prompt.tokens.begin(), prompt.tokens.begin() + length}, {prompt.mask.begin(), prompt.mask.begin() + length}, prompt.row};
  out.tokens.insert(out.tokens.end(), answer.tokens.begin() + begin, answer.tokens.end());
  out.mask.insert(out.mask.end(), answer.mask.begin() + begin, answer.mask.end());
  return out;
}

}  // namespace

TokenBatch token_batch(const data::BatchPlan& plan, const std::vector<data::ThumbSample>& thumbs) {
  return token_batch(samples_of(plan, thumbs));
}

TokenBatch mismatched_batch(const data::BatchPlan& plan, const std::vector<data::ThumbSample>& thumbs, const World& world) {
  const auto samples = samples_of(plan, thumbs);
  std::vector<data::Sample> made;
  for (auto i = static_cast<std::size_t>(world.rank()); i < samples.size(); i += static_cast<std::size_t>(world.size())) {
    for (std::size_t step = 1; step < samples.size(); ++step) {
      const data::Sample& other = *samples[(i + step) % samples.size()];
      if (same_prompt(*samples[i], other)) continue;
      made.push_back(with_answer_of(*samples[i], other));
      break;
    }
  }
  std::vector<const data::Sample*> pointers;
  for (const data::Sample& sample : made) pointers.push_back(&sample);
  return token_batch(pointers);
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

double backward_token_loss(const Llama& model, const std::vector<TokenBatch>& step, const Pass& pass, const World& world) {
  double learned = 0;
  for (const TokenBatch& batch : step) learned += static_cast<double>(batch.learned());
  world.sum({&learned});
  double loss = 0;
  for (const TokenBatch& batch : step) {
    const Tensor weights = at::full({batch.learned()}, 1.0 / learned);
    const Tensor part = weighted_nll(predict(model, batch, pass), weights);
    part.backward();
    loss += part.item<double>();
  }
  world.sum({&loss});
  return loss;
}

double mean_token_loss(const Llama& model, const std::vector<data::Sample>& samples, const Pass& pass, std::size_t at_once,
                       const World& world) {
  const at::NoGradGuard guard;
  double sum = 0, count = 0;
  const std::size_t first = at_once * static_cast<std::size_t>(world.rank()), stride = at_once * static_cast<std::size_t>(world.size());
  for (std::size_t begin = first; begin < samples.size(); begin += stride) {
    std::vector<const data::Sample*> some;
    for (std::size_t i = begin; i < std::min(begin + at_once, samples.size()); ++i) some.push_back(&samples[i]);
    const TokenBatch batch = token_batch(some);
    sum += weighted_nll(predict(model, batch, pass), at::ones_like(batch.targets, at::kFloat)).item<double>();
    count += static_cast<double>(batch.learned());
  }
  world.sum({&sum, &count});
  return sum / count;
}

}  // namespace steward::tune
