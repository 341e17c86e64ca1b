#include "steward/gateway/turn_request.h"

#include <limits>

#include <fmt/format.h>

#include "steward/gateway/sampling_fields.h"
#include "steward/gateway/tool_fields.h"

namespace steward::gateway {
namespace {

constexpr std::size_t kNameBytesMax = 512;

tl::unexpected<Error> invalid(std::string_view param, std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message), std::string(param));
}

bool is_role(std::string_view role) {
  return role == "system" || role == "developer" || role == "user" || role == "assistant" || role == "tool";
}

/// A string, or parts of which each is text.
Result<std::string> read_content(const json::Value& content, const std::string& param) {
  if (const auto* text = content.if_string()) return std::string(text->data(), text->size());
  const auto* parts = content.if_array();
  if (!parts) return invalid(param, fmt::format("'{}' must be a string or an array of text parts", param));
  std::string joined;
  for (const json::Value& part : *parts) {
    const auto* object = part.if_object();
    if (!object) return invalid(param, fmt::format("each part of '{}' must be an object", param));
    const auto type = TRY(json::get_string(*object, "type"));
    if (type != "text")
      return invalid(param, fmt::format("'{}' may hold only parts of type \"text\": images, audio and files are not supported yet", param));
    const auto text = TRY(json::get_string(*object, "text"));
    if (!text) return invalid(param, fmt::format("a text part of '{}' lacks its 'text'", param));
    joined += *text;
  }
  return joined;
}

Result<model::ChatMessage> read_message(const json::Value& value, std::size_t index) {
  const std::string param = fmt::format("messages[{}]", index);
  const auto* object = value.if_object();
  if (!object) return invalid(param, fmt::format("'{}' must be an object", param));
  model::ChatMessage message;
  const json::Value* role = object->if_contains("role");
  if (!role || !role->is_string()) return invalid(param + ".role", fmt::format("'{}.role' must be a string", param));
  message.role = std::string(role->as_string());
  if (!is_role(message.role))
    return invalid(param + ".role", fmt::format("'{}.role' must be system, developer, user, assistant or tool", param));
  for (const std::string_view field : {"function_call", "audio"}) {
    const json::Value* found = object->if_contains(field);
    const bool given = found && !found->is_null() && !(found->is_array() && found->as_array().empty());
    if (given) return invalid(fmt::format("{}.{}", param, field), fmt::format("'{}' is not supported", field));
  }
  message.tool_calls = TRY(read_tool_calls(*object, param));
  if (!message.tool_calls.empty() && message.role != "assistant")
    return invalid(param + ".tool_calls", fmt::format("'{}.tool_calls' belong to an assistant's message", param));
  message.tool_call_id = TRY(json::get_string(*object, "tool_call_id")).value_or("");
  if (!message.tool_call_id.empty() && !is_call_id(message.tool_call_id))
    return invalid(param + ".tool_call_id", fmt::format("'{}.tool_call_id' must be the id of a call", param));
  const json::Value* content = object->if_contains("content");
  const bool missing = !content || content->is_null();
  if (missing && message.role != "assistant") return invalid(param + ".content", fmt::format("'{}.content' is missing", param));
  if (!missing) message.content = TRY(read_content(*content, param + ".content"));
  if (const json::Value* name = object->if_contains("name"); name && !name->is_null()) {
    if (!name->is_string() || name->as_string().size() > kNameBytesMax)
      return invalid(param + ".name", fmt::format("'{}.name' must be a short string", param));
    message.name = std::string(name->as_string());
  }
  return message;
}

Result<void> read_messages(const GatewayOptions& options, const json::Object& body, TurnRequest& request) {
  const json::Array* messages = TRY(json::get_array(body, "messages"));
  if (!messages || messages->empty()) return invalid("messages", "'messages' must be an array with at least one message");
  if (messages->size() > options.messages_max)
    return invalid("messages", fmt::format("'messages' holds more than {} messages", options.messages_max));
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    request.messages.push_back(TRY(read_message((*messages)[i], i)));
    bytes += request.messages.back().content.size();
    for (const model::ToolCall& call : request.messages.back().tool_calls) bytes += call.arguments.size();
  }
  bytes += text_bytes(request.tools);
  if (bytes > options.text_bytes_max)
    return fail(ErrorCode::kTooLarge, fmt::format("'messages' and 'tools' hold more than {} bytes of text", options.text_bytes_max),
                "messages");
  return {};
}

Result<void> read_identity(const json::Object& body, TurnRequest& request) {
  for (const std::string_view field : {"safety_identifier", "user"}) {
    const auto value = TRY(json::get_string(body, field));
    if (value && value->size() > kNameBytesMax) return invalid(field, fmt::format("'{}' is over 512 bytes", field));
    if (value && request.end_user.empty()) request.end_user = *value;
  }
  if (const json::Object* metadata = TRY(json::get_object(body, "metadata"))) {
    const auto id = TRY(json::get_string(*metadata, "conversation_id"));
    if (id && (id->empty() || id->size() > kNameBytesMax))
      return invalid("metadata.conversation_id", "'metadata.conversation_id' must have 1 to 512 bytes");
    request.conversation_id = id;
  }
  return {};
}

