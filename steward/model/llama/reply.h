#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "steward/model/language_model.h"
#include "steward/model/llama/text_release.h"
#include "steward/model/llama/tool_call_reader.h"

namespace steward::model {

/// How many calls a reply may hold.
enum class CallCount { kAny, kOne };

/// Brings what a model writes to its sink: calls are taken out of the text, stop strings end it, and only whole characters go out. Stop
/// strings do not act in a call.
class Reply {
 public:
  /// `tools`: null when there are no functions to call. `sink` must outlive this.
  Reply(const Sampling& sampling, std::unique_ptr<ToolCallReader> tools, CallCount count, const Sink& sink);
  /// True: the reply ends here, by a stop string or because its one call is whole.
  bool push(std::string_view piece, TokenLogprob token);
  /// The model ended: gives out what is held.
  void finish();
  int calls() const { return tools_ ? tools_->calls() : 0; }

 private:
  bool give(std::string_view text, TokenLogprob token);
  bool take(ToolCallReader::Event event);
  void deliver(TextRelease::Out out);

  const bool want_logprobs_;
  const CallCount count_;
  const Sink& sink_;
  TextRelease release_;
  const std::unique_ptr<ToolCallReader> tools_;
  TokenLogprob current_;
  std::vector<TokenLogprob> pending_;  ///< whose text the reader of calls holds
};

}  // namespace steward::model
