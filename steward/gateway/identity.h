#pragma once

#include <string>
#include <string_view>

#include "steward/core/hash.h"
#include "steward/gateway/access.h"
#include "steward/gateway/turn_request.h"

namespace steward::gateway {

/// Keyed hashes (32 hex digits) that stand for people and conversations in guard and ledger.
struct Pseudonyms {
  std::string principal;  ///< tenant and end user; tenant and key when no end user is named
  std::string conversation;
  std::string subject;  ///< the end user, or the conversation when none is named
  /// Neither end user nor conversation is named: two people whose first messages are alike look the same.
  bool anonymous = false;
};

/// What stands for an end user of a tenant: their principal and subject.
std::string end_user_pseudonym(const Key& secret, std::string_view tenant, std::string_view end_user);
Pseudonyms make_pseudonyms(const Key& secret, const Principal& principal, const TurnRequest& request);

}  // namespace steward::gateway