Result<void> read_stream(const json::Object& body, TurnRequest& request) {
  request.stream = TRY(json::get_bool(body, "stream")).value_or(false);
  if (const json::Object* options = TRY(json::get_object(body, "stream_options")))
    request.include_usage = TRY(json::get_bool(*options, "include_usage")).value_or(false);
  request.reproducible = TRY(json::get_bool(body, "reproducible")).value_or(false);
  return {};
}

Result<void> read_samples(const GatewayOptions& options, const json::Object& body, TurnRequest& request) {
  const auto count = TRY(json::get_integer(body, "n"));
  if (count && (*count < 1 || *count > options.samples_max))
    return invalid("n", fmt::format("'n' must be from 1 to {}", options.samples_max));
  request.samples = static_cast<int>(count.value_or(1));
  const auto best_of = TRY(json::get_integer(body, "best_of"));
  if (best_of && *best_of != 1 && *best_of != request.samples)
    return invalid("best_of", "'best_of' must be 1 or as many as 'n': all answers are given");
  if (request.prompts.size() * static_cast<std::size_t>(request.samples) > options.prompts_max)
    return invalid("n", fmt::format("'n' times the number of prompts must be at most {}", options.prompts_max));
  return {};
}

/// What would change the meaning of the answer if it were ignored.
Result<void> refuse_unsupported(const json::Object& body) {
  for (const std::string_view field : {"audio", "prediction", "prompt_logprobs", "web_search_options"}) {
    const json::Value* value = body.if_contains(field);
    if (value && !value->is_null()) return invalid(field, fmt::format("'{}' is not supported yet", field));
  }
  const auto suffix = body.if_contains("suffix");
  if (suffix && !suffix->is_null() && !(suffix->is_string() && suffix->as_string().empty()))
    return invalid("suffix", "'suffix' is not supported yet");
  return {};
}

/// Completions have neither tools nor forms.
Result<void> refuse_chat_fields(const json::Object& body) {
  for (const std::string_view field : {"tools", "functions"}) {
    const json::Array* list = TRY(json::get_array(body, field));
    if (list && !list->empty()) return invalid(field, fmt::format("'{}' belong to /v1/chat/completions", field));
  }
  if (const json::Object* format = TRY(json::get_object(body, "response_format"))) {
    if (TRY(json::get_string(*format, "type")) != "text")
      return invalid("response_format", "'response_format' belongs to /v1/chat/completions");
  }
  return {};
}

/// Log-probabilities describe the text that the model wrote, which a guard may change or withhold.
Result<void> refuse_details_beside_a_guard(const TurnRequest& request) {
  if (!request.target.guard) return {};
  const std::string base = request.target.model_id.substr(0, request.target.model_id.find('@'));
  if (request.sampling.echo)
    return invalid("echo", fmt::format("'echo' needs the profile without a guard: use the model \"{}@raw\"", base));
  if (request.sampling.want_logprobs)
    return invalid("logprobs", fmt::format("'logprobs' need the profile without a guard: use the model \"{}@raw\"", base));
  return {};
}

Result<Target> read_target(const GatewayParts& parts, const GatewayOptions& options, const Principal& principal, const json::Object& body) {
  const auto model = TRY(json::get_string(body, "model"));
  if (!model) return invalid("model", "'model' is missing: GET /v1/models lists the ids");
  return choose_target(parts, options, principal, *model);
}

bool is_token(const json::Value& value) { return value.is_int64() || value.is_uint64(); }

Result<void> read_prompts(const GatewayOptions& options, const json::Value& value, TurnRequest& request) {
  if (const auto* text = value.if_string()) {
    request.prompts.emplace_back(std::string(text->data(), text->size()));
    return {};
  }
  const auto* array = value.if_array();
  if (!array || array->empty())
    return invalid("prompt", "'prompt' must be a string, an array of strings, of token ids, or of arrays of token ids");
  if (is_token((*array)[0])) {
    request.prompts.emplace_back(TRY(read_tokens(*array, "prompt")));
    return {};
  }
  if (array->size() > options.prompts_max)
    return invalid("prompt", fmt::format("'prompt' holds more than {} prompts", options.prompts_max));
  for (const json::Value& item : *array) {
    if (item.kind() != (*array)[0].kind()) return invalid("prompt", "'prompt' mixes strings and arrays");
    if (const auto* text = item.if_string())
      request.prompts.emplace_back(std::string(text->data(), text->size()));
    else if (const auto* tokens = item.if_array())
      request.prompts.emplace_back(TRY(read_tokens(*tokens, "prompt")));
    else
      return invalid("prompt", "'prompt' must hold strings or arrays of token ids");
  }
  return {};
}

