#pragma once

#include <array>

#include "steward/tune/distributed.h"
#include "steward/tune/torch.h"

namespace steward::tune {

/// Log-probabilities of whole answers, summed over their tokens, in nats: [B] each.
struct PairLogps {
  Tensor chosen, rejected;
};

/// Ranking loss of a reward model, mean over the pairs: -log σ(chosen - rejected - margin) [Touvron et al. 2023, arXiv:2307.09288, eq. 2].
/// Where the label is soft, the cross-entropy with it [Lee et al. 2023, arXiv:2309.00267, §2.2]: -p log σ(d) - (1 - p) log σ(-d).
/// chosen, rejected: scores [B]; margins, probabilities (p, 1 for a certain label): [B], no gradient. Returns a scalar.
Tensor ranking_loss(const Tensor& chosen, const Tensor& rejected, const Tensor& margins, const Tensor& probabilities);

/// Margins by how much better the chosen answer is, from negligibly to significantly [arXiv:2307.09288, table 27].
using MarginTable = std::array<double, 4>;
inline constexpr MarginTable kNoMargins = {0, 0, 0, 0};
inline constexpr MarginTable kSmallMargins = {0, 1.0 / 3, 2.0 / 3, 1};
inline constexpr MarginTable kLargeMargins = {0, 1, 2, 3};

/// Auxiliary loss of a safety reward model: binary cross-entropy of σ(score) against "this answer is safe", mean over the answers that have
/// a label. Llama 2 uses such a loss and does not publish it; this is ours. scores: [B]; safe: [B] of 1, 0, or -1 for unknown.
/// Returns a scalar, 0 when none is known.
Tensor safety_loss(const Tensor& scores, const Tensor& safe);

struct DpoOptions {
  double beta = 0.1;  ///< > 0: how much the reference holds
  double doubt = 0;   ///< [0, 0.5): share of pairs whose labels are taken to be swapped (conservative DPO)
};
/// DPO loss, mean over the pairs [Rafailov et al. 2023, arXiv:2305.18290, eq. 7]. probabilities: [B], that the chosen answer is the better
/// one, 1 for a certain label; below 1 the loss is the cross-entropy with it. The gradient flows to `policy` only. Returns a scalar.
Tensor dpo_loss(const PairLogps& policy, const PairLogps& reference, const Tensor& probabilities, const DpoOptions& options);
/// What DPO takes as rewards, β(log π - log π_ref) [eq. 5, without its constant]: [B] each, no gradient.
PairLogps dpo_rewards(const PairLogps& policy, const PairLogps& reference, double beta);

struct KtoOptions {
  double beta = 0.1;  ///< > 0: how much the reference holds
  double desirable_weight = 1, undesirable_weight = 1;
};
/// KTO's reference point: KL(π ‖ π_ref) over the batch, estimated as the mean of log π - log π_ref over answers that belong to other
/// prompts, at least 0 [Ethayarajh et al. 2024, arXiv:2402.01306, §4.1]. policy, reference: log-probabilities of those answers, summed over
/// their tokens, in nats: [B], of this process. The mean is over those of all; 0 for none.
double kto_reference_point(const Tensor& policy, const Tensor& reference, const World& world = World());
/// KTO loss, mean over the answers of λ - v: v is λ_D σ(β(r - z)) of a desirable answer and λ_U σ(β(z - r)) of an undesirable one, where
/// r = log π - log π_ref [eq. 8]. policy, reference: as above; desirable: bool [B]; point: z, in nats. The gradient flows to `policy` only.
/// Returns a scalar.
Tensor kto_loss(const Tensor& policy, const Tensor& reference, const Tensor& desirable, double point, const KtoOptions& options);

/// Multi-label classification: binary cross-entropy, mean over the labels that are known. logits, targets: [B, labels]; targets from 0 to
/// 1, or -1 for unknown. Returns a scalar, 0 when none is known.
Tensor classification_loss(const Tensor& logits, const Tensor& targets);

}  // namespace steward::tune
