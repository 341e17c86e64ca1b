#pragma once

#include <functional>
#include <string>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"

namespace steward::app {

/// Speaks to a gateway on loopback the way any client does: HTTP and server-sent events, over libcurl.
class ChatClient {
 public:
  explicit ChatClient(std::string address) : address_(std::move(address)) {}

  struct Done {
    std::string finish_reason;
    json::Object steward;  ///< of the last chunk that had one
  };
  /// Posts a streaming chat request; `on_text` gets each piece. Errors: the API's own message.
  Result<Done> stream(const json::Object& request, const std::function<void(std::string_view)>& on_text);
  /// Texts to show before the first input.
  Result<std::vector<std::string>> notices(const std::string& language);

 private:
  std::string address_;
};

}  // namespace steward::app
