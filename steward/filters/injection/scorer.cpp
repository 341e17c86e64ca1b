#include "steward/filters/injection/scorer.h"

#include <algorithm>
#include <cmath>

namespace steward::filters {
namespace {

struct Weight {
  std::string_view name;
  double user, data;
};

/// Made by tools/injection/fit.py.
#include "steward/filters/injection/weights.inc"

const std::vector<Weight>& by_number() {
  static const std::vector<Weight> all = [] {
    std::vector<Weight> out(evidence_count(), Weight{"", 0, 0});
    for (const Weight& weight : kWeights)
      if (const std::size_t number = evidence_number(weight.name); number < out.size()) out[number] = weight;
    return out;
  }();
  return all;
}

void add(Scores::Sum& sum, const Evidence& item, double sign) {
  const double weight = sign * weight_of(item.number, item.voice);
  sum.evidence += weight;
  if (evidence_family(item.number) == Family::kExtraction) sum.extraction += weight;
}

}  // namespace

double weight_of(std::size_t number, Voice voice) {
  const Weight& weight = by_number()[number];
  return voice == Voice::kUser ? weight.user : weight.data;
}

double intercept_of(Voice voice, bool is_short) {
  if (voice == Voice::kUser) return is_short ? kUserShortIntercept : kUserIntercept;
  return is_short ? kDataShortIntercept : kDataIntercept;
}
double logistic(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }
double Scores::log_odds(Voice voice) const { return intercept_of(voice, is_short) + of(voice).evidence; }
double Scores::probability(Voice voice) const { return logistic(log_odds(voice)); }

Scores score_of(const std::vector<Evidence>& evidence, std::size_t bytes) {
  Scores out;
  out.is_short = bytes <= kShortBytes;
  for (const Voice voice : {Voice::kUser, Voice::kData}) {
    std::vector<const Evidence*> items;
    for (const Evidence& item : evidence)
      if (item.voice == voice && weight_of(item.number, voice) > 0) items.push_back(&item);
    std::stable_sort(items.begin(), items.end(), [](const Evidence* a, const Evidence* b) { return a->span.begin < b->span.begin; });
    std::vector<std::uint32_t> counts(items.empty() ? 0 : evidence_count());
    Scores::Sum now;
    std::size_t first = 0;
    for (const Evidence* const item : items) {
      if (counts[item->number]++ == 0) add(now, *item, 1);
      for (; items[first]->span.begin + kWindowBytes < item->span.begin; ++first)
        if (--counts[items[first]->number] == 0) add(now, *items[first], -1);
      if (now.evidence <= out.of(voice).evidence) continue;
      now.begin = items[first]->span.begin;
      now.end = item->span.end;
      for (const Evidence* const other : items)
        if (other->span.begin >= now.begin && other->span.begin <= item->span.begin) now.end = std::max(now.end, other->span.end);
      out.best[static_cast<std::size_t>(voice)] = now;
    }
  }
  return out;
}

std::vector<std::string_view> weighed_names() {
  std::vector<std::string_view> out;
  for (const Weight& weight : kWeights) out.push_back(weight.name);
  return out;
}

}  // namespace steward::filters
