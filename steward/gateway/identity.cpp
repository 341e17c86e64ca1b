#include "steward/gateway/identity.h"

#include <initializer_list>
#include <string_view>

namespace steward::gateway {
namespace {

/// Each part with its length in front, so that no two lists of parts give the same bytes.
std::string pseudonym(const Key& secret, std::initializer_list<std::string_view> parts) {
  std::string bytes;
  for (const std::string_view part : parts) bytes.append(std::to_string(part.size())).append(":").append(part);
  return hex(keyed_hash(secret, bytes)).substr(0, 32);
}

/// The first messages, which a client that resends its history repeats in every turn: the system text and the first user message.
std::string first_messages(const TurnRequest& request) {
  std::string bytes;
  for (const model::ChatMessage& message : request.messages) {
    bytes.append(message.role).append(1, '\0').append(message.content).append(1, '\0');
    if (message.role == "user") break;
  }
  for (const auto& prompt : request.prompts)
    if (const auto* text = std::get_if<std::string>(&prompt)) bytes.append(*text).append(1, '\0');
  return bytes;
}

}  // namespace

std::string end_user_pseudonym(const Key& secret, std::string_view tenant, std::string_view end_user) {
  return pseudonym(secret, {"user", tenant, end_user});
}

Pseudonyms make_pseudonyms(const Key& secret, const Principal& principal, const TurnRequest& request) {
  Pseudonyms names;
  names.principal = request.end_user.empty() ? pseudonym(secret, {"key", principal.tenant, principal.key_name})
                                             : end_user_pseudonym(secret, principal.tenant, request.end_user);
  names.conversation = request.conversation_id ? pseudonym(secret, {"conversation", names.principal, *request.conversation_id})
                                               : pseudonym(secret, {"first", names.principal, first_messages(request)});
  names.subject = request.end_user.empty() ? names.conversation : names.principal;
  names.anonymous = request.end_user.empty() && !request.conversation_id;
  return names;
}

}  // namespace steward::gateway
