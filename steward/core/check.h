#pragma once

namespace steward {
/// Reports a broken invariant of our own and aborts. Never returns.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace steward

/// Aborts, in release builds too, when `expression` is false: for our own bugs,
/// never for what the outside world may do (that is a Result).
#define STEWARD_CHECK(expression) ((expression) ? (void)0 : ::steward::check_failed(#expression, __FILE__, __LINE__))
