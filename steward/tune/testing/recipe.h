#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "steward/tune/testing/processes.h"
#include "steward/tune/testing/program.h"
#include "steward/tune/torch.h"

namespace steward::tune::testing {

/// A recipe with its settings, to be run as a program.
struct Recipe {
  std::string recipe, folder;
  std::vector<std::string> words;

  /// kill_after: kills it as soon as `file` of the folder has so many lines; 0: never.
  Outcome go(bool resume, int kill_after = 0, const std::string& file = "log.jsonl") const;
  /// A file of the folder; empty if it is missing.
  std::string bytes(const std::string& file) const;
  std::string adapter() const;
  /// The best checkpoint's file.
  std::string state() const;
  /// What was measured, without the times.
  std::vector<std::vector<std::pair<std::string, double>>> measured() const;
};

/// On the small chat model, with rows of its own in a file. settings: come after those of all tests.
Recipe make_recipe(const std::string& recipe, const std::string& name, const std::string& rows,
                   const std::vector<std::string>& settings = {});

struct Kill {
  std::string file;
  int lines;
};
/// Does the first run whole, kills the second one again and again and ends it: the files must be the same.
void expect_same_files_after_kills(const Recipe& whole, const Recipe& killed, const std::vector<Kill>& kills,
                                   const std::vector<std::string>& files);
/// One run without a break and one that is killed at several places make the same adapter (or model, where all weights are trained),
/// checkpoint and measurements.
void expect_same_bytes_after_kills(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings = {});

/// Parameters of a run's best checkpoint, and the optimiser's state as "optimizer/NAME". Fails the test if there is none.
std::map<std::string, Tensor> learned_numbers(const std::string& folder);

/// What both runs measured, what they learned and the optimiser's state differ by no more than 1e-5.
void expect_same_numbers(const Recipe& one, const Recipe& two);
/// A recipe twice, on the base as it is (float32), with one thread a process.
std::pair<Recipe, Recipe> exact_runs(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings);
/// Does the first run in one process and the second in two: they have the same numbers.
void expect_two_processes_as_one(const Recipe& one, const Recipe& two, Started by);
/// The same for exact_runs().
void expect_two_processes_as_one(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings = {});

/// Of a step. Fails the test if it was not measured.
double value(const std::vector<std::pair<std::string, double>>& measured, const std::string& name);

/// The chosen answer counts right and the rejected one does not; every third pair says how much better it is and what is safe.
std::string pair_rows(int count);

}  // namespace steward::tune::testing
