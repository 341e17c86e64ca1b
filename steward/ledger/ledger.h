#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/clock.h"
#include "steward/core/json.h"
#include "steward/core/result.h"

namespace steward::ledger {

/// One thing that happened. Text lives only in `text`, which is sealed with the key of (subject, conversation); `meta` is
/// pseudonymous and holds no user text and no unkeyed digest of any.
struct Event {
  std::string id;  ///< UUIDv7, made in the turn
  std::int64_t time_us = 0;
  std::string kind;          ///< turn_opened | decision | model_output | turn_closed | policy_loaded | error | sign_off | …
  int schema = 1;            ///< version of this kind's meta
  std::string turn;          ///< id of the turn, or empty
  std::string subject;       ///< keyed hash of the end user, or of the conversation when there is none; empty for system events
  std::string conversation;  ///< keyed hash, or empty
  json::Object meta;
  std::optional<std::string> text;  ///< UTF-8 JSON or plain text, sealed at rest
};

/// An event as stored, with its place in the chain.
struct StoredEvent {
  std::int64_t sequence = 0;  ///< from 1, no gaps
  Event event;                ///< text is opened if its key exists
  bool erased = false;        ///< it had text, and the key is gone
  std::string hash;           ///< hex; covers the previous hash and the stored bytes
};

struct Query {
  std::string kind, turn, subject, conversation, id;  ///< empty = any
  std::int64_t after_sequence = 0;
  int limit = 100;
  bool newest_first = false;
};

struct VerifyReport {
  bool ok = false;
  std::int64_t events = 0;
  std::int64_t first_bad_sequence = 0;  ///< 0 when ok
  std::string problem;                  ///< in words, or empty
  std::string head;                     ///< hex hash of the last event
};

/// Whose or how old texts are to be made unreadable. Exactly one of subject, conversation and before_us is set.
struct Erasure {
  std::string subject = {}, conversation = {};
  std::int64_t before_us = 0;  ///< retention: texts of days that ended before it, except those on hold
  std::string reason = {};     ///< in words, for the record; no personal data
  std::string id = {};         ///< UUIDv7 of the event that records it
  std::int64_t time_us = 0;
};

struct ErasureReport {
  std::size_t keys = 0;    ///< data keys destroyed
  std::size_t events = 0;  ///< events whose text they opened
  std::size_t held = 0;    ///< keys that a hold kept (retention only)
};

/// Kinds of the events that decide about erasure. A hold names its subject, or its subject and conversation, in the event's own columns.
inline constexpr std::string_view kErasedKind = "erased", kHoldKind = "hold", kHoldReleasedKind = "hold_released";

/// Append-only, hash-chained. One writer thread commits whatever waits as one group. Thread-safe.
class Ledger {
 public:
  virtual ~Ledger() = default;
  /// False for a ledger that stores nothing: events need not be made for it.
  virtual bool keeps_events() const { return true; }
  /// Queues the batch; `done` is called once, on the writer thread, when all of it is durable (or failed: none of it is stored).
  /// A full queue calls `done` at once with kResourceExhausted.
  virtual void append(std::vector<Event> batch, std::function<void(Result<void>)> done) = 0;
  /// append and wait.
  Result<void> append_sync(std::vector<Event> batch);
  /// Destroys the data keys of texts, so that nobody can read them again, and records it in the chain, which still verifies. Blocks; what
  /// was appended before is done first. The record is durable before the first key goes: were the process killed between, opening the
  /// ledger finishes it. Errors: kPermissionDenied when a hold stands on what is to be erased (say hold_released first); kInvalidInput.
  virtual Result<ErasureReport> erase(const Erasure& erasure) = 0;
  virtual Result<std::vector<StoredEvent>> read(const Query& query) const = 0;
  /// Walks the whole chain. An Error only when the storage cannot be read at all.
  virtual Result<VerifyReport> verify() const = 0;
};

}  // namespace steward::ledger
