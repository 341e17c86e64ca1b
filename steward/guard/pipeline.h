#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/clock.h"
#include "steward/guard/filter.h"
#include "steward/guard/finding.h"

namespace steward::guard {

/// One filter as the policy wired it.
struct Stage {
  policy::FilterSpec spec;
  std::unique_ptr<Filter> filter;
};

/// A stretch of text and what stands in its place.
struct Edit {
  text::Span span;
  std::string replacement;
};

/// Overlapping edits become one: the union of their spans with the replacement of the longest (of equals, the first). Sorted by place.
std::vector<Edit> merge_edits(std::vector<Edit> edits);
std::string apply_edits(std::string_view text, const std::vector<Edit>& merged);

/// True if this finding's span is to be replaced.
bool is_edit(const RuledFinding& ruled);
std::vector<Edit> edits_of(const std::vector<RuledFinding>& findings);

/// Asks the plan about `finding`. A finding that names a canned reply rules at least kCanned.
RuledFinding rule(const policy::Plan& plan, policy::Direction direction, Finding finding);

/// Fills action, review, supportive, reply and finish_reason from the findings: a supportive ruling wins, else the strictest action,
/// of equals the earliest.
void decide(Decision& decision, const policy::Policy& policy, const policy::Context& context, const Clock& clock);
/// The decision of a text whose filter could not answer.
void fail_closed(Decision& decision, const policy::Policy& policy, const policy::Context& context);

/// The canned reply `id` in the context's language with "{resources}" filled in by topic and place.
std::string canned_text(const policy::Policy& policy, const std::string& id, std::string_view topic,
                        const policy::Context& context, const Clock& clock);

}  // namespace steward::guard
