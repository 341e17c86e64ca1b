#pragma once
// The default model and whole requests to it, for tests.
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "steward/core/check.h"
#include "steward/model/llama/llama_model.h"

namespace steward::model::testing_llama {

inline std::string model_path() {
  const char* folder = std::getenv("STEWARD_MODELS_DIR");
  const char* home = std::getenv("HOME");
  return (folder ? std::string(folder) : std::string(home ? home : "") + "/.cache/steward/models") + "/SmolLM2-135M-Instruct.Q8_0.gguf";
}

inline LlamaOptions options(int sequences = 2, int queue_max = 8) {
  LlamaOptions out;
  out.path = model_path();
  out.id = "test";
  out.context_per_sequence = 512;
  out.sequences = sequences;
  out.queue_max = queue_max;
  return out;
}

/// One model for all tests of the program that do not need their own.
inline LanguageModel& shared() {
  static const std::unique_ptr<LanguageModel> model = [] {
    auto opened = open_llama(options());
    if (!opened) fprintf(stderr, "%s (tests find models by STEWARD_MODELS_DIR)\n", opened.error().message.c_str());
    STEWARD_CHECK(opened.has_value());
    return std::move(opened->front());
  }();
  return *model;
}

struct Answer {
  std::string text;
  std::vector<std::string> deltas;
  std::vector<TokenLogprob> prompt, tokens;
  std::vector<ToolCall> calls;
  Result<FinishReason> reason = FinishReason::kCancelled;
  Usage usage;
};

/// A generation and where its answer goes.
struct Running {
  std::shared_ptr<Answer> answer = std::make_shared<Answer>();
  std::future<void> done;
  std::unique_ptr<Generation> generation;
  Answer wait() {
    EXPECT_EQ(done.wait_for(std::chrono::seconds(120)), std::future_status::ready);
    return *answer;
  }
};

inline Result<Running> start(LanguageModel& model, GenerateRequest request) {
  Running running;
  auto promise = std::make_shared<std::promise<void>>();
  running.done = promise->get_future();
  Sink sink;
  sink.on_prompt = [answer = running.answer](std::vector<TokenLogprob> tokens) { answer->prompt = std::move(tokens); };
  sink.on_delta = [answer = running.answer](std::string_view text, std::vector<TokenLogprob> tokens) {
    answer->text += text;
    answer->deltas.emplace_back(text);
    answer->tokens.insert(answer->tokens.end(), tokens.begin(), tokens.end());
  };
  sink.on_tool_call = [answer = running.answer](ToolCall call) { answer->calls.push_back(std::move(call)); };
  sink.on_done = [answer = running.answer, promise](Result<FinishReason> reason, Usage usage) {
    answer->reason = std::move(reason);
    answer->usage = usage;
    promise->set_value();
  };
  running.generation = TRY(model.start(std::move(request), std::move(sink)));
  return running;
}

inline Result<Running> start(LanguageModel& model, Prompt prompt, const Sampling& sampling, bool reproducible = false) {
  GenerateRequest request;
  request.prompt = std::move(prompt);
  request.sampling = sampling;
  request.reproducible = reproducible;
  return start(model, std::move(request));
}

inline Sampling greedy(int tokens) {
  Sampling out;
  out.temperature = 0;
  out.max_tokens = tokens;
  return out;
}

inline std::vector<ChatMessage> ask(const std::string& text) { return {{"user", text, ""}}; }

/// Log-probabilities of the tokens after the first by llama.cpp itself: whole text in one batch of one sequence. Defined in
/// library_test.cpp.
std::vector<double> library_logprobs(const std::vector<Token>& tokens, const std::string& adapter_path = "", float scale = 1);

}  // namespace steward::model::testing_llama
