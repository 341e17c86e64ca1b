#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "steward/core/json.h"
#include "steward/policy/policy.h"
#include "steward/text/view.h"

namespace steward::guard {

/// What a filter reports. Only the pipeline turns findings into a decision.
struct Finding {
  std::string category;  ///< of the policy: "profanity", "privacy", "prompt_attack" …
  std::string subtype;   ///< "email", "injection" …, or empty
  int severity = 1;      ///< 0 to 3
  double score = 1;      ///< calibrated probability
  text::Span span;       ///< whole characters of the original text
  std::string evidence;  ///< which rule or entry matched, by id; never quotes user text
  std::string filter;    ///< FilterSpec::name
  std::string version;   ///< of the filter and its data
  text::ViewKind view = text::ViewKind::kRaw;
  std::optional<std::string> replacement;  ///< what stands in the span's place if the ruling is kRewrite; needed then
  std::optional<std::string> reply;        ///< id of the canned reply this finding asks for
  /// The span is a placeholder of the turn's own principal that is put back on the way out: always rewritten, no ruling asked.
  bool restore = false;
  std::optional<double> threshold = std::nullopt;  ///< the score from which its filter's calibration acts, if it has one
  // Set by the pipeline:
  std::size_t message = 0;  ///< on input, index of the message that the span is in
  bool late = false;        ///< on an output stream, part of the span had been released (advisory filters only)
};

/// A finding with the policy's ruling.
struct RuledFinding {
  Finding finding;
  policy::Ruling ruling;
};

struct ScanRecord {
  std::string filter;
  std::string version;
  std::size_t bytes = 0;
  std::int64_t time_ns = 0;
  std::string skipped;            ///< why it did not scan, or empty
  std::size_t lag_bytes_max = 0;  ///< on an output stream, most bytes released ahead of this (advisory) filter's watermark
};

/// What became of a text, by whose word, and what was looked at. A value, not an error.
struct Decision {
  std::string id;
  policy::Direction direction = policy::Direction::kInput;
  policy::Action action = policy::Action::kPass;
  bool review = false;
  bool supportive = false;
  std::vector<RuledFinding> findings;
  std::vector<RuledFinding> shadow;  ///< of filters in shadow, with the rulings that they would have had: nothing follows from them
  std::string reply;                 ///< text to give instead of the model's, for kCanned and kBlock
  std::string finish_reason;         ///< "stop" for kCanned, "content_filter" for kBlock, else empty
  std::string policy_id;
  std::string policy_digest;
  std::vector<ScanRecord> scanned;
  std::size_t held_bytes_max = 0;  ///< most output bytes held back at once
  bool failed_closed = false;      ///< blocked because a filter could not answer
};

/// For responses and the ledger. Findings without quoted text.
json::Object to_json(const Decision& decision);

}  // namespace steward::guard