Result<void> check_prompt_size(const GatewayOptions& options, const TurnRequest& request) {
  std::size_t bytes = 0;
  for (const auto& prompt : request.prompts) {
    if (const auto* text = std::get_if<std::string>(&prompt)) bytes += text->size();
    if (const auto* tokens = std::get_if<std::vector<model::Token>>(&prompt)) bytes += tokens->size() * sizeof(model::Token);
  }
  if (bytes > options.text_bytes_max)
    return fail(ErrorCode::kTooLarge, fmt::format("'prompt' holds more than {} bytes", options.text_bytes_max), "prompt");
  return {};
}

/// OpenAI's, unless the product sets others for this model.
model::Sampling sampling_defaults(const GatewayOptions& options, const model::LanguageModel& model) {
  const auto found = options.sampling_defaults.find(model.record().id);
  return found == options.sampling_defaults.end() ? model::Sampling{} : found->second;
}

}  // namespace

std::string_view to_string(Surface surface) { return surface == Surface::kChat ? "chat" : "completions"; }

Result<std::vector<model::Token>> read_tokens(const json::Array& array, std::string_view param) {
  std::vector<model::Token> tokens;
  tokens.reserve(array.size());
  for (const json::Value& value : array) {
    const auto* token = value.if_int64();
    if (!token || *token < 0 || *token > std::numeric_limits<model::Token>::max())
      return invalid(param, fmt::format("'{}' must hold token ids: integers that are not negative", param));
    tokens.push_back(static_cast<model::Token>(*token));
  }
  return tokens;
}

Result<Target> choose_target(const GatewayParts& parts, const GatewayOptions& options, const Principal& principal,
                             std::string_view model_id) {
  Target target;
  target.model_id = model_id;
  const auto find_model = [&](std::string_view id) -> model::LanguageModel* {
    for (model::LanguageModel* candidate : parts.models)
      if (candidate->record().id == id) return candidate;
    return nullptr;
  };
  target.model = find_model(model_id);  // an id of a model may itself hold an '@'
  const std::size_t at = model_id.rfind('@');
  if (target.model) {
    target.profile = options.default_profile;
  } else if (at != std::string_view::npos) {
    target.model = find_model(model_id.substr(0, at));
    target.profile = model_id.substr(at + 1);
  }
  if (!target.model || !principal.may_use(model_id))
    return fail(ErrorCode::kNotFound, "no such model: GET /v1/models lists the ids", "model");
  if (target.profile == kRawProfile) {
    if (!principal.may_raw)
      return fail(ErrorCode::kPermissionDenied, "the profile 'raw' has no guard and needs the permission 'raw'", "model");
    return target;
  }
  target.guard = parts.profiles.find(target.profile);
  if (!target.guard) return fail(ErrorCode::kNotFound, "this model has no such profile: GET /v1/models lists the ids", "model");
  return target;
}

Result<TurnRequest> read_chat(const GatewayParts& parts, const GatewayOptions& options, const Principal& principal,
                              const json::Object& body) {
  TurnRequest request;
  request.surface = Surface::kChat;
  request.target = TRY(read_target(parts, options, principal, body));
  TRY(read_tools(body, request));
  TRY(read_messages(options, body, request));
  TRY(read_response_format(body, request));
  TRY(refuse_unsupported(body));
  TRY(read_samples(options, body, request));
  TRY(read_identity(body, request));
  TRY(read_stream(body, request));
  request.sampling = TRY(read_sampling(body, sampling_defaults(options, *request.target.model)));
  TRY(read_chat_logprobs(body, request.sampling));
  TRY(refuse_details_beside_a_guard(request));
  return request;
}

Result<TurnRequest> read_completion(const GatewayParts& parts, const GatewayOptions& options, const Principal& principal,
                                    const json::Object& body) {
  TurnRequest request;
  request.surface = Surface::kCompletions;
  request.target = TRY(read_target(parts, options, principal, body));
  const json::Value* prompt = body.if_contains("prompt");
  if (!prompt || prompt->is_null()) return invalid("prompt", "'prompt' is missing");
  TRY(read_prompts(options, *prompt, request));
  TRY(check_prompt_size(options, request));
  TRY(refuse_unsupported(body));
  TRY(refuse_chat_fields(body));
  TRY(read_samples(options, body, request));
  TRY(read_identity(body, request));
  TRY(read_stream(body, request));
  request.sampling = TRY(read_sampling(body, sampling_defaults(options, *request.target.model)));
  TRY(read_completion_logprobs(body, request.sampling));
  TRY(refuse_details_beside_a_guard(request));
  if (request.sampling.echo && request.stream) return invalid("stream", "'echo' cannot be streamed: leave 'stream' out");
  if (request.sampling.echo) request.reproducible = true;  // scores must repeat to the last bit
  return request;
}

}  // namespace steward::gateway
