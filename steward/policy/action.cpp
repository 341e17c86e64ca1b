#include "steward/policy/action.h"

namespace steward::policy {

std::string_view to_string(Action action) {
  switch (action) {
    case Action::kPass:
      return "pass";
    case Action::kLog:
      return "log";
    case Action::kRewrite:
      return "rewrite";
    case Action::kCanned:
      return "canned";
    case Action::kBlock:
      return "block";
  }
  return "block";
}

std::string_view to_string(Direction direction) { return direction == Direction::kInput ? "input" : "output"; }

std::string_view to_string(Disposition disposition) {
  switch (disposition) {
    case Disposition::kAllowed:
      return "allowed";
    case Disposition::kLimited:
      return "limited";
    case Disposition::kProhibited:
      return "prohibited";
  }
  return "prohibited";
}

}  // namespace steward::policy
