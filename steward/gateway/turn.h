#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "steward/gateway/call.h"
#include "steward/gateway/identity.h"
#include "steward/gateway/reply.h"
#include "steward/gateway/serial.h"
#include "steward/gateway/state.h"
#include "steward/gateway/turn_request.h"

namespace steward::gateway {

/// The one state in which a turn ends; an event of the ledger.
enum class EndState { kCompleted, kBlockedInput, kBlockedOutput, kCanned, kFailed, kCancelled, kRefused };
std::string_view to_string(EndState state);

/// One answer of a turn: `n` for each prompt.
struct Choice {
  int index = 0;
  std::vector<guard::Message> input;
  model::Prompt prompt;            ///< after the guard
  std::vector<model::Tool> tools;  ///< after the guard
  guard::Turn place;
  std::optional<guard::Decision> input_decision;  ///< none without a guard
  std::unique_ptr<guard::OutputGuard> guard;      ///< null without a guard, or when the model is not asked
  std::unique_ptr<model::Generation> generation;
  std::string model_text;                        ///< all that the model wrote
  bool guarding = false;                         ///< the guard has got some of it; the first delta of a whole reply waits: it may be all
  std::string unguarded;                         ///< with a slow guard: what came while a worker had it
  std::optional<guard::Decision> lent_decision;  ///< what `guard` had decided when it was lent to a worker, which has it now
  std::string sent_text;                         ///< what the client has got, or gets in the whole reply
  std::string unsent_text;                       ///< released, waits for the ledger or for the stream
  std::vector<model::TokenLogprob> prompt_tokens, tokens, unsent_tokens;
  std::size_t text_offset = 0;                  ///< of the next token in a stream of log-probabilities
  std::vector<model::ToolCall> model_calls;     ///< as the model made them
  std::vector<model::ToolCall> calls;           ///< as the client gets them
  std::vector<guard::Decision> call_decisions;  ///< one for each call that was judged
  std::string reply;                            ///< that stands in place of the model's text, if blocked or canned
  std::string finish_reason;
  std::optional<model::FinishReason> end;  ///< with a slow guard: the model has said all
  model::Usage usage;
  bool asks_model = true;
  bool started = false;
  bool released = false;  ///< with a slow guard: all steps of it are done
  bool done = false;
  bool role_sent = false;
  bool stopped_by_guard = false;  ///< the output was blocked or answered by a canned reply
  bool canned = false;            ///< of those two: by a canned reply

  /// What the guard has decided of the output so far; null if there is none.
  const guard::Decision* output_decision() const {
    if (lent_decision) return &*lent_decision;
    return guard ? &guard->decision() : nullptr;
  }
  /// `decision` gives another reply than the model's.
  void stop_by(const guard::Decision& decision) {
    stopped_by_guard = true;
    canned = decision.action == policy::Action::kCanned;
    reply = decision.reply;
    finish_reason = decision.finish_reason;
  }
};

/// What is ready once the input has been checked.
struct Prepared {
  policy::Context context;
  std::vector<Choice> choices;
  std::vector<std::string> rules;
  std::vector<prompting::AppliedNotice> notices;
  bool reminder_due = false;
};

/// The calls of a choice behind their guard.
struct JudgedCalls {
  std::vector<model::ToolCall> calls;      ///< rewritten; none when one of them was stopped
  std::vector<guard::Decision> decisions;  ///< the last one stopped the choice, if any did
};

struct GuardStep;

/// One chat or completions request from its parse to its last event:
///   guard the input → turn_opened durable (of a stream), beside it the model begins → each delta through the output guard →
///   all events durable → the end of the answer.
/// Everything runs in order on the connection's thread; the engine's and the ledger's threads only post. A slow guard runs on workers,
/// which are given what they need and post it back (turn_guard.cpp).
class Turn : public std::enable_shared_from_this<Turn> {
 public:
  Turn(std::shared_ptr<Gateway::State> state, Call call, TurnRequest request, std::unique_ptr<Admission> admission);
  void start();

