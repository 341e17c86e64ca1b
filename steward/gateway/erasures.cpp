#include <thread>

#include "steward/core/ids.h"
#include "steward/gateway/identity.h"
#include "steward/gateway/routes.h"

namespace steward::gateway {
namespace {

constexpr std::size_t kNameBytesMax = 512;

Result<ledger::Erasure> read_erasure(const Gateway::State& state, const Call& call) {
  if (!call.principal.may_erase) return fail(ErrorCode::kPermissionDenied, "this API key has no permission `erase`");
  const json::Object body = TRY(read_body(state, call));
  const auto user = TRY(json::get_string(body, "user"));
  if (!user || user->empty() || user->size() > kNameBytesMax)
    return fail(ErrorCode::kInvalidInput, "'user' must name the end user whose texts are to be erased, in 1 to 512 bytes", "user");
  const auto reason = TRY(json::get_string(body, "reason"));
  if (reason && reason->size() > kNameBytesMax) return fail(ErrorCode::kInvalidInput, "'reason' is over 512 bytes", "reason");
  ledger::Erasure erasure;
  erasure.subject = end_user_pseudonym(state.options.secret, call.principal.tenant, *user);
  erasure.reason = reason.value_or("requested");
  erasure.id = make_uuid7(state.parts.clock);
  erasure.time_us = state.parts.clock.now_us();
  return erasure;
}

}  // namespace

/// The ledger's answer takes as long as its queue: a thread of its own waits for it.
void handle_erasures(const StatePointer& state, Call call) {
  auto erasure = read_erasure(*state, call);
  if (!erasure) return call.send_error(erasure.error());
  state->parts.conversations.forget(erasure->subject);
  state->erased.add(erasure->subject, steady_ns());
  auto open = std::make_shared<UnderWay>(state);  // shared: the thread and the answer hold it
  auto shared = std::make_shared<Call>(std::move(call));
  std::thread([state, open, shared, erasure = *std::move(erasure)] {
    const auto report = state->parts.ledger.erase(erasure);
    shared->responder->post([open, shared, erasure, report] {
      if (!report) return shared->send_error(report.error());
      shared->send_json(
          200,
          json::Object{{"object", "erasure"}, {"id", erasure.id}, {"keys_destroyed", report->keys}, {"events_erased", report->events}});
    });
  }).detach();
}

}  // namespace steward::gateway
