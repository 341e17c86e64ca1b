#include "steward/model/remote/remote_model.h"

#include <fmt/format.h>

#include "steward/model/remote/remote_generation.h"
#include "steward/model/remote/request_body.h"
#include "steward/net/base_url.h"

namespace steward::model {
namespace {

class Handle final : public Generation {
 public:
  Handle(std::shared_ptr<RemoteGeneration> generation, std::shared_ptr<net::ClientCall> call)
      : generation_(std::move(generation)), call_(std::move(call)) {}
  ~Handle() override { cancel(); }
  void cancel() override {
    if (!generation_->is_finished()) call_->cancel();  // else the connection may serve the next request
  }

 private:
  const std::shared_ptr<RemoteGeneration> generation_;  // shared with its call
  const std::shared_ptr<net::ClientCall> call_;         // shared with its connection
};

tl::unexpected<Error> elsewhere(std::string_view what, std::string param) {
  return fail(ErrorCode::kInvalidInput, fmt::format("this model is served by an upstream, {}", what), std::move(param));
}

class RemoteModel final : public LanguageModel {
 public:
  RemoteModel(const RemoteOptions& options, const net::BaseUrl& url, const Clock& clock, std::unique_ptr<net::Client> client)
      : path_(url.path), upstream_(std::make_shared<Upstream>(options, clock, std::move(client))) {
    record_.id = options.id;
    record_.path = options.url;
    record_.architecture = "upstream";
    record_.name = options.model;
    record_.license = options.license;
    record_.context_length = options.context_tokens;
  }
  ~RemoteModel() override { upstream_->client->close(); }

  const ModelRecord& record() const override { return record_; }
  Result<std::unique_ptr<Generation>> start(GenerateRequest request, Sink sink) override;
  Result<std::vector<Token>> tokenize(std::string_view, bool, bool) const override {
    return elsewhere("which does not tell its tokens", "model");
  }
  Result<std::string> detokenize(const std::vector<Token>&) const override { return elsewhere("which does not tell its tokens", "model"); }
  TokenizerInfo tokenizer_info() const override { return {}; }
  Result<std::string> render(const std::vector<ChatMessage>&) const override { return elsewhere("which renders the chat itself", "model"); }

 private:
  const std::string path_;
  const std::shared_ptr<Upstream> upstream_;  // shared with its generations
  ModelRecord record_;
};

Result<std::unique_ptr<Generation>> RemoteModel::start(GenerateRequest request, Sink sink) {
  ReplyStream::Expected expected;
  expected.is_chat = std::holds_alternative<std::vector<ChatMessage>>(request.prompt);
  if (request.sampling.echo && expected.is_chat) return elsewhere("which echoes prompts of completions only", "echo");
  if (!request.tools.empty() && !expected.is_chat) return elsewhere("which takes tools in chats only", "tools");
  if (!request.tools.empty() && !sink.on_tool_call) return fail(ErrorCode::kInternal, "tools need on_tool_call");
  if (request.sampling.echo && !sink.on_prompt) return fail(ErrorCode::kInternal, "echo needs on_prompt");
  if (!upstream_->breaker.may_ask())
    return fail(ErrorCode::kUnavailable, fmt::format("the upstream of this model fails; it will be asked again in {} s",
                                                     upstream_->breaker.wait().count() / 1000 + 1));
  expected.echo = request.sampling.echo;
  expected.is_events = request.stream && !expected.echo;
  expected.logprobs = request.sampling.want_logprobs;
  expected.generates = request.sampling.max_tokens != 0;
  net::ClientRequest http;
  http.target = path_ + (expected.is_chat ? "/chat/completions" : "/completions");
  http.body = request_body(upstream_->options.model, request);
  expected.prompt_is_text = std::holds_alternative<std::string>(request.prompt);
  if (expected.echo && expected.prompt_is_text) expected.prompt = std::move(std::get<std::string>(request.prompt));
  auto generation = std::make_shared<RemoteGeneration>(upstream_, std::move(expected), std::move(sink));
  auto call = upstream_->client->start(std::move(http), generation);
  if (!call) {
    upstream_->breaker.abandoned();
    return fail(std::move(call).error());
  }
  return std::unique_ptr<Generation>(std::make_unique<Handle>(std::move(generation), std::move(*call)));
}

}  // namespace

Result<std::unique_ptr<LanguageModel>> open_remote(const RemoteOptions& options, const Clock& clock) {
  const net::BaseUrl url = TRY(net::parse_base_url(options.url));
  net::ClientOptions client;
  client.host = url.host;
  client.port = url.port;
  client.security = url.security;
  client.ca_file = options.ca_file;
  client.headers.add("Content-Type", "application/json");
  if (!options.api_key.empty()) {
    if (options.api_key.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return fail(ErrorCode::kInvalidInput, "the upstream's API key must be one line of text");
    client.headers.add("Authorization", "Bearer " + options.api_key);
  }
  client.connections_max = options.connections_max;
  client.queued_requests_max = options.queued_requests_max;
  client.body_bytes_max = options.reply_bytes_max;
  client.connect_timeout = options.connect_timeout;
  client.first_byte_timeout = options.first_byte_timeout;
  client.idle_timeout = options.idle_timeout;
  auto opened = TRY(net::Client::open(std::move(client)));
  return std::unique_ptr<LanguageModel>(std::make_unique<RemoteModel>(options, url, clock, std::move(opened)));
}

}  // namespace steward::model
