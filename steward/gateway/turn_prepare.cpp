#include <chrono>

#include "steward/core/utf8.h"
#include "steward/gateway/turn.h"
#include "steward/gateway/turn_input.h"
#include "steward/prompting/prompting.h"

namespace steward::gateway {
namespace {

constexpr std::string_view kIdentityAsked = "asked";

/// The memory of an anonymous conversation is shared by all who began alike, so only its judgements may be used: its
/// placeholders would restore one person's data for another. The history, sent again, makes the same placeholders anew.
std::shared_ptr<guard::Conversation> private_copy(const Key& secret, const guard::Conversation& shared,
                                                  const std::vector<guard::Message>& messages) {
  auto copy = std::make_shared<guard::Conversation>(derive_key(secret, "anonymous conversation"));
  for (const guard::Message& message : messages)
    if (const auto action = shared.judged(message.role, message.text)) copy->remember(message.role, message.text, *action);
  copy->set_language(shared.language());
  return copy;
}

void copy_judgements(const guard::Conversation& from, guard::Conversation& to, const std::vector<guard::Message>& messages) {
  for (const guard::Message& message : messages)
    if (const auto action = from.judged(message.role, message.text)) to.remember(message.role, message.text, *action);
  to.set_language(from.language());
}

}  // namespace

Result<void> Turn::prepare_choices(Prepared& out) const {
  const std::size_t prompts = request_.surface == Surface::kChat ? 1 : request_.prompts.size();
  const auto samples = static_cast<std::size_t>(request_.samples);
  std::vector<Choice>& choices = out.choices;
  choices = std::vector<Choice>(prompts * samples);
  for (std::size_t i = 0; i < choices.size(); ++i) choices[i].index = static_cast<int>(i);
  for (std::size_t i = 0; i < choices.size() && !ends_early_; i += samples) {
    TRY(request_.surface == Surface::kChat ? prepare_chat(out, choices[i]) : prepare_completion(out, choices[i]));
    for (std::size_t k = 1; k < samples; ++k) prepare_sample(choices[i], choices[i + k]);
  }
  return {};
}

/// Another answer to the same prompt, which has been judged: only its output has a guard of its own.
void Turn::prepare_sample(const Choice& first, Choice& choice) const {
  choice.input = first.input;
  choice.prompt = first.prompt;
  choice.tools = first.tools;
  choice.place = first.place;
  choice.asks_model = first.asks_model;
  choice.done = first.done;
  choice.reply = first.reply;
  choice.finish_reason = first.finish_reason;
  if (first.guard) choice.guard = request_.target.guard->open_output(choice.place);
}

guard::InputOutcome Turn::check_input(Prepared& out, Choice& choice) const {
  const std::int64_t began = steady_ns();
  const auto shared = state_->parts.conversations.get(names_.principal, names_.conversation);
  out.reminder_due |= shared->reminder_due(state_->parts.clock.now_us(), std::chrono::microseconds(prompting::kReminderInterval).count());
  choice.place.context = out.context;
  choice.place.conversation = names_.anonymous ? private_copy(state_->options.secret, *shared, choice.input) : shared;
  guard::InputOutcome outcome = request_.target.guard->check_input(choice.place, choice.input);
  if (names_.anonymous) copy_judgements(*choice.place.conversation, *shared, choice.input);
  choice.place.context.language = outcome.language;
  out.context.language = outcome.language;
  choice.input_decision = outcome.decision;
  if (outcome.decision.action >= policy::Action::kCanned) {
    choice.asks_model = false;
    choice.done = true;
    choice.reply = outcome.decision.reply;
    choice.finish_reason = outcome.decision.finish_reason;
  }
  state_->metrics->guard_time("input", static_cast<double>(steady_ns() - began) * 1e-9);
  return outcome;
}

Result<void> Turn::prepare_chat(Prepared& out, Choice& choice) const {
  if (!request_.target.guard) {
    choice.prompt = request_.messages;
    choice.tools = request_.tools;
    return {};
  }
  choice.input = guarded_texts(request_);
  const guard::InputOutcome outcome = check_input(out, choice);
  if (!choice.asks_model) return {};
  GuardedChat chat = TRY(apply_guard(request_, outcome.messages));
  choice.tools = std::move(chat.tools);
  prompting::PromptInput input;
  input.context = choice.place.context;
  input.conversation = names_.conversation;
  input.reminder_due = out.reminder_due;
  input.messages = std::move(chat.messages);
  for (const guard::RuledFinding& ruled : outcome.decision.findings) {
    input.categories.push_back(ruled.finding.category);
    input.asks_identity |= ruled.finding.subtype == kIdentityAsked;
  }
  prompting::PromptOutcome composed = TRY(prompting::compose(request_.target.guard->policy(), input));
  choice.place.messages = choice.input;
  for (const model::ChatMessage& message : composed.messages)
    if (message.role == "system") choice.place.confidential.push_back(message.content);
  if (request_.format.kind != model::ResponseFormat::Kind::kText) choice.place.notation = guard::Notation::kJson;
  choice.guard = request_.target.guard->open_output(choice.place);
  choice.prompt = std::move(composed.messages);
  out.rules = std::move(composed.rules);
  out.notices = std::move(composed.notices);
  return {};
}

Result<void> Turn::prepare_completion(Prepared& out, Choice& choice) const {
  const auto& prompt = request_.prompts[static_cast<std::size_t>(choice.index / request_.samples)];
  const auto* tokens = std::get_if<std::vector<model::Token>>(&prompt);
  if (!request_.target.guard) {
    if (tokens)
      choice.prompt = *tokens;
    else
      choice.prompt = std::get<std::string>(prompt);
    return {};
  }
  // Behind a guard the model gets the text that was scanned, never tokens, which could hold what no text can.
  std::string text = tokens ? repair_utf8(TRY(request_.target.model->detokenize(*tokens))) : std::get<std::string>(prompt);
  choice.input.push_back({"user", std::move(text)});
  guard::InputOutcome outcome = check_input(out, choice);
  choice.place.messages = choice.input;
  if (choice.asks_model) choice.guard = request_.target.guard->open_output(choice.place);
  choice.prompt = outcome.messages.empty() ? std::string() : std::move(outcome.messages.front().text);
  return {};
}

}  // namespace steward::gateway
