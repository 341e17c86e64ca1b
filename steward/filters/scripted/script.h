#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "steward/core/yaml.h"
#include "steward/guard/finding.h"
#include "steward/text/view.h"

namespace steward::filters {

struct ScriptRule {
  std::string literal;  ///< folded as the view is
  std::string category;
  std::string subtype;
  int severity = 1;
  double score = 1;
  std::optional<std::string> replacement;
  std::optional<std::string> reply;
  bool restore = false;
  std::string evidence;
};

enum class Fails { kNever, kScan, kStream };

/// The config of a scripted filter.
struct Script {
  std::string name;
  std::string version = "scripted/1";
  std::vector<ScriptRule> rules;
  text::ViewKind view = text::ViewKind::kRaw;
  Fails fails = Fails::kNever;
  std::size_t fail_after_bytes = 0;    ///< of a stream
  std::chrono::microseconds delay{0};  ///< CPU time of each call
  std::size_t lag_bytes = 0;           ///< of the view that a stream leaves unread until the end
  bool holds_all = false;              ///< the watermark stays at 0 until the end

  guard::Finding finding(const ScriptRule& rule, text::Span span) const;
};

/// Errors: kInvalidInput with the place, and what to write instead.
Result<Script> read_script(const yaml::Node& config);

}  // namespace steward::filters
