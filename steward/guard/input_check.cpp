#include "steward/guard/input_check.h"

#include <algorithm>
#include <utility>

#include "steward/core/check.h"
#include "steward/guard/history.h"
#include "steward/guard/rewrite.h"
#include "steward/guard/segment.h"
#include "steward/guard/shadow.h"
#include "steward/guard/turn_language.h"
#include "steward/guard/verdict.h"

namespace steward::guard {
namespace {

using policy::Action;

constexpr std::size_t kNone = SIZE_MAX;

std::size_t last_of(const std::vector<Message>& messages, std::string_view role) {
  for (std::size_t i = messages.size(); i-- > 0;)
    if (messages[i].role == role) return i;
  return kNone;
}

/// One call of check_input.
class InputCheck {
 public:
  InputCheck(const Pipeline& pipeline, const Turn& turn, const std::vector<Message>& messages)
      : pipeline_(pipeline),
        conversation_(*turn.conversation),
        messages_(messages),
        last_user_(last_of(messages, "user")),
        last_assistant_(last_of(messages, "assistant")),
        timer_(shortest_deadline(pipeline.detectors)),
        context_(turn.context) {}

  InputOutcome run();

 private:
  void find_language();
  bool is_taken_out(std::size_t index) const;
  bool is_history(std::size_t index) const { return last_user_ != kNone && index < last_user_; }
  std::string check(std::size_t index, bool enforce);
  void scan(std::size_t index, bool enforce, const text::Views& views, std::vector<Finding>& found);
  void mark_unread_filters();
  void scan_new_in_shadow();

  const Pipeline& pipeline_;
  Conversation& conversation_;
  const std::vector<Message>& messages_;
  const std::size_t last_user_;
  const std::size_t last_assistant_;
  LapTimer timer_;
  policy::Context context_;
  std::shared_ptr<const policy::Plan> plan_;
  Decision decision_;
  std::vector<std::size_t> enforced_;  ///< indices of the messages that were judged
};

InputOutcome InputCheck::run() {
  find_language();
  decision_ = begin_decision(pipeline_, policy::Direction::kInput);
  plan_ = pipeline_.policy.plan(context_);
  InputOutcome outcome;
  outcome.messages.reserve(messages_.size());
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    const Standing standing = is_history(i) ? standing_of(conversation_, pipeline_.policy, messages_[i]) : Standing::kNew;
    if (standing == Standing::kRefused && is_taken_out(i))
      outcome.messages.push_back({messages_[i].role, ""});
    else
      outcome.messages.push_back({messages_[i].role, check(i, standing != Standing::kJudged)});
  }
  mark_unread_filters();
  conclude(pipeline_, context_, decision_);
  scan_new_in_shadow();
  outcome.decision = std::move(decision_);
  outcome.language = context_.language;
  return outcome;
}

void InputCheck::find_language() {
  context_.language = known_language(context_, conversation_);
  if (context_.language != "und" || last_user_ == kNone) return;
  context_.language = language_of(messages_[last_user_].text);
  if (context_.language != "und") conversation_.set_language(context_.language);
}

/// What a user or a tool said and was refused for is left out of later turns. A refused text of the application itself
/// is not: its rules must not disappear in silence, so it is refused each time.
bool InputCheck::is_taken_out(std::size_t index) const { return messages_[index].role == "user" || messages_[index].role == "tool"; }

/// Judges one message and returns its text for the model. With `enforce` off only its rewrites count.
std::string InputCheck::check(std::size_t index, bool enforce) {
  const Message& message = messages_[index];
  const std::string text = text::find_invalid_utf8(message.text) ? mend_utf8(message.text) : message.text;
  const text::Views views(text);
  const bool failed_before = std::exchange(decision_.failed_closed, false);
  if (enforce) enforced_.push_back(index);
  std::vector<Finding> found;
  scan(index, enforce, views, found);
  const bool failed = std::exchange(decision_.failed_closed, decision_.failed_closed || failed_before);

  Edits edits;
  Action strictest = Action::kPass;
  const bool answered = last_assistant_ != kNone && index < last_assistant_;
  bool taken_out = false;
  for (Finding& finding : found) {
    finding.message = index;
    RuledFinding ruled = rule(std::move(finding), policy::Direction::kInput, *plan_, pipeline_.policy);
    if (auto edit = edit_of(ruled)) edits.add(*std::move(edit));
    if (!enforce) continue;
    strictest = std::max(strictest, ruled.ruling.action);
    // A canned reply that the history shows as given (before a restart, say) does not answer today's message again.
    if (ruled.ruling.action == Action::kCanned && !ruled.ruling.supportive && answered) {
      ruled.ruling.action = Action::kLog;
      ruled.ruling.reason = "its canned reply was given in an earlier turn";
      taken_out = true;
    }
    decision_.findings.push_back(std::move(ruled));
  }
  if (enforce && !failed) remember(conversation_, pipeline_.policy, message, strictest);
  if (taken_out && is_taken_out(index)) return "";
  std::string rewritten;
  edits.apply(text, {0, text.size()}, rewritten);
  return rewritten;
}

/// Filters that do not list the role run for one thing: personal data that they would put a placeholder for must not
/// reach the model through an answer of an earlier turn or the application's own text. Slow filters make no placeholders: they read new
/// messages of their roles alone.
void InputCheck::scan(std::size_t index, bool enforce, const text::Views& views, std::vector<Finding>& found) {
  const Scope scope{context_, policy::Direction::kInput, messages_[index].role, &conversation_.vault(), nullptr, &messages_, index};
  timer_.restart();
  for (std::size_t i = 0; i < pipeline_.detectors.size(); ++i) {
    const Detector& detector = pipeline_.detectors[i];
    if (!detector.decides_on(policy::Direction::kInput)) continue;
    if (detector.filter->slow() && (!enforce || !detector.reads(scope.role))) continue;
    const std::size_t first = found.size();
    const auto result = scan_text(detector, views, scope, timer_, decision_.scanned[i], found);
    if (!result) {
      if (!note_failure(detector, result.error(), decision_.scanned[i])) decision_.failed_closed = true;
    } else if (!detector.reads(scope.role)) {
      const auto is_placeholder = [&](const Finding& finding) {
        return finding.replacement && conversation_.vault().restore(*finding.replacement);
      };
      found.erase(std::remove_if(found.begin() + static_cast<std::ptrdiff_t>(first), found.end(),
                                 [&](const Finding& finding) { return !is_placeholder(finding); }),
                  found.end());
    }
  }
}

void InputCheck::mark_unread_filters() {
  for (std::size_t i = 0; i < pipeline_.detectors.size(); ++i) {
    const auto reads = [&](const Message& message) { return pipeline_.detectors[i].reads(message.role); };
    ScanRecord& record = decision_.scanned[i];
    if (record.skipped.empty() && std::none_of(messages_.begin(), messages_.end(), reads))
      record.skipped = "no message has a role that it judges";
  }
}

void InputCheck::scan_new_in_shadow() {
  for (const std::size_t index : enforced_) {
    const Scope scope{context_, policy::Direction::kInput, messages_[index].role, nullptr, nullptr, &messages_, index};
    scan_in_shadow(pipeline_, mend_utf8(messages_[index].text), scope, decision_);
  }
}

}  // namespace

