#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "steward/classify/calibration.h"
#include "steward/guard/filter.h"

namespace steward::filters {

/// What a label says in terms of the policy.
struct Meaning {
  std::string_view label;
  std::string_view category;
  std::string_view subtype;
  int severity;
  bool on_input, on_output;
  bool of_data;  ///< where the text is a tool's result or a document
};

/// True if scores of the label say something about texts of sets that its models have not seen: enough of them, and the right way round. A
/// label without that has no head.
bool has_evidence(const classify::LabelCalibration& calibration);
/// Null for labels that the filter does not report.
const Meaning* meaning_of(std::size_t label);
/// True if a text in this place is judged for the label.
bool applies(const Meaning& meaning, const guard::Scope& scope);

}  // namespace steward::filters
