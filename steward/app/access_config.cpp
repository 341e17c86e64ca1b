#include "steward/app/access_config.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "steward/app/yaml_fields.h"
#include "steward/core/clock.h"

namespace steward::app {
namespace {

using gateway::ApiKey;
using gateway::Limits;
using yaml::Node;

constexpr std::int64_t kDayUs = 86'400'000'000;

/// Limits that `node` names, over those of `given`.
Result<Limits> read_limits(const Node& node, Limits given) {
  given.requests_per_minute = TRY(integer_or(node, "requests_per_minute", given.requests_per_minute, 0, 1'000'000));
  given.tokens_per_minute = TRY(integer_or(node, "tokens_per_minute", given.tokens_per_minute, 0, 1'000'000'000));
  given.concurrent_turns = TRY(integer_or(node, "concurrent_turns", given.concurrent_turns, 0, 100'000));
  return given;
}

/// What a role and a key can both say.
Result<void> read_rights(const Node& node, ApiKey& key) {
  for (const std::string& permission : TRY(texts_or_none(node, "permissions"))) {
    if (permission != "raw" && permission != "trusted_headers" && permission != "erase")
      return yaml::fail_at(*node.find("permissions"), fmt::format("'{}' is no permission; known: raw, trusted_headers, erase", permission));
    key.permissions.insert(permission);
  }
  if (node.find("models")) key.models = TRY(texts_or_none(node, "models"));
  key.limits = TRY(read_limits(node, key.limits));
  return {};
}

Result<void> read_principal(const Node& node, ApiKey& key) {
  key.tenant = TRY(text_or(node, "tenant", "default"));
  key.name = TRY(text_or(node, "name", ""));
  key.age_band = TRY(text_or(node, "age_band", "unknown"));
  if (!gateway::is_age_band(key.age_band)) return yaml::fail_at(*node.find("age_band"), "write u13, 13-15, 16-17, 18+ or unknown");
  key.jurisdiction = TRY(text_or(node, "jurisdiction", "unknown"));
  if (key.jurisdiction != "unknown" && gateway::read_place(key.jurisdiction) != key.jurisdiction)
    return yaml::fail_at(*node.find("jurisdiction"), "write an ISO 3166-1 code such as DE, or unknown");
  return {};
}

Result<ApiKey> read_key(const Node& node, const std::map<std::string, ApiKey>& roles) {
  TRY(yaml::check_keys(node,
                       {"sha256", "tenant", "name", "age_band", "jurisdiction", "role", "permissions", "models", "requests_per_minute",
                        "tokens_per_minute", "concurrent_turns", "expires"},
                       "an API key"));
  ApiKey key;
  if (const Node* role = node.find("role")) {
    const auto found = roles.find(TRY(role->as_string()));
    if (found == roles.end()) return yaml::fail_at(*role, "there is no such role under `access.roles`");
    key = found->second;
  }
  key.sha256 = TRY(text_or(node, "sha256", ""));
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (key.sha256.size() != 64 || !std::all_of(key.sha256.begin(), key.sha256.end(), is_hex))
    return yaml::fail_at(node,
                         "an API key needs `sha256`: the hash of the key in 64 hex digits (`steward keys new` makes both; or "
                         "printf %s \"$KEY\" | sha256sum)");
  TRY(read_principal(node, key));
  TRY(read_rights(node, key));
  if (const Node* expires = node.find("expires")) {
    const std::int64_t days = parse_date_days(TRY(expires->as_string()));
    if (days < 0) return yaml::fail_at(*expires, "write a date such as 2027-01-31: the first day on which the key is refused");
    key.expires_us = days * kDayUs;
  }
  return key;
}

Result<std::map<std::string, ApiKey>> read_roles(const Node& node) {
  std::map<std::string, ApiKey> roles;
  const Node* list = node.find("roles");
  if (!list) return roles;
  if (!list->is_mapping()) return yaml::fail_at(*list, "write roles, such as `evaluator: {permissions: [raw]}`");
  for (const auto& [name, role] : list->members) {
    TRY(yaml::check_keys(role, {"permissions", "models", "requests_per_minute", "tokens_per_minute", "concurrent_turns"}, "a role"));
    TRY(read_rights(role, roles[name.scalar]));
  }
  return roles;
}

}  // namespace

Result<gateway::AccessOptions> read_access(const Node& node) {
  TRY(yaml::check_keys(node, {"keys", "roles", "per_user", "raw_on_loopback"}, "access"));
  gateway::AccessOptions access;
  access.raw_on_loopback = true;
  const auto roles = TRY(read_roles(node));
  if (const Node* keys = node.find("keys")) {
    for (const Node& item : keys->items) {
      ApiKey key = TRY(read_key(item, roles));
      for (const ApiKey& other : access.keys) {
        if (other.sha256 == key.sha256) return yaml::fail_at(item, "this key stands twice");
        if (other.tenant == key.tenant && other.name == key.name)
          return yaml::fail_at(item, "another key of this tenant has the same `name`: limits are counted by it");
      }
      access.keys.push_back(std::move(key));
    }
  }
  if (const Node* per_user = node.find("per_user")) {
    TRY(yaml::check_keys(*per_user, {"requests_per_minute", "tokens_per_minute", "concurrent_turns"}, "per_user"));
    access.per_user = TRY(read_limits(*per_user, {}));
  }
  if (const Node* raw = node.find("raw_on_loopback")) access.raw_on_loopback = TRY(raw->as_bool());
  return access;
}

}  // namespace steward::app
