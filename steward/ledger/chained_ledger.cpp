#include "steward/ledger/chained_ledger.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::ledger {
namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;
/// Ids in one event that records an erasure.
constexpr std::size_t kIdsPerEvent = 1000;

struct Batch {
  std::vector<Event> events;
  std::function<void(Result<void>)> done;
  std::function<void()> task;  ///< instead of events: run by the writer between two groups
};

Result<StoredEvent> open_row(Row row, const KeyRing& keys) {
  StoredEvent stored;
  stored.sequence = row.sequence;
  stored.hash = row.hash;
  if (!row.key_id.empty()) {
    const auto key = TRY(keys.find(row.key_id));
    stored.erased = !key.has_value();
    if (key) stored.event.text = TRY(unseal(*key, seal_binding(row), row.sealed));
  }
  const auto meta = TRY(json::parse(row.meta));
  stored.event.meta = meta.is_object() ? meta.get_object() : json::Object{};
  stored.event.id = std::move(row.id);
  stored.event.time_us = row.time_us;
  stored.event.kind = std::move(row.kind);
  stored.event.schema = static_cast<int>(row.schema);
  stored.event.turn = std::move(row.turn);
  stored.event.subject = std::move(row.subject);
  stored.event.conversation = std::move(row.conversation);
  return stored;
}

Result<std::vector<StoredEvent>> read_events(const RowStore& store, const KeyRing& keys, const Query& query) {
  std::vector<StoredEvent> out;
  for (Row& row : TRY(store.read(query))) out.push_back(TRY(open_row(std::move(row), keys)));
  return out;
}

Result<VerifyReport> verify_rows(const RowStore& store) {
  VerifyReport report;
  const auto broken = [&](std::int64_t sequence, std::string problem) {
    report.first_bad_sequence = sequence;
    report.problem = std::move(problem);
    return report;
  };
  Query query;
  query.limit = 4096;
  for (;;) {
    const auto rows = TRY(store.read(query));
    for (const Row& row : rows) {
      if (row.sequence != report.events + 1) return broken(report.events + 1, fmt::format("event {} is missing", report.events + 1));
      if (row.hash != chain_hash(report.head, row))
        return broken(row.sequence, fmt::format("event {} was changed, or the one before it", row.sequence));
      report.head = row.hash;
      report.events = row.sequence;
    }
    if (rows.empty()) break;
    query.after_sequence = rows.back().sequence;
  }
  report.ok = true;
  return report;
}

/// Subjects, or subjects and conversations, whose texts must stay.
class Holds {
 public:
  static Result<Holds> read(const RowStore& store) {
    Holds out;
    for (const std::string_view kind : {kHoldKind, kHoldReleasedKind}) {
      Query query;
      query.kind = kind;
      query.limit = 4096;
      for (auto rows = TRY(store.read(query)); !rows.empty(); rows = TRY(store.read(query))) {
        for (const Row& row : rows) out.last_[{row.subject, row.conversation}][kind == kHoldKind] = row.sequence;
        query.after_sequence = rows.back().sequence;
      }
    }
    return out;
  }
  bool keeps(const KeyUse& use) const {
    return stands(use.subject, "") || stands(use.subject, use.conversation) || stands("", use.conversation);
  }

 private:
  bool stands(const std::string& subject, const std::string& conversation) const {
    if (subject.empty() && conversation.empty()) return false;
    const auto found = last_.find({subject, conversation});
    if (found == last_.end()) return false;
    const auto place = [&](bool hold) { return found->second.count(hold) ? found->second.at(hold) : 0; };
    return place(true) > place(false);
  }

  std::map<std::pair<std::string, std::string>, std::map<bool, std::int64_t>> last_;  ///< of a hold (true) and of its release
};

std::vector<std::string> ids_of(const json::Object& meta) {
  std::vector<std::string> out;
  if (const auto* keys = meta.if_contains("keys"); keys && keys->is_array())
    for (const json::Value& id : keys->get_array())
      if (id.is_string()) out.emplace_back(id.get_string());
  return out;
}

