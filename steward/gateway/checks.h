#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "steward/gateway/routes.h"
#include "steward/guard/guard.h"

namespace steward::gateway {

/// Checks of one request that do not depend on each other.
struct Checks {
  std::shared_ptr<const guard::Guard> guard;  ///< whom they ask
  std::size_t count = 0;
  std::function<guard::Decision(std::size_t)> check;  ///< of one of them; may be called by several threads at once
};

/// Runs the checks where their guard may run: at once on this thread, or on workers if it is slow, several side by side. Then `then` gets
/// the call back on the connection's thread, with the decisions in order. When as many requests as may wait already do, the call is
/// answered 503. When the client leaves first, what has not begun is left out and `then` is never called.
void run_checks(const StatePointer& state, Call call, Checks checks, std::function<void(Call, std::vector<guard::Decision>)> then);

}  // namespace steward::gateway
