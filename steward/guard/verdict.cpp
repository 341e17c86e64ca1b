#include "steward/guard/verdict.h"

#include <algorithm>
#include <tuple>

#include "steward/core/ids.h"
#include "steward/guard/reply.h"

namespace steward::guard {

using policy::Action;

RuledFinding rule(Finding finding, policy::Direction direction, const policy::Plan& plan, const policy::Policy& policy) {
  RuledFinding ruled{std::move(finding), {}};
  Finding& found = ruled.finding;
  policy::Ruling& ruling = ruled.ruling;
  if (found.restore) {
    ruling.action = Action::kRewrite;
    ruling.reason = "a placeholder is put back for its owner";
    return ruled;
  }
  ruling = plan.rule({found.category, found.subtype, found.severity, found.score, direction, found.threshold});
  if (found.reply && !ends_turn(ruling.action)) {
    ruling.action = Action::kCanned;
    ruling.reply = *found.reply;
    ruling.violation = false;
    ruling.reason = "a canned reply matches";
    if (const policy::CannedReply* entry = find_canned(policy, *found.reply)) {
      ruling.supportive = entry->supportive;
      ruling.where = entry->where;
    }
  }
  if (ruling.supportive && ends_turn(ruling.action)) ruling.action = Action::kCanned;
  if (ruling.supportive) ruling.violation = false;
  if (ruling.action == Action::kCanned && ruling.reply.empty() && found.reply) ruling.reply = *found.reply;
  if (ruling.action == Action::kRewrite && !found.replacement) found.replacement = "[removed]";
  return ruled;
}

const RuledFinding* decisive(const std::vector<RuledFinding>& findings) {
  const auto rank = [](const RuledFinding& ruled) {
    const bool supports = ruled.ruling.supportive && ends_turn(ruled.ruling.action);
    return std::tuple(supports, ruled.finding.restore ? Action::kPass : ruled.ruling.action);
  };
  const auto place = [](const RuledFinding& ruled) {
    return std::tuple(ruled.finding.message, ruled.finding.span.begin, ruled.finding.span.end);
  };
  const RuledFinding* best = nullptr;
  for (const RuledFinding& ruled : findings)
    if (!best || rank(ruled) > rank(*best) || (rank(ruled) == rank(*best) && place(ruled) < place(*best))) best = &ruled;
  return best;
}

Decision begin_decision(const Pipeline& pipeline, policy::Direction direction) {
  Decision decision;
  decision.id = make_id("dec_", pipeline.clock);
  decision.direction = direction;
  decision.policy_id = pipeline.policy.id();
  decision.policy_digest = pipeline.policy.digest();
  decision.scanned = begin_records(pipeline, direction);
  return decision;
}

void conclude(const Pipeline& pipeline, const policy::Context& context, Decision& decision) {
  const RuledFinding* best = decisive(decision.findings);
  decision.action = best && !best->finding.restore ? best->ruling.action : Action::kPass;
  decision.review = std::any_of(decision.findings.begin(), decision.findings.end(), [](const auto& ruled) { return ruled.ruling.review; });
  decision.supportive = best && best->ruling.supportive && ends_turn(decision.action);
  if (decision.supportive) {
    for (RuledFinding& ruled : decision.findings) ruled.ruling.violation = false;
  } else if (decision.failed_closed) {
    decision.action = Action::kBlock;
    best = nullptr;
  }
  if (decision.action == Action::kCanned) {
    decision.reply = canned_reply(pipeline, context, *best);
    decision.finish_reason = "stop";
  } else if (decision.action == Action::kBlock) {
    decision.reply = pipeline.policy.refusal(best ? best->finding.category : "", context.language);
    decision.finish_reason = "content_filter";
  }
}

}  // namespace steward::guard
