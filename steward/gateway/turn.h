#pragma once

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
  std::string model_text;   ///< all that the model wrote
  bool guarding = false;    ///< the guard has got some of it; the first delta of a whole reply waits: it may be all
  std::string sent_text;    ///< what the client has got, or gets in the whole reply
  std::string unsent_text;  ///< released, waits for the ledger or for the stream
  std::vector<model::TokenLogprob> prompt_tokens, tokens, unsent_tokens;
  std::size_t text_offset = 0;                  ///< of the next token in a stream of log-probabilities
  std::vector<model::ToolCall> model_calls;     ///< as the model made them
  std::vector<model::ToolCall> calls;           ///< as the client gets them
  std::vector<guard::Decision> call_decisions;  ///< one for each call that was judged
  std::string reply;                            ///< that stands in place of the model's text, if blocked or canned
  std::string finish_reason;
  model::Usage usage;
  bool asks_model = true;
  bool started = false;
  bool done = false;
  bool role_sent = false;
  bool stopped_by_guard = false;  ///< the output was blocked or answered by a canned reply
  bool canned = false;            ///< of those two: by a canned reply

  /// `decision` gives another reply than the model's.
  void stop_by(const guard::Decision& decision) {
    stopped_by_guard = true;
    canned = decision.action == policy::Action::kCanned;
    reply = decision.reply;
    finish_reason = decision.finish_reason;
  }
};

/// One chat or completions request from its parse to its last event:
///   guard the input → turn_opened durable (of a stream), beside it the model begins → each delta through the output guard →
///   all events durable → the end of the answer.
/// Everything runs in order on the connection's thread; the engine's and the ledger's threads only post.
class Turn : public std::enable_shared_from_this<Turn> {
 public:
  Turn(std::shared_ptr<Gateway::State> state, Call call, TurnRequest request, std::unique_ptr<Admission> admission);
  ~Turn();
  void start();

 private:
  // What the model is asked (turn_prepare.cpp).
  Result<void> prepare();
  Result<void> prepare_chat(Choice& choice);
  void prepare_sample(const Choice& first, Choice& choice);
  Result<void> prepare_completion(Choice& choice);
  guard::InputOutcome check_input(Choice& choice);

  // Life (turn.cpp).
  void begin();
  void open();
  void start_generations();
  Result<void> start_generation(Choice& choice);
  void on_opened(const Result<void>& result);
  void on_delta(Choice& choice, std::string_view text, std::vector<model::TokenLogprob> tokens);
  void on_done(Choice& choice, const Result<model::FinishReason>& reason, const model::Usage& usage);
  void release(Choice& choice, const guard::Release& release);
  void end_choice(Choice& choice, model::FinishReason reason);
  void give_up(EndState state, Error error);
  void client_left();
  void close_when_done();
  void record(std::vector<ledger::Event> events, void (Turn::*then)(const Result<void>&));
  void on_closed(const Result<void>& result);
  EndState end_state() const;

  // Calls of functions (turn_calls.cpp).
  void on_tool_call(Choice& choice, model::ToolCall call);
  void judge_calls(Choice& choice);

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
  Call call_;
  const TurnRequest request_;
  const std::unique_ptr<Admission> admission_;
  const std::string id_;
  const std::int64_t began_ns_;
  Pseudonyms names_;
  ReplyHead head_;
  policy::Context context_;
  std::vector<Choice> choices_;  ///< never resized once begun: callbacks hold references
  std::vector<std::string> rules_;
  std::vector<prompting::AppliedNotice> notices_;
  std::vector<ledger::Event> unrecorded_;  ///< opening events of a whole reply, which wait for its end
  std::shared_ptr<Serial> serial_;
  int in_flight_ = 0;
  bool reminder_due_ = false;
  bool opened_ = false;
  bool closing_ = false;
  bool streaming_ = false;
  bool client_left_ = false;
  std::optional<Error> error_;
  std::optional<EndState> early_end_;
};

void start_turn(std::shared_ptr<Gateway::State> state, Call call, TurnRequest request, std::unique_ptr<Admission> admission);

}  // namespace steward::gateway
