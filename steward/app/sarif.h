#pragma once

#include <string>
#include <string_view>

#include "steward/core/json.h"
#include "steward/guard/finding.h"

namespace steward::app {

/// Line and column of a byte, both from 1; columns count characters.
struct TextPlace {
  int line = 1;
  int column = 1;
};
TextPlace place_of(std::string_view utf8, std::size_t at);

/// Findings of several texts as one log [SARIF 2.1.0, OASIS]: a rule for each category, a result for each finding. Quotes no text.
class SarifLog {
 public:
  explicit SarifLog(const std::string& policy);
  /// `line`: the line of the artifact that the text stood in, if the text is one record of it (JSONL), else 0.
  void add(const std::string& uri, std::string_view text, const guard::Decision& decision, int line);
  std::string text() const;

 private:
  json::Array results_;
  json::Array rules_;
  const std::string policy_;
};

}  // namespace steward::app
