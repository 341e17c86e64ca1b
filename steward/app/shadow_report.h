#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "steward/ledger/ledger.h"

namespace steward::app {

/// What would have been decided otherwise, had the filters in shadow counted. A turn counts once in a row, however much was found in it.
class ShadowReport {
 public:
  /// Any event; those that are no decisions are passed over.
  void add(const ledger::StoredEvent& stored);
  /// A table for people: filter, category, direction, the action taken → the one that would have been, how many turns. Rows in which
  /// nothing would have changed are there, too.
  std::string text() const;
  std::size_t decisions() const { return decisions_; }

 private:
  using Row = std::tuple<std::string, std::string, std::string, std::string, std::string>;  ///< filter … would-be action
  std::map<Row, std::set<std::string>> turns_;
  std::size_t decisions_ = 0;
};

}  // namespace steward::app
