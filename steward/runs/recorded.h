#pragma once

#include <memory>
#include <string>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/runs/appended_file.h"

namespace steward::runs {

/// What a run makes before or instead of training, such as sampled answers and their labels, one JSON object each. It is made a stretch at
/// a time, since answers that are sampled side by side depend on each other: a stretch is one line, and a killed run goes on after its last
/// whole one.
class Recorded {
 public:
  /// Begins the file, or goes on with what it holds. origin: what the records were made from, its first line.
  /// Errors: kInternal; kInvalidInput if the file holds a line that is no stretch, or was begun with another origin.
  static Result<Recorded> open(const std::string& path, const json::Object& origin);

  /// Of all stretches, in order.
  const std::vector<json::Object>& records() const { return records_; }
  std::size_t stretches() const { return stretches_; }
  /// Errors: kInternal, such as a full disk.
  Result<void> append(std::vector<json::Object> stretch);

 private:
  std::unique_ptr<AppendedFile> file_;
  std::vector<json::Object> records_;
  std::size_t stretches_ = 0;
};

}  // namespace steward::runs
