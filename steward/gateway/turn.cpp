#include "steward/gateway/turn.h"

#include <algorithm>

#include "steward/core/ids.h"

namespace steward::gateway {

Turn::Turn(std::shared_ptr<Gateway::State> state, Call call, TurnRequest request, std::unique_ptr<Admission> admission)
    : state_(std::move(state)),
      under_way_(state_),
      call_(std::move(call)),
      request_(std::move(request)),
      admission_(std::move(admission)),
      id_(make_uuid7(state_->parts.clock)),
      began_ns_(steady_ns()),
      slow_(request_.target.guard && request_.target.guard->slow()) {}

void Turn::start() {
  serial_ = std::make_shared<Serial>([responder = call_.responder](std::function<void()> job) { responder->post(std::move(job)); });
  serial_->post([self = shared_from_this()] { self->begin(); });
}

void Turn::begin() {
  const GatewayParts& parts = state_->parts;
  head_.id = make_id(request_.surface == Surface::kChat ? "chatcmpl-" : "cmpl-", parts.clock);
  head_.created_s = parts.clock.now_us() / 1'000'000;
  head_.model_id = request_.target.model_id;
  head_.surface = request_.surface;
  if (request_.target.guard || parts.ledger.keeps_events()) names_ = make_pseudonyms(state_->options.secret, call_.principal, request_);
  context_.audience = state_->options.audience;
  context_.age_band = call_.principal.age_band;
  context_.jurisdiction = call_.principal.jurisdiction;
  context_.surface = to_string(request_.surface);
  state_->metrics->turn_opened();
  const auto weak = weak_from_this();
  call_.responder->on_closed([weak] {
    if (const auto self = weak.lock()) self->serial_->post([self] { self->client_left(); });
  });
  call_.responder->after(state_->options.turn_deadline, [weak] {
    const auto self = weak.lock();
    if (!self) return;
    self->serial_->post(
        [self] { self->give_up(EndState::kFailed, Error{ErrorCode::kDeadlineExceeded, "the answer was not finished in time", ""}); });
  });
  prepare();
}

/// The input has been checked, or the turn ends before.
void Turn::on_prepared(const Result<void>& result, Prepared prepared) {
  preparing_ = false;
  context_ = std::move(prepared.context);
  choices_ = std::move(prepared.choices);
  rules_ = std::move(prepared.rules);
  notices_ = std::move(prepared.notices);
  if (!result) give_up(http_status(result.error().code) >= 500 ? EndState::kFailed : EndState::kRefused, result.error());
  if (client_left_) abandon_choices();
  open();
  start_generations();
}

/// A stream begins when turn_opened is durable. A whole reply waits for its end anyway: all its events become durable at once.
void Turn::open() {
  opened_ = !request_.stream || !state_->parts.ledger.keeps_events();
  if (opened_) {
    if (state_->parts.ledger.keeps_events()) unrecorded_ = opening_events();
    return;
  }
  record(opening_events(), &Turn::on_opened);
}

/// Without their text if the subject was erased since the turn began.
void Turn::record(std::vector<ledger::Event> events, void (Turn::*then)(const Result<void>&)) {
  const auto no_erasure_begins = state_->erased.hold();
  if (state_->erased.since(names_.subject, began_ns_))
    for (ledger::Event& event : events) event.text.reset();
  state_->parts.ledger.append(std::move(events), [self = shared_from_this(), then](const Result<void>& result) {
    self->serial_->post([self, then, result] { (*self.*then)(result); });
  });
}

void Turn::start_generations() {
  const int limit = request_.reproducible ? 1 : state_->options.generations_in_flight_max;
  for (Choice& choice : choices_) {
    if (closing_ || error_ || in_flight_ >= limit) break;
    if (!choice.asks_model || choice.started || choice.done) continue;
    auto begun = start_generation(choice);
    if (begun) continue;
    // A full queue is waited for when another answer of this request will make room in it.
    if (begun.error().code == ErrorCode::kResourceExhausted && in_flight_ > 0) break;
    const bool ours = http_status(begun.error().code) >= 500;
    give_up(ours ? EndState::kFailed : EndState::kRefused, std::move(begun).error());
  }
  close_when_done();
}

Result<void> Turn::start_generation(Choice& choice) {
  model::GenerateRequest request;
  request.prompt = choice.prompt;
  request.sampling = request_.sampling;
  if (request.sampling.seed) *request.sampling.seed += static_cast<std::uint64_t>(choice.index % request_.samples);
  request.reproducible = request_.reproducible;
  request.tools = choice.tools;
  request.tool_choice = request_.tool_choice;
  request.parallel_tool_calls = request_.parallel_tool_calls;
  request.format = request_.format;
  request.stream = request_.stream;
  const auto self = shared_from_this();
  model::Sink sink;
  sink.on_prompt = [self, &choice](std::vector<model::TokenLogprob> prompt) {
    self->serial_->post([self, &choice, prompt = std::move(prompt)]() mutable { choice.prompt_tokens = std::move(prompt); });
  };
  sink.on_delta = [self, &choice](std::string_view text, std::vector<model::TokenLogprob> tokens) {
    self->serial_->post([self, &choice, text = std::string(text), tokens = std::move(tokens)]() mutable {
      self->on_delta(choice, text, std::move(tokens));
    });
  };
  sink.on_tool_call = [self, &choice](model::ToolCall call) {
    self->serial_->post([self, &choice, call = std::move(call)]() mutable { self->on_tool_call(choice, std::move(call)); });
  };
  sink.on_done = [self, &choice](const Result<model::FinishReason>& reason, const model::Usage& usage) {
    self->serial_->post([self, &choice, reason, usage] { self->on_done(choice, reason, usage); });
  };
  choice.generation = TRY(request_.target.model->start(std::move(request), std::move(sink)));
  choice.started = true;
  ++in_flight_;
  return {};
}

void Turn::on_opened(const Result<void>& result) {
  state_->ledger_works = result.has_value();
  if (!result) {
    state_->metrics->ledger_failure();
    for (Choice& choice : choices_) choice.generation.reset();
    closing_ = true;
    if (!client_left_)
      answer_error(Error{ErrorCode::kUnavailable, "this turn could not be recorded, so it is not answered: try again later", ""});
    state_->metrics->turn_closed(to_string(EndState::kFailed), 0, 0, 0);
    return;
  }
  opened_ = true;
  if (!error_ && !client_left_)
    for (Choice& choice : choices_) send_unsent(choice);
  close_when_done();
}

void Turn::on_delta(Choice& choice, std::string_view text, std::vector<model::TokenLogprob> tokens) {
  if (closing_ || choice.done || choice.stopped_by_guard) return;
  choice.model_text += text;
  if (!request_.target.guard) {
    choice.unsent_text += text;
    if (request_.sampling.want_logprobs || request_.sampling.echo) {
      if (request_.stream) choice.unsent_tokens.insert(choice.unsent_tokens.end(), tokens.begin(), tokens.end());
      choice.tokens.insert(choice.tokens.end(), std::make_move_iterator(tokens.begin()), std::make_move_iterator(tokens.end()));
    }
    return send_unsent(choice);
  }
  if (slow_ && !request_.stream) return;  // scanned once, whole
  if (slow_) {
    choice.guarding = true;
    choice.unguarded += text;
    return guard_next(choice);
  }
  if (!choice.guarding && !request_.stream && choice.model_text.size() == text.size()) return;
  const bool first = !std::exchange(choice.guarding, true);
  release(choice, choice.guard->push(first ? std::string_view(choice.model_text) : text));
  if (choice.stopped_by_guard && choice.generation) choice.generation->cancel();
}

void Turn::release(Choice& choice, const guard::Release& release) {
  choice.unsent_text += release.text;
  const guard::Decision& decision = choice.guard->decision();
  if (release.ended && decision.action >= policy::Action::kCanned) choice.stop_by(decision);
  send_unsent(choice);
}

void Turn::on_done(Choice& choice, const Result<model::FinishReason>& reason, const model::Usage& usage) {
  choice.generation.reset();
  if (choice.done || closing_) return;
  --in_flight_;
  choice.usage = usage;
  if (!choice.stopped_by_guard) {
    if (!reason) return give_up(EndState::kFailed, reason.error());
    if (*reason == model::FinishReason::kCancelled)
      return give_up(EndState::kFailed, Error{ErrorCode::kUnavailable, "the model stopped before the answer was finished", ""});
    if (!slow_) end_choice(choice, *reason);
  }
  if (slow_) {
    choice.end = reason.value_or(model::FinishReason::kCancelled);
    guard_next(choice);
  } else {
    if (choice.guard) choice.guard->run_shadow();
    choice.done = true;
  }
  start_generations();
}

/// The model has said all: what was held is released, then its calls are judged.
void Turn::end_choice(Choice& choice, model::FinishReason reason) {
  choice.end = reason;
  if (choice.guard) release(choice, choice.guarding ? choice.guard->finish() : choice.guard->take_whole(choice.model_text));
  if (!choice.stopped_by_guard) take_calls(choice, judge_calls(choice));
}

void Turn::give_up(EndState state, Error error) {
  if (closing_ || error_ || client_left_) return;
  error_ = std::move(error);
  early_end_ = state;
  abandon_choices();
  if (!preparing_) return close_when_done();
  Prepared nothing;  // nobody waits for what the check comes to
  nothing.context = context_;
  on_prepared({}, std::move(nothing));
}

void Turn::abandon_choices() {
  ends_early_ = true;
  for (Choice& choice : choices_) {
    choice.done = true;
    choice.generation.reset();
  }
}

void Turn::client_left() {
  if (client_left_) return;
  client_left_ = true;
  if (closing_) return;
  if (!early_end_) early_end_ = EndState::kCancelled;
  abandon_choices();
  if (!preparing_) close_when_done();  // else with what the check comes to: it is recorded
}

void Turn::close_when_done() {
  if (!opened_ || closing_) return;
  if (!std::all_of(choices_.begin(), choices_.end(), [](const Choice& choice) { return choice.done; })) return;
  closing_ = true;
  const model::Usage usage = total_usage();
  admission_->spend_tokens(usage.prompt_tokens + usage.completion_tokens);
  if (!state_->parts.ledger.keeps_events()) return on_closed({});
  std::vector<ledger::Event> events = std::move(unrecorded_);
  for (ledger::Event& event : closing_events()) events.push_back(std::move(event));
  record(std::move(events), &Turn::on_closed);
}

void Turn::on_closed(const Result<void>& result) {
  state_->ledger_works = result.has_value();
  if (!result) {
    state_->metrics->ledger_failure();
    error_ = Error{ErrorCode::kUnavailable, "the end of this turn could not be recorded: try again later", ""};
  }
  count_metrics();
  if (!client_left_) answer();
}

EndState Turn::end_state() const {
  if (early_end_) return *early_end_;
  EndState state = EndState::kCompleted;
  for (const Choice& choice : choices_) {
    if (choice.stopped_by_guard)
      state = choice.canned ? EndState::kCanned : EndState::kBlockedOutput;
    else if (!choice.asks_model && choice.input_decision)
      state = choice.input_decision->action == policy::Action::kCanned ? EndState::kCanned : EndState::kBlockedInput;
    if (state != EndState::kCompleted && state != EndState::kCanned) break;
  }
  return state;
}

std::string_view to_string(EndState state) {
  switch (state) {
    case EndState::kCompleted:
      return "completed";
    case EndState::kBlockedInput:
      return "blocked_input";
    case EndState::kBlockedOutput:
      return "blocked_output";
    case EndState::kCanned:
      return "canned";
    case EndState::kFailed:
      return "failed";
    case EndState::kCancelled:
      return "cancelled";
    case EndState::kRefused:
      return "refused";
  }
  return "failed";
}

void start_turn(std::shared_ptr<Gateway::State> state, Call call, TurnRequest request, std::unique_ptr<Admission> admission) {
  std::make_shared<Turn>(std::move(state), std::move(call), std::move(request), std::move(admission))->start();
}

}  // namespace steward::gateway
