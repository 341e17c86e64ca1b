#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/clock.h"
#include "steward/guard/conversation.h"
#include "steward/guard/filter.h"
#include "steward/guard/finding.h"

namespace steward::guard {

/// What an output is written in: what is put into it must fit.
enum class Notation { kText, kJson };

/// One turn's place: for whom, where, in which conversation.
struct Turn {
  policy::Context context;                     ///< language "und" is identified from the last user message
  std::shared_ptr<Conversation> conversation;  ///< placeholders and what was judged before; never null
  std::vector<std::string> confidential = {};  ///< for the output: texts that must not come back, as the model saw them
  std::vector<Message> messages = {};          ///< for the output: the conversation that it answers
  Notation notation = Notation::kText;         ///< of the output; in JSON, replacements are escaped as in a string
};

struct InputOutcome {
  Decision decision;
  /// The messages for the model: rewritten, and those that were blocked in an earlier turn taken out (an empty text).
  std::vector<Message> messages;
  std::string language;  ///< that was identified or given
};

/// Text that may be sent now.
struct Release {
  std::string text;
  bool ended = false;  ///< the stream is over: blocked (see decision) or finished
};

/// The guard over one output. Not thread-safe. The sequence of released texts joins to the same text however the input is cut,
/// up to a block; the decision is the same too.
class OutputGuard {
 public:
  virtual ~OutputGuard() = default;
  /// A filter error blocks (or is recorded, where the filter may fail open): it is in the decision, not an Error.
  virtual Release push(std::string_view delta) = 0;
  /// The model is done. Releases what is left.
  virtual Release finish() = 0;
  /// The whole output at once, in place of push() and finish(): same text, same decision, sooner. Precondition: nothing was pushed.
  virtual Release take_whole(std::string_view text) = 0;
  /// True until run_shadow(), if the policy has filters in shadow for outputs.
  virtual bool shadow_due() const = 0;
  /// Shows the output, as far as it was read, to the filters in shadow. Call it when the output has ended and what it gave has been sent:
  /// it changes nothing but decision().shadow and their records.
  virtual void run_shadow() = 0;
  virtual const Decision& decision() const = 0;
  /// Bytes received and not yet released.
  virtual std::size_t held_bytes() const = 0;
};

/// One policy with its filters, ready to judge. Immutable, thread-safe; a reload makes a new one.
class Guard {
 public:
  /// Errors: kInvalidInput with the policy line whose filter could not be made.
  static Result<std::shared_ptr<const Guard>> create(std::shared_ptr<const policy::Policy> policy, const FilterFactory& factory,
                                                     FilterEnvironment environment, const Clock& clock);
  virtual ~Guard() = default;
  virtual const policy::Policy& policy() const = 0;
  /// True if a filter of it is slow (Filter::slow): call the guard on threads that serve no connections.
  virtual bool slow() const = 0;
  virtual InputOutcome check_input(const Turn& turn, const std::vector<Message>& messages) const = 0;
  virtual std::unique_ptr<OutputGuard> open_output(const Turn& turn) const = 0;
  /// One text in one direction, nothing remembered: for /v1/moderations and `steward guard`. `message.role`: whose words they are; data
  /// that stand beside a prompt (documents, results) are "tool".
  virtual Decision check_text(const policy::Context& context, policy::Direction direction, const Message& message) const = 0;
  /// The same for a user's words, or on output the assistant's.
  Decision check_text(const policy::Context& context, policy::Direction direction, std::string_view text) const {
    return check_text(context, direction, Message{direction == policy::Direction::kInput ? "user" : "assistant", std::string(text)});
  }
};

}  // namespace steward::guard