InputOutcome check_input(const Pipeline& pipeline, const Turn& turn, const std::vector<Message>& messages) {
  STEWARD_CHECK(turn.conversation != nullptr);
  return InputCheck(pipeline, turn, messages).run();
}

Decision check_text(const Pipeline& pipeline, const policy::Context& context, policy::Direction direction, const Message& message) {
  const std::string mended = mend_utf8(message.text);
  Scope scope{context, direction, message.role, nullptr};
  if (scope.context.language == "und") scope.context.language = language_of(mended);
  const auto plan = pipeline.policy.plan(scope.context);
  Decision decision = begin_decision(pipeline, direction);
  LapTimer timer(shortest_deadline(pipeline.detectors));
  const text::Views views(mended);
  std::vector<Finding> found;
  for (std::size_t i = 0; i < pipeline.detectors.size(); ++i) {
    const Detector& detector = pipeline.detectors[i];
    ScanRecord& record = decision.scanned[i];
    if (!detector.decides_on(direction)) continue;
    if (direction == policy::Direction::kInput && !detector.reads(scope.role)) {
      record.skipped = scope.role == "tool" ? "it does not judge data" : "it does not judge users' messages";
      continue;
    }
    const auto result = scan_text(detector, views, scope, timer, record, found);
    if (!result && !note_failure(detector, result.error(), record)) decision.failed_closed = true;
  }
  for (Finding& finding : found) decision.findings.push_back(rule(std::move(finding), direction, *plan, pipeline.policy));
  conclude(pipeline, scope.context, decision);
  scan_in_shadow(pipeline, mended, scope, decision);
  return decision;
}

}  // namespace steward::guard
