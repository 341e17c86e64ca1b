#pragma once

#include <string>
#include <utility>
#include <vector>

#include "steward/tune/testing/program.h"

namespace steward::tune::testing {

/// One run of steward-tune, in a folder of its own.
struct Recipe {
  std::string recipe, folder;
  std::vector<std::string> words;  ///< of the command line

  /// kill_after: kills it as soon as `file` of the folder has so many lines; 0: never.
  Outcome go(bool resume, int kill_after = 0, const std::string& file = "log.jsonl") const;
  /// A file of the folder; empty if it is missing.
  std::string bytes(const std::string& file) const;
  /// What was measured, without the times.
  std::vector<std::vector<std::pair<std::string, double>>> measured() const;
};

/// With settings that suit the small model; `settings` come last. name: of the run's folder.
Recipe make_recipe(const std::string& recipe, const std::string& name, const std::string& rows,
                   const std::vector<std::string>& settings = {});

/// Of a step. A test fails that asks for one that is not there.
double value(const std::vector<std::pair<std::string, double>>& measured, const std::string& name);

struct Kill {
  std::string file;
  int lines;
};
/// Does the first run whole, kills the second one again and again and ends it: the files must be the same.
void expect_same_files_after_kills(const Recipe& whole, const Recipe& killed, const std::vector<Kill>& kills,
                                   const std::vector<std::string>& files);
/// The same for a recipe that trains: its adapter, its best checkpoint and its log, killed while it trains.
void expect_same_bytes_after_kills(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings = {});

}  // namespace steward::tune::testing
