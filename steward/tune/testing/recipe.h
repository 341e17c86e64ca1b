#pragma once

#include <string>
#include <utility>
#include <vector>

#include "steward/tune/testing/program.h"

namespace steward::tune::testing {

/// A recipe with its settings, to be run as a program.
struct Recipe {
  std::string recipe, folder;
  std::vector<std::string> words;

  Outcome go(bool resume, int kill_after = 0) const;
  std::string adapter() const;
  /// The best checkpoint's file.
  std::string state() const;
  /// What was measured, without the times.
  std::vector<std::vector<std::pair<std::string, double>>> measured() const;
};

/// On the small chat model, with rows of its own in a file. settings: come after those of all tests.
Recipe make_recipe(const std::string& recipe, const std::string& name, const std::string& rows,
                   const std::vector<std::string>& settings = {});

/// One run without a break and one that is killed at several places make the same adapter, checkpoint and measurements.
void expect_same_bytes_after_kills(const std::string& recipe, const std::string& rows, const std::vector<std::string>& settings = {});

/// Of a step. Fails the test if it was not measured.
double value(const std::vector<std::pair<std::string, double>>& measured, const std::string& name);

/// The chosen answer counts right and the rejected one does not; every third pair says how much better it is and what is safe.
std::string pair_rows(int count);

}  // namespace steward::tune::testing
