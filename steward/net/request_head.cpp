#include "steward/net/request_head.h"

#include <algorithm>
#include <charconv>

namespace steward::net {
namespace {

constexpr std::size_t kFieldsMax = 128;

bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool refuse(HttpProblem& problem, int status, std::string_view message) {
  problem = HttpProblem{status, std::string(message)};
  return false;
}

bool read_query(std::string_view text, Request& request) {
  while (!text.empty()) {
    const std::size_t amp = text.find('&');
    std::string part(text.substr(0, amp));
    text.remove_prefix(amp == std::string_view::npos ? text.size() : amp + 1);
    if (part.empty()) continue;
    std::replace(part.begin(), part.end(), '+', ' ');
    const std::size_t equals = part.find('=');
    auto name = percent_decode(std::string_view(part).substr(0, equals));
    auto value = percent_decode(equals == std::string::npos ? std::string_view() : std::string_view(part).substr(equals + 1));
    if (!name || !value) return false;
    request.query.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

bool read_target(std::string_view target, Request& request, HttpProblem& problem) {
  if (target == "*" && request.method == "OPTIONS") {
    request.path = "*";
    return true;
  }
  const std::string scheme = lowered(target.substr(0, 7));
  if (scheme == "http://") {  // absolute form, as proxies get it (RFC 9112, section 3.2.2)
    target.remove_prefix(7);
    const std::size_t slash = target.find_first_of("/?");
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (target.empty() || target.front() != '/' || target.find('#') != std::string_view::npos)
    return refuse(problem, 400, "the request target must be a path that begins with '/'");
  const std::size_t mark = target.find('?');
  auto path = percent_decode(target.substr(0, mark));
  if (!path || (mark != std::string_view::npos && !read_query(target.substr(mark + 1), request)))
    return refuse(problem, 400, "the request target has a malformed percent escape");
  request.path = std::move(*path);
  return true;
}

bool read_request_line(std::string_view line, RequestHead& head, HttpProblem& problem) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return refuse(problem, 400, "the request line must be: METHOD SP target SP HTTP/1.1");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method) || method.size() > 32) return refuse(problem, 400, "the request method is malformed");
  if (target.find_first_of(" \t") != std::string_view::npos || has_control(target))
    return refuse(problem, 400, "the request target holds white space or a control character");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    const bool versioned = version.size() == 8 && version.substr(0, 5) == "HTTP/";
    return refuse(problem, versioned ? 505 : 400, "speak HTTP/1.1 to this server");
  }
  head.http_1_1 = version == "HTTP/1.1";
  head.request.method = method;
  return read_target(target, head.request, problem);
}

bool read_fields(std::string_view bytes, Headers& headers, HttpProblem& problem) {
  while (bytes != "\r\n") {
    const std::size_t end = bytes.find("\r\n");
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    if (line.front() == ' ' || line.front() == '\t')
      return refuse(problem, 400, "a header field is folded over two lines: write it on one");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return refuse(problem, 400, "a header line must be: name, colon without white space before it, value");
    const std::string_view value = trim(line.substr(colon + 1));
    if (has_control(value)) return refuse(problem, 400, "a header value holds a control character");
    if (headers.fields().size() == kFieldsMax) return refuse(problem, 431, "too many header fields: 128 at most");
    headers.add(std::string(line.substr(0, colon)), std::string(value));
  }
  return true;
}

bool valid_host(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view(".-_~:[]%!$&'()*+;=").find(c) != std::string_view::npos);
  });
}

bool read_length(RequestHead& head, HttpProblem& problem) {
  const Headers& headers = head.request.headers;
  const std::size_t encodings = headers.count("transfer-encoding");
  const std::size_t lengths = headers.count("content-length");
  if (encodings > 1) return refuse(problem, 400, "Transfer-Encoding stands twice");
  if (encodings == 1 && lengths > 0) return refuse(problem, 400, "Transfer-Encoding and Content-Length exclude each other");
  if (encodings == 1) {
    if (!head.http_1_1) return refuse(problem, 400, "Transfer-Encoding needs HTTP/1.1");
    if (lowered(*headers.find("transfer-encoding")) != "chunked")
      return refuse(problem, 400, "the only Transfer-Encoding read here is: chunked");
    head.chunked = true;
  }
  if (lengths > 1) return refuse(problem, 400, "Content-Length stands twice");
  if (lengths == 1) {
    const std::string& text = *headers.find("content-length");
    const bool digits =
        !text.empty() && text.size() <= 18 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return refuse(problem, 400, "Content-Length must be one decimal number");
    std::from_chars(text.data(), text.data() + text.size(), head.content_length);
  }
  return true;
}

bool read_connection(RequestHead& head, HttpProblem& problem) {
  const Headers& headers = head.request.headers;
  const std::size_t hosts = headers.count("host");
  if (hosts > 1) return refuse(problem, 400, "Host stands twice");
  if (hosts == 0 && head.http_1_1) return refuse(problem, 400, "Host is missing");
  if (hosts == 1 && !valid_host(*headers.find("host"))) return refuse(problem, 400, "Host is malformed");
  head.keep_alive = head.http_1_1;
  for (const auto& [name, value] : headers.fields()) {
    if (lowered(name) != "connection") continue;
    const std::string options = lowered(value);
    if (options.find("close") != std::string::npos) head.keep_alive = false;
  }
  if (const std::string* expect = headers.find("expect"); expect && head.http_1_1) {
    if (lowered(*expect) != "100-continue") return refuse(problem, 417, "the only expectation met here is 100-continue");
    head.expects_continue = true;
  }
  return true;
}

}  // namespace

bool has_bare_line_end(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) return true;
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] != '\n') return true;
  }
  return false;
}

bool read_head(std::string_view bytes, RequestHead& head, HttpProblem& problem) {
  if (bytes.size() < 4 || bytes.substr(bytes.size() - 4) != "\r\n\r\n" || has_bare_line_end(bytes))
    return refuse(problem, 400, "every line of the head must end in CRLF");
  const std::size_t end = bytes.find("\r\n");
  return read_request_line(bytes.substr(0, end), head, problem) && read_fields(bytes.substr(end + 2), head.request.headers, problem) &&
         read_connection(head, problem) && read_length(head, problem);
}

}  // namespace steward::net