 private:
  // What the model is asked (turn_prepare.cpp). On a worker if the guard is slow: it reads only what does not change.
  Result<void> prepare_choices(Prepared& out) const;
  Result<void> prepare_chat(Prepared& out, Choice& choice) const;
  void prepare_sample(const Choice& first, Choice& choice) const;
  Result<void> prepare_completion(Prepared& out, Choice& choice) const;
  guard::InputOutcome check_input(Prepared& out, Choice& choice) const;

  // Where the guard runs (turn_guard.cpp).
  void prepare();
  void guard_next(Choice& choice);
  void take_step(const Choice& choice, GuardStep& step) const;
  void on_step(Choice& choice, GuardStep& step);

  // Life (turn.cpp).
  void begin();
  void on_prepared(const Result<void>& result, Prepared prepared);
  void open();
  void start_generations();
  Result<void> start_generation(Choice& choice);
  void on_opened(const Result<void>& result);
  void on_delta(Choice& choice, std::string_view text, std::vector<model::TokenLogprob> tokens);
  void on_done(Choice& choice, const Result<model::FinishReason>& reason, const model::Usage& usage);
  void release(Choice& choice, const guard::Release& release);
  void end_choice(Choice& choice, model::FinishReason reason);
  void take_calls(Choice& choice, JudgedCalls judged);
  void abandon_choices();
  void give_up(EndState state, Error error);
  void client_left();
  void close_when_done();
  void record(std::vector<ledger::Event> events, void (Turn::*then)(const Result<void>&));
  void on_closed(const Result<void>& result);
  EndState end_state() const;

  // Calls of functions (turn_calls.cpp).
  void on_tool_call(Choice& choice, model::ToolCall call);
  JudgedCalls judge_calls(const Choice& choice) const;

  // Answers (turn_reply.cpp).
  void send_unsent(Choice& choice);
  void open_stream();
  void answer();
  void answer_whole();
  void answer_stream();
  void answer_error(const Error& error);
  void end_choice_stream(Choice& choice, bool last);
  json::Value logprobs_of(const Choice& choice) const;
  json::Object steward_body() const;
  model::Usage total_usage() const;

  // Events (turn_events.cpp).
  std::vector<ledger::Event> opening_events() const;
  std::vector<ledger::Event> closing_events() const;
  ledger::Event event(std::string kind) const;
  ledger::Event decision_event(const guard::Decision& decision, const Choice& choice) const;
  void count_metrics() const;

  const std::shared_ptr<Gateway::State> state_;  // shared: a turn may outlive its gateway's last request
  const UnderWay under_way_;
  Call call_;
  const TurnRequest request_;
  const std::unique_ptr<Admission> admission_;
  const std::string id_;
  const std::int64_t began_ns_;
  const bool slow_;  ///< its guard is: it runs on workers
  Pseudonyms names_;
  ReplyHead head_;
  policy::Context context_;
  std::vector<Choice> choices_;  ///< never resized once begun: callbacks hold references
  std::vector<std::string> rules_;
  std::vector<prompting::AppliedNotice> notices_;
  std::vector<ledger::Event> unrecorded_;  ///< opening events of a whole reply, which wait for its end
  std::shared_ptr<Serial> serial_;
  int in_flight_ = 0;
  bool preparing_ = false;               ///< a worker checks the input
  std::atomic<bool> ends_early_{false};  ///< what workers have not begun is not worth beginning
  bool opened_ = false;
  bool closing_ = false;
  bool streaming_ = false;
  bool client_left_ = false;
  std::optional<Error> error_;
  std::optional<EndState> early_end_;
};

void start_turn(std::shared_ptr<Gateway::State> state, Call call, TurnRequest request, std::unique_ptr<Admission> admission);

}  // namespace steward::gateway
