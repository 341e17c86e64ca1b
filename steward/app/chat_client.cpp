#include "steward/app/chat_client.h"

#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

namespace steward::app {
namespace {

struct CurlDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

/// Receives a body; calls `on_line` for each whole line.
struct Receiver {
  std::function<void(std::string_view)> on_line;
  std::string all, line;

  static std::size_t write(char* data, std::size_t, std::size_t count, void* self) {
    auto* receiver = static_cast<Receiver*>(self);
    receiver->all.append(data, count);
    receiver->line.append(data, count);
    for (auto end = receiver->line.find('\n'); end != std::string::npos; end = receiver->line.find('\n')) {
      if (receiver->on_line) receiver->on_line(std::string_view(receiver->line).substr(0, end));
      receiver->line.erase(0, end + 1);
    }
    return count;
  }
};

std::string error_message(const std::string& body) {
  const auto parsed = json::parse(body);
  if (!parsed || !parsed->is_object()) return "the gateway gave no readable answer";
  const auto* error = parsed->get_object().if_contains("error");
  const auto* message = error && error->is_object() ? error->get_object().if_contains("message") : nullptr;
  return message && message->is_string() ? std::string(message->get_string()) : "the gateway refused the request";
}

Result<void> perform(const std::string& url, const std::string* body, Receiver& receiver) {
  const std::unique_ptr<CURL, CurlDelete> handle(curl_easy_init());
  if (!handle) return fail(ErrorCode::kInternal, "libcurl cannot start");
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers);
  if (body) curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, body->c_str());
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &Receiver::write);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &receiver);
  const CURLcode status = curl_easy_perform(handle.get());
  long code = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &code);
  curl_slist_free_all(headers);
  if (status != CURLE_OK) return fail(ErrorCode::kUnavailable, fmt::format("cannot reach the gateway: {}", curl_easy_strerror(status)));
  if (code != 200) return fail(ErrorCode::kInvalidInput, error_message(receiver.all));
  return {};
}

}  // namespace

Result<ChatClient::Done> ChatClient::stream(const json::Object& request, const std::function<void(std::string_view)>& on_text) {
  Done done;
  Receiver receiver;
  receiver.on_line = [&](std::string_view line) {
    if (!line.starts_with("data: {")) return;
    const auto chunk = json::parse(line.substr(6));
    if (!chunk || !chunk->is_object()) return;
    const auto& object = chunk->get_object();
    if (const auto* steward = object.if_contains("steward"); steward && steward->is_object()) done.steward = steward->get_object();
    const auto* choices = object.if_contains("choices");
    if (!choices || !choices->is_array() || choices->get_array().empty()) return;
    const auto& choice = choices->get_array()[0].as_object();
    if (const auto* reason = choice.if_contains("finish_reason"); reason && reason->is_string())
      done.finish_reason = std::string(reason->get_string());
    const auto* delta = choice.if_contains("delta");
    const auto* content = delta && delta->is_object() ? delta->get_object().if_contains("content") : nullptr;
    if (content && content->is_string()) on_text(content->get_string());
  };
  const std::string body = json::dump(request);
  TRY(perform("http://" + address_ + "/v1/chat/completions", &body, receiver));
  return done;
}

Result<std::vector<std::string>> ChatClient::notices(const std::string& language) {
  Receiver receiver;
  TRY(perform("http://" + address_ + "/v1/notices?language=" + language, nullptr, receiver));
  const auto parsed = TRY(json::parse(receiver.all));
  std::vector<std::string> out;
  const auto* list = parsed.is_object() ? parsed.get_object().if_contains("notices") : nullptr;
  if (!list) list = parsed.is_object() ? parsed.get_object().if_contains("data") : nullptr;
  if (!list || !list->is_array()) return out;
  for (const json::Value& notice : list->get_array()) {
    const auto* text = notice.is_object() ? notice.get_object().if_contains("text") : nullptr;
    if (text && text->is_string()) out.emplace_back(text->get_string());
  }
  return out;
}

}  // namespace steward::app
