#pragma once

#include <string_view>

namespace steward::policy {

/// What may be done about a finding, from mildest to strictest; the strictest wins. Review stands beside any of them.
enum class Action { kPass, kLog, kRewrite, kCanned, kBlock };
enum class Direction { kInput, kOutput };
enum class Disposition { kAllowed, kLimited, kProhibited };

std::string_view to_string(Action action);
std::string_view to_string(Direction direction);
std::string_view to_string(Disposition disposition);

}  // namespace steward::policy
