#pragma once

#include <span>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/filters/injection/scorer.h"

namespace steward::filters {

/// One text to learn from, by what was read in it.
struct EvidenceRow {
  const std::vector<Evidence>* evidence;
  Voice speaker;  ///< of the text: a user's message may hold data, too
  bool attack;
  double weight = 1;
};

/// Log-odds of evidence for learned detection: logistic regression with weights from 0 to 2.4, so that nothing an attacker adds speaks for
/// a text and no evidence is enough alone. Attacks are taken to be 5 % of the texts. Only the window that weighs most counts
/// (kWindowBytes); which one that is, is decided anew by the weights of the round before. Same rows, same weights.
EvidenceWeights train_evidence(std::span<const EvidenceRow> rows);

/// As JSON: {"user": {name: log-odds}, "data": {...}}; the same weights give the same bytes.
Result<void> write_evidence_weights(const std::string& path, const EvidenceWeights& weights);
/// Errors: kNotFound; kInvalidInput that names the file and what is unknown or no number from 0 on.
Result<EvidenceWeights> read_evidence_weights(const std::string& path);

}  // namespace steward::filters
