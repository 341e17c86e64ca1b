#include "steward/ledger/memory/memory_ledger.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "steward/core/check.h"
#include "steward/ledger/chained_ledger.h"

namespace steward::ledger {
namespace {

bool matches(const Row& row, const Query& query) {
  const auto same = [](const std::string& wanted, const std::string& value) { return wanted.empty() || wanted == value; };
  return row.sequence > query.after_sequence && same(query.id, row.id) && same(query.kind, row.kind) && same(query.turn, row.turn) &&
         same(query.subject, row.subject) && same(query.conversation, row.conversation);
}

class MemoryRowStore final : public RowStore {
 public:
  Result<void> commit(const std::vector<Row>& rows) override {
    const std::lock_guard lock(mutex_);
    rows_.insert(rows_.end(), rows.begin(), rows.end());
    return {};
  }
  Result<std::pair<std::int64_t, std::string>> head() const override {
    const std::lock_guard lock(mutex_);
    if (rows_.empty()) return std::pair<std::int64_t, std::string>(0, "");
    return std::pair(rows_.back().sequence, rows_.back().hash);
  }
  Result<std::vector<Row>> read(const Query& query) const override {
    const std::lock_guard lock(mutex_);
    std::vector<Row> out;
    const auto take = [&](const Row& row) {
      if (static_cast<int>(out.size()) < query.limit && matches(row, query)) out.push_back(row);
    };
    if (query.newest_first)
      std::for_each(rows_.rbegin(), rows_.rend(), take);
    else
      std::for_each(rows_.begin(), rows_.end(), take);
    return out;
  }

  Result<std::vector<KeyUse>> keys_of(const KeyQuery& query) const override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, KeyUse> uses;
    for (const Row& row : rows_) {
      const bool meant = !row.key_id.empty() && (query.subject.empty() || row.subject == query.subject) &&
                         (query.conversation.empty() || row.conversation == query.conversation) &&
                         (query.before_us == 0 || row.time_us < query.before_us);
      if (!meant) continue;
      KeyUse& use = uses.try_emplace(row.key_id, KeyUse{row.key_id, row.subject, row.conversation, 0}).first->second;
      ++use.events;
    }
    std::vector<KeyUse> out;
    for (auto& [id, use] : uses) out.push_back(std::move(use));
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Row> rows_;
};

}  // namespace

std::unique_ptr<Ledger> make_memory_ledger() {
  auto keys = std::make_shared<KeyRing>(random_key(), make_memory_key_store());
  auto ledger = make_chained_ledger(std::make_unique<MemoryRowStore>(), std::move(keys));
  STEWARD_CHECK(ledger.has_value());
  return std::move(*ledger);
}

}  // namespace steward::ledger
