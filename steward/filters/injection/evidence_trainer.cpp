#include "steward/filters/injection/evidence_trainer.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/json.h"

namespace steward::filters {
namespace {

constexpr int kRounds = 4, kSteps = 600;
constexpr double kRate = 0.3, kDecay = 1e-4, kAttackShare = 0.05, kWeightMax = 2.4;
constexpr std::string_view kVoiceNames[kVoices] = {"user", "data"};

using Numbers = std::vector<std::size_t>;

/// What is in the window of `voice` that weighs most.
Numbers strongest(const std::vector<Evidence>& evidence, Voice voice, const EvidenceWeights& weights) {
  const Scores::Sum sum = score_of(evidence, 0, weights).of(voice);
  Numbers out;
  if (sum.evidence <= 0) return out;
  for (const Evidence& item : evidence)
    if (item.voice == voice && item.span.begin >= sum.begin && item.span.begin <= sum.begin + kWindowBytes) out.push_back(item.number);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

/// Texts with the same evidence, by how much they count.
struct Mass {
  double attacks = 0, others = 0;
};

std::map<Numbers, Mass> masses(std::span<const EvidenceRow> rows, Voice voice, const EvidenceWeights& weights) {
  std::map<Numbers, Mass> out;
  double attacks = 0, others = 0;
  for (const EvidenceRow& row : rows) {
    const bool handed_over = row.speaker == Voice::kUser && voice == Voice::kData;
    // Where in a user's message with data the attack stands is not known.
    if (row.speaker != voice && !(handed_over && !row.attack)) continue;
    Mass& mass = out[strongest(*row.evidence, voice, weights)];
    (row.attack ? mass.attacks : mass.others) += row.weight;
    (row.attack ? attacks : others) += row.weight;
  }
  for (auto& [numbers, mass] : out) {
    mass.attacks *= attacks > 0 ? kAttackShare / attacks : 0;
    mass.others *= others > 0 ? (1 - kAttackShare) / others : 0;
  }
  return out;
}

/// Adam [Kingma & Ba 2015] over all texts at once.
std::vector<double> fit(const std::map<Numbers, Mass>& texts) {
  const std::size_t bias = evidence_count();
  std::vector<double> weights(bias + 1, 0.0), first(bias + 1), second(bias + 1);
  std::vector<bool> seen(bias + 1);
  for (const auto& [numbers, mass] : texts)
    for (const std::size_t number : numbers) {
      weights[number] = 0.5;
      seen[number] = true;
    }
  weights[bias] = -2;
  seen[bias] = true;
  for (int step = 1; step <= kSteps; ++step) {
    std::vector<double> slopes(bias + 1);
    for (std::size_t i = 0; i < bias; ++i) slopes[i] = kDecay * weights[i];
    for (const auto& [numbers, mass] : texts) {
      double sum = weights[bias];
      for (const std::size_t number : numbers) sum += weights[number];
      const double p = logistic(sum), error = p * (mass.attacks + mass.others) - mass.attacks;
      for (const std::size_t number : numbers) slopes[number] += error;
      slopes[bias] += error;
    }
    for (std::size_t i = 0; i <= bias; ++i) {
      if (!seen[i]) continue;
      first[i] = 0.9 * first[i] + 0.1 * slopes[i];
      second[i] = 0.999 * second[i] + 0.001 * slopes[i] * slopes[i];
      const double rate = kRate / (1 + step / 200.0);
      const double move = rate * first[i] / (1 - std::pow(0.9, step)) / (std::sqrt(second[i] / (1 - std::pow(0.999, step))) + 1e-8);
      weights[i] = i == bias ? weights[i] - move : std::clamp(weights[i] - move, 0.0, kWeightMax);
    }
  }
  weights.pop_back();
  return weights;
}

}  // namespace

EvidenceWeights train_evidence(std::span<const EvidenceRow> rows) {
  EvidenceWeights out;
  for (auto& weights : out.of) weights.assign(evidence_count(), 1.0);
  for (int round = 0; round < kRounds; ++round) {
    EvidenceWeights next;
    for (const Voice voice : {Voice::kUser, Voice::kData}) next.of[static_cast<std::size_t>(voice)] = fit(masses(rows, voice, out));
    out = std::move(next);
  }
  return out;
}

Result<void> write_evidence_weights(const std::string& path, const EvidenceWeights& weights) {
  json::Object root;
  for (std::size_t voice = 0; voice < kVoices; ++voice) {
    json::Object of_voice;
    for (std::size_t number = 0; number < weights.of[voice].size(); ++number)
      if (const double rounded = std::round(weights.of[voice][number] * 1000) / 1000; rounded > 0)
        of_voice[evidence_name(number)] = rounded;
    root[kVoiceNames[voice]] = std::move(of_voice);
  }
  return write_file_atomic(path, json::dump_canonical(root) + "\n");
}

Result<EvidenceWeights> read_evidence_weights(const std::string& path) {
  const std::string text = TRY(read_file(path));
  const json::Value root = TRY(json::parse(text));
  const auto wrong = [&](const std::string& what) { return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}", path, what)); };
  if (!root.is_object()) return wrong("it must hold one JSON object");
  EvidenceWeights out;
  for (std::size_t voice = 0; voice < kVoices; ++voice) {
    out.of[voice].assign(evidence_count(), 0);
    const json::Object* of_voice = TRY(json::get_object(root.as_object(), kVoiceNames[voice]));
    if (!of_voice) return wrong(fmt::format("'{}' is missing", kVoiceNames[voice]));
    for (const auto& [name, value] : *of_voice) {
      const std::size_t number = evidence_number(std::string_view(name));
      if (number == evidence_count()) return wrong(fmt::format("there is no evidence '{}'; train the models anew", std::string_view(name)));
      if (!value.is_number() || !(value.to_number<double>() >= 0))
        return wrong(fmt::format("'{}' must be a number from 0 on", std::string_view(name)));
      out.of[voice][number] = value.to_number<double>();
    }
  }
  return out;
}

}  // namespace steward::filters
