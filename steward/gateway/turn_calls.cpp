#include "steward/gateway/tool_fields.h"
#include "steward/gateway/turn.h"
#include "steward/gateway/turn_input.h"

namespace steward::gateway {

void Turn::on_tool_call(Choice& choice, model::ToolCall call) {
  if (closing_ || choice.done || choice.stopped_by_guard) return;
  // Whoever serves the model chose the name; nothing else of it may reach the client unread.
  if (!is_function_name(call.name) || !is_call_id(call.id))
    return give_up(EndState::kFailed, Error{ErrorCode::kUnavailable, "the model called a function by a name or id that cannot be one", ""});
  choice.model_calls.push_back(std::move(call));
}

/// The arguments of each call pass the guard as an output of their own, whole: nobody acts on a part of them. When one is stopped,
/// none is given.
JudgedCalls Turn::judge_calls(const Choice& choice) const {
  JudgedCalls out{choice.model_calls, {}};
  if (!request_.target.guard) return out;
  guard::Turn place = choice.place;
  place.notation = guard::Notation::kJson;
  for (model::ToolCall& call : out.calls) {
    const auto guard = request_.target.guard->open_output(place);
    call.arguments = guard->take_whole(unescaped_json(call.arguments)).text;
    guard->run_shadow();
    out.decisions.push_back(guard->decision());
    if (out.decisions.back().action < policy::Action::kCanned) continue;
    out.calls.clear();
    return out;
  }
  return out;
}

/// The end of an answer whose text was released.
void Turn::take_calls(Choice& choice, JudgedCalls judged) {
  choice.calls = std::move(judged.calls);
  choice.call_decisions = std::move(judged.decisions);
  const bool stopped = !choice.call_decisions.empty() && choice.call_decisions.back().action >= policy::Action::kCanned;
  if (stopped)
    choice.stop_by(choice.call_decisions.back());
  else if (!choice.calls.empty())
    choice.finish_reason = "tool_calls";
  else if (choice.end == model::FinishReason::kLength)
    choice.finish_reason = "length";
  else
    choice.finish_reason = choice.end == model::FinishReason::kContentFilter ? "content_filter" : "stop";
}

}  // namespace steward::gateway
