#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace tl {
template <class T, class E>
class [[nodiscard]] expected;
}
#include <tl/expected.hpp>

namespace steward {

/// Every way in which the outside world fails. Closed: one table maps it to HTTP.
enum class ErrorCode {
  kInvalidInput,       ///< 400: the caller must change the request or the file
  kUnauthenticated,    ///< 401: no usable key
  kPermissionDenied,   ///< 403: the key may not do this
  kNotFound,           ///< 404: no such model, file, event
  kTooLarge,           ///< 413: over a stated limit
  kResourceExhausted,  ///< 429: a bounded queue or a limit is full, try later
  kUnavailable,        ///< 503: a part that should answer does not
  kDeadlineExceeded,   ///< 504: it did not finish in time
  kCancelled,          ///< 499: the caller left
  kInternal,           ///< 500: storage or a library failed
};

/// `message` says what to fix and never quotes user text.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string param;  ///< field of the request that is wrong, or empty
};

std::string_view to_string(ErrorCode code);
/// HTTP status for `code` (RFC 9110).
int http_status(ErrorCode code);

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string param = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(param)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

namespace detail {
template <class T>
T take(tl::expected<T, Error>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
}  // namespace detail

}  // namespace steward

/// Unwraps a Result or returns its error. Only as a whole initialiser or a statement.
#define TRY(...)                                                              \
  ({                                                                          \
    auto try_result_ = (__VA_ARGS__);                                         \
    if (!try_result_) return ::steward::fail(std::move(try_result_).error()); \
    ::steward::detail::take(std::move(try_result_));                          \
  })
/// The same inside a coroutine.
#define CO_TRY(...)                                                              \
  ({                                                                             \
    auto try_result_ = (__VA_ARGS__);                                            \
    if (!try_result_) co_return ::steward::fail(std::move(try_result_).error()); \
    ::steward::detail::take(std::move(try_result_));                             \
  })
