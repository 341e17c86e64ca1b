#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "steward/model/language_model.h"
#include "steward/model/llama/constraint.h"
#include "steward/model/llama/llama_model.h"
#include "steward/model/llama/reply.h"
#include "steward/model/llama/sampler.h"

struct llama_adapter_lora;
struct llama_context;
struct llama_model;
struct llama_vocab;

namespace steward::model {

class DecodeBatch;

/// A request under way, shared by its handle and the engine.
struct Job {
  std::vector<Token> prompt;
  std::size_t stripped = 0;  ///< tokens in front that the client did not send (BOS)
  Sampling sampling;
  bool reproducible = false;
  std::size_t adapter = 0;                 ///< 0: the base alone, else which of the engine's adapters, from 1
  std::unique_ptr<Constraint> constraint;  ///< null: every token may come
  std::unique_ptr<ToolCallReader> tools;   ///< null: no functions
  CallCount calls = CallCount::kAny;
  Sink sink;
  std::atomic<bool> cancelled{false};
};

/// A LoRA adapter [Hu et al. 2021, arXiv:2106.09685] and how much of it is added.
struct Adapter {
  llama_adapter_lora* weights = nullptr;  ///< of the model; outlives the engine
  float scale = 1;
};

/// Decodes jobs on one thread. Sequences that have a prompt to read and those that generate share each batch. An adapter acts on a whole
/// batch, so jobs of one adapter share it, and adapters take turns.
class Engine {
 public:
  Engine(llama_model* model, llama_context* context, std::vector<Adapter> adapters, const LlamaOptions& options);
  ~Engine();
  /// Errors: kResourceExhausted when more than queue_max requests wait.
  Result<void> submit(std::shared_ptr<Job> job);
  int context_per_sequence() const { return context_tokens_; }

 private:
  struct Slot {
    int sequence = 0;
    std::shared_ptr<Job> job;   ///< null: free
    std::vector<Token> cached;  ///< tokens whose keys and values the context holds
    std::size_t cached_by = 0;  ///< the adapter that made them
    std::size_t read = 0;       ///< prompt tokens that were decoded
    Token next = 0;             ///< sampled, not yet decoded
    bool generating = false;
    int generated = 0;
    int reused = 0;
    std::unique_ptr<Sampler> sampler;
    std::unique_ptr<Reply> reply;
    std::vector<TokenLogprob> echoed;
    std::vector<std::pair<int, std::size_t>> outputs;  ///< rows of the batch with logits, and the token index each follows
  };

  void run();
  bool wait_for_work();
  void assign();
  void begin(Slot& slot, std::shared_ptr<Job> job);
  std::size_t common_tokens(const Slot& slot, const Job& job) const;
  void drop_cancelled();
  void choose_adapter();
  bool takes_part(const Slot& slot) const { return slot.job && slot.job->adapter == adapter_; }
  void step();
  void add_to_batch(Slot& slot, int& room);
  void take_logits(Slot& slot);
  void take_prompt_logits(Slot& slot, const float* logits, std::size_t token_index);
  void take_next(Slot& slot, const float* logits);
  TokenLogprob describe(Token token, const Logprobs* logprobs, int top) const;
  void finish(Slot& slot, Result<FinishReason> reason);

  llama_context* context_;
  const llama_vocab* vocab_;
  const LlamaOptions options_;
  const int vocabulary_;
  const int context_tokens_;
  const std::vector<Adapter> adapters_;
  std::size_t adapter_ = 0;  ///< whose turn it is, as in Job
  int turn_steps_ = 0;
  std::vector<Slot> slots_;
  std::unique_ptr<DecodeBatch> batch_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::size_t active_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace steward::model
