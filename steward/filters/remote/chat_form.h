#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/filters/remote/service.h"

namespace steward::filters::remote {

/// The answer of a guard model behind /chat/completions.
struct ChatAnswer {
  struct Alternative {
    std::string token;  ///< without white space, in small letters
    double probability = 0;
  };
  std::string text;
  std::vector<std::vector<Alternative>> tokens;  ///< for each token the likeliest ones, itself among them; empty if the server gives none
};
/// Errors: kUnavailable.
Result<ChatAnswer> read_chat(std::string_view body);

/// The conversation as guard models are trained on it: user and assistant in turns, a user first, the subject last. At most `context_max`
/// messages before the subject.
json::Array chat_messages(const Subject& subject, std::size_t context_max);
/// A request at temperature 0.
net::ClientRequest chat_request(const std::string& target, json::Object body);

/// P(yes) / (P(yes) + P(no)) at the first token that begins like one of them; nullopt if no token does.
std::optional<double> probability_of(const ChatAnswer& answer, std::string_view yes, std::string_view no);

/// Without white space at its ends, in small letters (ASCII).
std::string plain_word(std::string_view text);

}  // namespace steward::filters::remote
