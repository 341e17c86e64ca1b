// What of a turn's guard may run on workers: the check of its input and the steps of its output guards.

#include "steward/gateway/turn.h"

namespace steward::gateway {

/// One step of an output's guard, which a worker gets and gives back.
struct GuardStep {
  enum class Kind { kPush, kFinish, kWhole, kShadow };
  Kind kind = Kind::kPush;
  std::unique_ptr<guard::OutputGuard> guard;
  std::string text;
  guard::Release release;
  JudgedCalls calls;
};

/// The input is checked here, or on a worker if the guard is slow; on_prepared() goes on in either case.
void Turn::prepare() {
  Prepared fresh;
  fresh.context = context_;
  if (!slow_) {
    const Result<void> result = prepare_choices(fresh);
    return on_prepared(result, std::move(fresh));
  }
  preparing_ = true;
  const auto prepared = std::make_shared<Prepared>(std::move(fresh));  // shared: a std::function is copied
  const bool taken = state_->workers.admit(Workers::Kind::kInput, [self = shared_from_this(), prepared] {
    const Result<void> result = self->prepare_choices(*prepared);
    self->serial_->post([self, prepared, result] {
      if (self->preparing_) self->on_prepared(result, std::move(*prepared));
    });
  });
  if (!taken) give_up(EndState::kRefused, guard_queue_full());
}

/// Gives the next step of the choice's guard to a worker, unless one has it. What comes in the meantime is one step later.
void Turn::guard_next(Choice& choice) {
  if (choice.lent_decision || choice.done || closing_) return;
  auto step = std::make_shared<GuardStep>();  // shared: a std::function is copied
  if (choice.stopped_by_guard || choice.released) {
    if (!choice.end) return;  // the model was told to stop: its end follows
    if (!choice.guard->shadow_due()) {
      choice.done = true;
      return close_when_done();
    }
    step->kind = GuardStep::Kind::kShadow;
  } else if (choice.end) {
    step->kind = choice.guarding ? GuardStep::Kind::kFinish : GuardStep::Kind::kWhole;
    step->text = choice.guarding ? std::move(choice.unguarded) : choice.model_text;
  } else if (!choice.unguarded.empty()) {
    step->text = std::move(choice.unguarded);
  } else {
    return;
  }
  choice.unguarded.clear();
  choice.lent_decision = choice.guard->decision();
  step->guard = std::move(choice.guard);
  state_->workers.add(Workers::Kind::kOutput, [self = shared_from_this(), &choice, step] {
    if (!self->ends_early_) self->take_step(choice, *step);
    self->serial_->post([self, &choice, step] { self->on_step(choice, *step); });
  });
}

/// On a worker: of the choice it reads only what no longer changes.
void Turn::take_step(const Choice& choice, GuardStep& step) const {
  switch (step.kind) {
    case GuardStep::Kind::kPush:
      step.release = step.guard->push(step.text);
      return;
    case GuardStep::Kind::kShadow:
      return step.guard->run_shadow();
    case GuardStep::Kind::kFinish:
      step.release = step.guard->push(step.text);
      step.release.text += step.guard->finish().text;
      step.release.ended = true;
      break;
    case GuardStep::Kind::kWhole:
      step.release = step.guard->take_whole(step.text);
      break;
  }
  if (step.guard->decision().action < policy::Action::kCanned) step.calls = judge_calls(choice);
}

void Turn::on_step(Choice& choice, GuardStep& step) {
  choice.guard = std::move(step.guard);
  choice.lent_decision.reset();
  if (closing_ || choice.done) return;
  if (step.kind == GuardStep::Kind::kShadow) return guard_next(choice);
  const bool ends = step.kind == GuardStep::Kind::kFinish || step.kind == GuardStep::Kind::kWhole;
  release(choice, step.release);
  if (choice.stopped_by_guard && choice.generation) choice.generation->cancel();
  if (ends) {
    choice.released = true;
    if (!choice.stopped_by_guard) take_calls(choice, std::move(step.calls));
  }
  guard_next(choice);
}

}  // namespace steward::gateway
