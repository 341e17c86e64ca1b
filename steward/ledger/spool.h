#pragma once

#include <string>
#include <vector>

#include "steward/ledger/ledger.h"

namespace steward::ledger {

/// Events of training runs that wait for a ledger whose writer is another process: files of a folder beside the database, each whole.
/// Only the process that writes to the ledger takes them up. No event of another kind passes, and none with a text.
class Spool {
 public:
  explicit Spool(std::string folder) : folder_(std::move(folder)) {}
  /// The spool of a ledger's database.
  static Spool beside(const std::string& database_path) { return Spool(database_path + ".spool"); }

  /// Durable on return. Errors: kInternal, such as a full disk; kInvalidInput for events that may not pass.
  Result<void> put(const std::vector<Event>& events) const;

  struct Taken {
    std::size_t events = 0;
    std::vector<std::string> refused;  ///< one line a file that holds no such events; it is renamed to FILE.bad
  };
  /// Appends what waits, the oldest first, and removes it. Events that the ledger has are not appended again, so that a process that was
  /// killed in between loses none and repeats none. Errors: those of the ledger; what was not taken up still waits.
  Result<Taken> take_up(Ledger& ledger) const;

 private:
  std::string folder_;
};

}  // namespace steward::ledger
