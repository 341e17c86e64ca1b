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
void Turn::judge_calls(Choice& choice) {
  choice.calls = choice.model_calls;
  if (!request_.target.guard) return;
  guard::Turn place = choice.place;
  place.notation = guard::Notation::kJson;
  for (model::ToolCall& call : choice.calls) {
    const auto guard = request_.target.guard->open_output(place);
    call.arguments = guard->take_whole(unescaped_json(call.arguments)).text;
    choice.call_decisions.push_back(guard->decision());
    const guard::Decision& decision = choice.call_decisions.back();
    if (decision.action < policy::Action::kCanned) continue;
    choice.stop_by(decision);
    choice.calls.clear();
    return;
  }
}

}  // namespace steward::gateway
