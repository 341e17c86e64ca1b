#pragma once

#include <functional>
#include <vector>

#include "steward/ledger/row.h"

namespace steward::ledger {

/// A data key and what it seals.
struct KeyUse {
  std::string key_id, subject, conversation;
  std::size_t events = 0;
};

/// Which sealed rows are meant; empty and 0 mean any.
struct KeyQuery {
  std::string subject, conversation;
  std::int64_t before_us = 0;
};

/// Where rows are kept. commit() is called by one thread; the rest from any.
class RowStore {
 public:
  virtual ~RowStore() = default;
  /// All rows or none; durable on return. Sequences go on where the last row ended.
  virtual Result<void> commit(const std::vector<Row>& rows) = 0;
  /// The last row's sequence and hash; 0 and "" when there is none.
  virtual Result<std::pair<std::int64_t, std::string>> head() const = 0;
  virtual Result<std::vector<Row>> read(const Query& query) const = 0;
  /// The keys of the sealed rows that are meant, in order of their ids.
  virtual Result<std::vector<KeyUse>> keys_of(const KeyQuery& query) const = 0;
};

}  // namespace steward::ledger
