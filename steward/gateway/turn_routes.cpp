#include "steward/gateway/routes.h"
#include "steward/gateway/turn.h"

namespace steward::gateway {
namespace {

using Reader = Result<TurnRequest> (*)(const GatewayParts&, const GatewayOptions&, const Principal&, const json::Object&);

void handle_turn(const StatePointer& state, Call call, Reader read) {
  const auto body = read_body(*state, call);
  if (!body) return call.send_error(body.error());
  auto request = read(state->parts, state->options, call.principal, *body);
  if (!request) return call.send_error(request.error());
  call.request.body = std::string();  // parsed once; nobody reads it a second time
  int retry_after_s = 1;
  auto admission = state->access.admit(call.principal, request->end_user, retry_after_s);
  if (!admission) return call.send_error(admission.error(), retry_after_s);
  start_turn(state, std::move(call), std::move(*request), std::move(*admission));
}

}  // namespace

void handle_chat(const StatePointer& state, Call call) { handle_turn(state, std::move(call), read_chat); }
void handle_completions(const StatePointer& state, Call call) { handle_turn(state, std::move(call), read_completion); }

}  // namespace steward::gateway