/// Destroys again what was erased: the key store may have been restored from an older backup, or the process killed in between.
Result<void> erase_again(const RowStore& store, KeyRing& keys) {
  Query query;
  query.kind = kErasedKind;
  query.limit = 256;
  for (auto rows = TRY(store.read(query)); !rows.empty(); rows = TRY(store.read(query))) {
    for (const Row& row : rows) {
      const auto meta = TRY(json::parse(row.meta));
      const auto* scope = meta.as_object().if_contains("scope");
      const bool is_retention = scope && scope->is_string() && scope->get_string() == "retention";
      TRY(keys.destroy(ids_of(meta.as_object()), is_retention ? KeyRing::Reuse::kNotNeeded : KeyRing::Reuse::kNever));
    }
    query.after_sequence = rows.back().sequence;
  }
  return {};
}

class ReadingLedger final : public Ledger {
 public:
  ReadingLedger(std::unique_ptr<RowStore> store, std::shared_ptr<KeyRing> keys) : store_(std::move(store)), keys_(std::move(keys)) {}
  void append(std::vector<Event>, std::function<void(Result<void>)> done) override {
    done(fail(ErrorCode::kPermissionDenied, "this ledger is open for reading only"));
  }
  Result<ErasureReport> erase(const Erasure&) override {
    return fail(ErrorCode::kPermissionDenied, "this ledger is open for reading only");
  }
  Result<std::vector<StoredEvent>> read(const Query& query) const override { return read_events(*store_, *keys_, query); }
  Result<VerifyReport> verify() const override { return verify_rows(*store_); }

 private:
  std::unique_ptr<RowStore> store_;
  std::shared_ptr<KeyRing> keys_;
};

class ChainedLedger final : public Ledger {
 public:
  ChainedLedger(std::unique_ptr<RowStore> store, std::shared_ptr<KeyRing> keys, const ChainedLedgerOptions& options,
                std::pair<std::int64_t, std::string> head)
      : store_(std::move(store)), keys_(std::move(keys)), options_(options), head_(std::move(head)) {
    writer_ = std::thread([this] { run(); });
  }

