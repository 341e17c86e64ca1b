#include "steward/model/llama/reply.h"

namespace steward::model {

Reply::Reply(const Sampling& sampling, std::unique_ptr<ToolCallReader> tools, CallCount count, const Sink& sink)
    : want_logprobs_(sampling.want_logprobs), count_(count), sink_(sink), release_(sampling.stop), tools_(std::move(tools)) {}

void Reply::deliver(TextRelease::Out out) {
  if (!want_logprobs_) out.tokens.clear();
  if (!out.text.empty() || !out.tokens.empty()) sink_.on_delta(out.text, std::move(out.tokens));
}

bool Reply::give(std::string_view text, TokenLogprob token) {
  TextRelease::Out out = release_.push(text, std::move(token));
  const bool stopped = out.stopped;
  deliver(std::move(out));
  return stopped;
}

bool Reply::take(ToolCallReader::Event event) {
  if (event.kind == ToolCallReader::Event::Kind::kCall) {
    deliver(release_.finish());  // a stop string never reaches across a call
    pending_.clear();
    sink_.on_tool_call(std::move(event.call));
    return count_ == CallCount::kOne;
  }
  if (pending_.empty()) pending_.push_back(current_);
  std::vector<TokenLogprob> tokens = std::move(pending_);
  pending_.clear();
  TokenLogprob last = std::move(tokens.back());
  tokens.pop_back();
  for (TokenLogprob& token : tokens) give("", std::move(token));
  return give(event.text, std::move(last));
}

bool Reply::push(std::string_view piece, TokenLogprob token) {
  if (!tools_) return give(piece, std::move(token));
  current_ = token;
  pending_.push_back(std::move(token));
  for (ToolCallReader::Event& event : tools_->push(piece))
    if (take(std::move(event))) return true;
  return false;
}

void Reply::finish() {
  if (tools_) {
    for (ToolCallReader::Event& event : tools_->finish())
      if (take(std::move(event))) return;
  }
  deliver(release_.finish());
}

}  // namespace steward::model
