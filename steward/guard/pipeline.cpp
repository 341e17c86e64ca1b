#include "steward/guard/pipeline.h"

#include <algorithm>

#include <fmt/format.h>

namespace steward::guard {
namespace {

std::string in_language(const std::map<std::string, std::string>& texts, const std::string& language) {
  if (const auto found = texts.find(language); found != texts.end()) return found->second;
  if (const auto english = texts.find("en"); english != texts.end()) return english->second;
  return texts.empty() ? std::string() : texts.begin()->second;
}

/// Entries for the place, else the international directory: never another country's number.
std::string resources_text(const policy::Policy& policy, std::string_view topic, const policy::Context& context, const Clock& clock) {
  const std::int64_t today = clock.now_us() / 86'400'000'000;
  for (const std::string& place : {context.jurisdiction, std::string("*")}) {
    std::string out;
    for (const policy::Resource& resource : policy.resources()) {
      const bool fits = resource.place == place && (topic.empty() || resource.topic == topic);
      if (fits && parse_date_days(resource.expires) >= today) out += fmt::format("{}- {}: {}", out.empty() ? "" : "\n", resource.name, resource.contact);
    }
    if (!out.empty()) return out;
  }
  return {};
}

}  // namespace

std::vector<Edit> merge_edits(std::vector<Edit> edits) {
  std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
    return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : a.span.size() > b.span.size();
  });
  std::vector<Edit> merged;
  std::size_t longest = 0;
  for (Edit& edit : edits) {
    if (merged.empty() || edit.span.begin >= merged.back().span.end) {
      longest = edit.span.size();
      merged.push_back(std::move(edit));
      continue;
    }
    merged.back().span.end = std::max(merged.back().span.end, edit.span.end);
    if (edit.span.size() > longest) {
      longest = edit.span.size();
      merged.back().replacement = std::move(edit.replacement);
    }
  }
  return merged;
}

std::string apply_edits(std::string_view text, const std::vector<Edit>& merged) {
  std::string out;
  std::size_t at = 0;
  for (const Edit& edit : merged) {
    out += text.substr(at, edit.span.begin - at);
    out += edit.replacement;
    at = edit.span.end;
  }
  out += text.substr(at);
  return out;
}

bool is_edit(const RuledFinding& ruled) {
  return ruled.finding.replacement && (ruled.finding.restore || ruled.ruling.action == policy::Action::kRewrite);
}

std::vector<Edit> edits_of(const std::vector<RuledFinding>& findings) {
  std::vector<Edit> edits;
  for (const RuledFinding& ruled : findings)
    if (is_edit(ruled)) edits.push_back({ruled.finding.span, *ruled.finding.replacement});
  return merge_edits(std::move(edits));
}

RuledFinding rule(const policy::Plan& plan, policy::Direction direction, Finding finding) {
  RuledFinding ruled;
  if (finding.restore) {
    ruled.ruling.action = policy::Action::kRewrite;
    ruled.ruling.reason = "the owner's own value, put back";
  } else {
    ruled.ruling = plan.rule({finding.category, finding.subtype, finding.severity, finding.score, direction});
    if (finding.reply && ruled.ruling.action < policy::Action::kCanned) {
      ruled.ruling.action = policy::Action::kCanned;
      ruled.ruling.reply = *finding.reply;
      ruled.ruling.violation = false;
    }
    // A finding without a replacement cannot be rewritten: the next stricter action holds.
    if (ruled.ruling.action == policy::Action::kRewrite && !finding.replacement) ruled.ruling.action = policy::Action::kBlock;
  }
  ruled.finding = std::move(finding);
  return ruled;
}

std::string canned_text(const policy::Policy& policy, const std::string& id, std::string_view topic,
                        const policy::Context& context, const Clock& clock) {
  for (const policy::CannedReply& canned : policy.canned()) {
    if (canned.id != id) continue;
    std::string text = in_language(canned.reply, context.language);
    constexpr std::string_view kSlot = "{resources}";
    if (const auto at = text.find(kSlot); at != std::string::npos)
      text.replace(at, kSlot.size(), resources_text(policy, topic, context, clock));
    return text;
  }
  return {};
}

void decide(Decision& decision, const policy::Policy& policy, const policy::Context& context, const Clock& clock) {
  const RuledFinding* deciding = nullptr;
  const auto stronger = [](const policy::Ruling& a, const policy::Ruling& b) {
    return a.supportive != b.supportive ? a.supportive : a.action > b.action;
  };
  for (const RuledFinding& ruled : decision.findings) {
    decision.review = decision.review || ruled.ruling.review;
    if (!deciding || stronger(ruled.ruling, deciding->ruling)) deciding = &ruled;
  }
  if (!deciding) return;
  const policy::Ruling& ruling = deciding->ruling;
  decision.action = ruling.action;
  decision.supportive = ruling.supportive;
  if (ruling.action == policy::Action::kCanned) {
    decision.reply = canned_text(policy, ruling.reply, deciding->finding.category, context, clock);
    decision.finish_reason = "stop";
    if (!decision.reply.empty()) return;
    decision.action = policy::Action::kBlock;  // a reply that is not there: refuse rather than say nothing
    decision.supportive = false;
  }
  if (decision.action == policy::Action::kBlock) {
    decision.reply = policy.refusal(deciding->finding.category, context.language);
    decision.finish_reason = "content_filter";
  }
}

void fail_closed(Decision& decision, const policy::Policy& policy, const policy::Context& context) {
  decision.action = policy::Action::kBlock;
  decision.failed_closed = true;
  decision.reply = policy.refusal("", context.language);
  decision.finish_reason = "content_filter";
}

}  // namespace steward::guard
