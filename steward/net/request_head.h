#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "steward/net/http.h"

namespace steward::net {

/// Why a request is refused before any handler sees it.
struct HttpProblem {
  int status = 400;
  std::string message;  ///< what to fix; quotes nothing of the request
};

/// A request's head as it was read: the one reading on which the server acts.
struct RequestHead {
  Request request;  ///< all but the body and the peer
  bool http_1_1 = true;
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  std::size_t content_length = 0;
};

/// Strict reading of a head, which ends in CRLF CRLF [RFC 9112, sections 2.2, 3, 5 and 6]. Refused, because another server
/// on the way might read them differently: bare CR or LF, folded fields, white space before a colon, control characters, a missing or
/// second Host, Transfer-Encoding other than one "chunked", Transfer-Encoding with Content-Length, a second or malformed Content-Length.
/// True and `head` filled, or false and `problem` filled.
bool read_head(std::string_view bytes, RequestHead& head, HttpProblem& problem);

/// True if `bytes`, the beginning of a head, already hold a line end that is not CRLF.
bool has_bare_line_end(std::string_view bytes);

}  // namespace steward::net