  ~ChainedLedger() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    writer_.join();  // commits what was queued
  }

  void append(std::vector<Event> events, std::function<void(Result<void>)> done) override {
    bool full = false;
    {
      const std::lock_guard lock(mutex_);
      full = queued_events_ + events.size() > options_.queued_events_max;
      if (!full) {
        queued_events_ += events.size();
        queue_.push_back(Batch{std::move(events), std::move(done), {}});
      }
    }
    if (full)
      done(fail(ErrorCode::kResourceExhausted, "the ledger's queue is full: the storage is slower than the traffic"));
    else
      wake_.notify_one();
  }

  Result<std::vector<StoredEvent>> read(const Query& query) const override { return read_events(*store_, *keys_, query); }
  Result<VerifyReport> verify() const override { return verify_rows(*store_); }

  Result<ErasureReport> erase(const Erasure& erasure) override {
    std::promise<Result<ErasureReport>> promise;
    auto future = promise.get_future();
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(Batch{{}, {}, [&] { promise.set_value(erase_now(erasure)); }});
    }
    wake_.notify_one();
    return future.get();
  }

 private:
  /// On the writer thread.
  Result<ErasureReport> erase_now(const Erasure& erasure) {
    const bool retention = erasure.before_us != 0;
    if (static_cast<int>(retention) + static_cast<int>(!erasure.subject.empty()) + static_cast<int>(!erasure.conversation.empty()) != 1)
      return fail(ErrorCode::kInvalidInput, "name one of subject, conversation and an age to erase");
    KeyQuery query{erasure.subject, erasure.conversation, erasure.before_us / kDayUs * kDayUs};
    const Holds holds = TRY(Holds::read(*store_));
    ErasureReport report;
    std::vector<std::string> ids;
    std::map<std::string, std::size_t> events;
    for (KeyUse& use : TRY(store_->keys_of(query))) {
      if (holds.keeps(use)) {
        if (!retention) return fail(ErrorCode::kPermissionDenied, "a hold stands on it: release it first (steward ledger release)");
        ++report.held;
        continue;
      }
      events[use.key_id] = use.events;
      ids.push_back(std::move(use.key_id));
    }
    ids = TRY(keys_->existing(std::move(ids)));
    for (const std::string& id : ids) report.events += events[id];
    report.keys = ids.size();
    if (ids.empty() && retention) return report;
    TRY(commit({Batch{erasure_events(erasure, ids), {}, {}}}));
    TRY(keys_->destroy(ids, retention ? KeyRing::Reuse::kNotNeeded : KeyRing::Reuse::kNever));
    return report;
  }

  static std::vector<Event> erasure_events(const Erasure& erasure, const std::vector<std::string>& ids) {
    std::vector<Event> out;
    for (std::size_t begin = 0; begin == 0 || begin < ids.size(); begin += kIdsPerEvent) {
      Event event;
      event.id = begin == 0 ? erasure.id : erasure.id + "." + std::to_string(begin / kIdsPerEvent);
      event.time_us = erasure.time_us;
      event.kind = kErasedKind;
      event.subject = erasure.subject;
      event.conversation = erasure.conversation;
      json::Array keys;
      for (std::size_t i = begin; i < std::min(ids.size(), begin + kIdsPerEvent); ++i) keys.emplace_back(ids[i]);
      event.meta = {{"scope", erasure.before_us != 0    ? "retention"
                              : erasure.subject.empty() ? "conversation"
                                                        : "subject"},
                    {"reason", erasure.reason},
                    {"keys", std::move(keys)}};
      out.push_back(std::move(event));
    }
    return out;
  }

  void run() {
    for (;;) {
      std::vector<Batch> group;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        std::size_t events = 0;
        while (!queue_.empty() && (group.empty() || (!group.back().task && !queue_.front().task)) &&
               (group.empty() || events + queue_.front().events.size() <= options_.group_events_max)) {
          events += queue_.front().events.size();
          group.push_back(std::move(queue_.front()));
          queue_.pop_front();
        }
        queued_events_ -= events;
      }
      if (group.front().task) {
        group.front().task();
        continue;
      }
      const Result<void> result = commit(group);
      for (Batch& batch : group) batch.done(result);
    }
  }

  Result<Row> make_row(const Event& event, const std::pair<std::int64_t, std::string>& head) {
    Row row;
    row.sequence = head.first + 1;
    row.id = event.id;
    row.time_us = event.time_us;
    row.kind = event.kind;
    row.schema = event.schema;
    row.turn = event.turn;
    row.subject = event.subject;
    row.conversation = event.conversation;
    row.meta = json::dump_canonical(event.meta);
    if (event.text) {
      row.key_id = keys_->key_id(event.subject, event.conversation, event.time_us / kDayUs);
      const Key key = TRY(keys_->obtain(row.key_id));
      row.sealed = seal(key, seal_binding(row), *event.text);
    }
    row.hash = chain_hash(head.second, row);
    return row;
  }

  /// Keys become durable before the rows that need them; a group that fails leaves the chain where it was.
  Result<void> commit(const std::vector<Batch>& group) {
    auto result = try_commit(group);
    if (!result) keys_->forget_new();
    return result;
  }

  Result<void> try_commit(const std::vector<Batch>& group) {
    auto head = head_;
    std::vector<Row> rows;
    for (const Batch& batch : group) {
      for (const Event& event : batch.events) {
        rows.push_back(TRY(make_row(event, head)));
        head = {rows.back().sequence, rows.back().hash};
      }
    }
    TRY(keys_->commit_new());
    TRY(store_->commit(rows));
    head_ = std::move(head);
    return {};
  }

  std::unique_ptr<RowStore> store_;
  std::shared_ptr<KeyRing> keys_;
  const ChainedLedgerOptions options_;
  std::pair<std::int64_t, std::string> head_;  ///< writer thread only
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Batch> queue_;
  std::size_t queued_events_ = 0;
  bool stopping_ = false;
  std::thread writer_;
};

}  // namespace

Result<void> Ledger::append_sync(std::vector<Event> batch) {
  std::promise<Result<void>> promise;
  auto future = promise.get_future();
  append(std::move(batch), [&promise](Result<void> result) { promise.set_value(std::move(result)); });
  return future.get();
}

Result<std::unique_ptr<Ledger>> make_chained_ledger(std::unique_ptr<RowStore> store, std::shared_ptr<KeyRing> keys,
                                                    const ChainedLedgerOptions& options) {
  TRY(erase_again(*store, *keys));
  auto head = TRY(store->head());
  return std::unique_ptr<Ledger>(std::make_unique<ChainedLedger>(std::move(store), std::move(keys), options, std::move(head)));
}

std::unique_ptr<Ledger> make_reading_ledger(std::unique_ptr<RowStore> store, std::shared_ptr<KeyRing> keys) {
  return std::make_unique<ReadingLedger>(std::move(store), std::move(keys));
}

}  // namespace steward::ledger
