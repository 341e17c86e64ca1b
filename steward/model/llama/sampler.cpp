#include "steward/model/llama/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace steward::model {
namespace {

std::uint64_t fresh_seed() {
  std::uint64_t seed = 0;
  random_bytes({reinterpret_cast<std::uint8_t*>(&seed), sizeof seed});
  return seed;
}

}  // namespace

Logprobs::Logprobs(const float* logits, int vocabulary) : logits_(logits), vocabulary_(vocabulary) {
  const double most = *std::max_element(logits, logits + vocabulary);
  double sum = 0;
  for (int i = 0; i < vocabulary; ++i) sum += std::exp(static_cast<double>(logits[i]) - most);
  log_sum_ = most + std::log(sum);
}

std::vector<Token> Logprobs::best(int count) const {
  std::vector<Token> ids(static_cast<std::size_t>(vocabulary_));
  std::iota(ids.begin(), ids.end(), 0);
  const auto n = std::min<std::size_t>(static_cast<std::size_t>(std::max(count, 0)), ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(n), ids.end(),
                    [this](Token a, Token b) { return logits_[a] != logits_[b] ? logits_[a] > logits_[b] : a < b; });
  ids.resize(n);
  return ids;
}

Sampler::Sampler(const Sampling& sampling) : sampling_(sampling), random_(sampling.seed ? *sampling.seed : fresh_seed()) {}

std::optional<Token> Sampler::sample(const float* logits, int vocabulary, Constraint* constraint) {
  std::vector<float> adjusted(logits, logits + vocabulary);
  for (const auto& [token, bias] : sampling_.logit_bias)
    if (token >= 0 && token < vocabulary) adjusted[static_cast<std::size_t>(token)] += bias;
  for (const auto& [token, count] : counts_)
    adjusted[static_cast<std::size_t>(token)] -= static_cast<float>(sampling_.presence_penalty + sampling_.frequency_penalty * count);
  Token chosen = pick(adjusted);
  while (constraint && !constraint->allows(chosen)) {
    constraint->mask(adjusted.data(), vocabulary, chosen);
    if (*std::max_element(adjusted.begin(), adjusted.end()) == -std::numeric_limits<float>::infinity()) return std::nullopt;
    chosen = pick(adjusted);
  }
  ++counts_[chosen];
  return chosen;
}

Token Sampler::pick(const std::vector<float>& adjusted) {
  const auto vocabulary = adjusted.size();
  Token chosen = static_cast<Token>(std::max_element(adjusted.begin(), adjusted.end()) - adjusted.begin());
  if (!(sampling_.temperature > 0)) return chosen;
  std::vector<Token> ids(vocabulary);
  std::iota(ids.begin(), ids.end(), 0);
  const double most = adjusted[static_cast<std::size_t>(chosen)];
  const auto weight = [&](Token token) { return std::exp((adjusted[static_cast<std::size_t>(token)] - most) / sampling_.temperature); };
  const auto better = [&](Token a, Token b) {
    const float x = adjusted[static_cast<std::size_t>(a)], y = adjusted[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  if (sampling_.min_p > 0) std::erase_if(ids, [&](Token token) { return weight(token) < sampling_.min_p; });
  std::size_t keep = ids.size();
  if (sampling_.top_k > 0) keep = std::min(keep, static_cast<std::size_t>(sampling_.top_k));
  if (keep < ids.size() || sampling_.top_p < 1) {
    std::sort(ids.begin(), ids.end(), better);
    ids.resize(keep);
  }
  std::vector<double> weights;  // each is asked for twice, and costs an exponential
  weights.reserve(ids.size());
  double total = 0;
  for (const Token token : ids) total += weights.emplace_back(weight(token));
  if (sampling_.top_p < 1) {
    double reached = 0;
    std::size_t n = 0;
    while (n < ids.size() && reached < sampling_.top_p * total) reached += weights[n++];
    ids.resize(std::max<std::size_t>(n, 1));
    total = reached;
  }
  double at = random_.uniform() * total;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    at -= weights[i];
    if (at < 0) {
      chosen = ids[i];
      break;
    }
  }
  return chosen;
}

}  // namespace steward::model
