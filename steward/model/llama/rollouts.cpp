#include "steward/model/llama/rollouts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <llama.h>

#include "steward/core/check.h"
#include "steward/core/random.h"
#include "steward/model/llama/decode_batch.h"
#include "steward/model/llama/loaded.h"
#include "steward/model/llama/sampler.h"

namespace steward::model {
namespace {

constexpr int kBatchTokens = 512;

/// Takes the logits after a prompt and what was chosen for it so far, and gives the next token, or none when the prompt is done. Called
/// from several threads, for a prompt from one.
using Choose = std::function<std::optional<Token>(std::size_t prompt, const float* logits)>;
using Prompts = std::vector<const std::vector<Token>*>;

std::size_t common_tokens(const std::vector<Token>& a, const std::vector<Token>& b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

struct Slot {
  int sequence = 0;
  const std::vector<Token>* prompt = nullptr;  ///< null: free
  std::size_t index = 0;                       ///< of the prompt
  std::vector<Token> held;                     ///< tokens whose keys and values stand in the cache
  bool begun = false;                          ///< it reads its prompt; else it waits for another to read what both have in common
  std::optional<Token> next;                   ///< chosen, not yet decoded
  int row = -1;                                ///< of the batch, whose logits go on with it
  bool reading() const { return prompt && !next; }
};

/// The prompts from `begin` to `end`, in order through the slots.
class Pass {
 public:
  struct Stretch {
    std::size_t begin, end;
  };
  Pass(llama_context* context, const Prompts& prompts, Stretch stretch, int slots)
      : context_(context), prompts_(prompts), batch_(kBatchTokens), given_(stretch.begin), end_(stretch.end) {
    llama_memory_clear(memory(), true);
    slots_.resize(static_cast<std::size_t>(slots));
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].sequence = static_cast<int>(i);
  }
  Result<void> run(int vocabulary, const Choose& choose) {
    for (;;) {
      assign();
      for (Slot& slot : slots_)
        if (slot.reading() && !slot.begun) begin(slot);
      fill_batch();
      if (batch_.empty()) return {};
      if (!batch_.decode(context_)) return fail(ErrorCode::kInternal, "the model could not decode a batch");
      for (Slot& slot : slots_)
        if (slot.row >= 0) TRY(go_on(slot, vocabulary, choose));
    }
  }

 private:
  llama_memory_t memory() const { return llama_get_memory(context_); }

  void assign() {
    for (Slot& slot : slots_) {
      if (slot.prompt || given_ == end_) continue;
      slot.prompt = prompts_[given_];
      slot.index = given_++;
      slot.begun = false;
    }
  }

  /// Takes over what some slot holds of the prompt, itself included. An earlier prompt that is still being read may come to hold more:
  /// then it waits. The earliest waits for none.
  void begin(Slot& slot) {
    const Slot* source = &slot;
    std::size_t common = common_tokens(slot.held, *slot.prompt), promised = 0;
    for (const Slot& other : slots_) {
      if (const std::size_t here = common_tokens(other.held, *slot.prompt); here > common) {
        source = &other;
        common = here;
      }
      if (other.reading() && other.index < slot.index) promised = std::max(promised, common_tokens(*other.prompt, *slot.prompt));
    }
    if (promised > common) return;
    common = std::min(common, slot.prompt->size() - 1);  // the last token must be decoded for its logits
    const auto end = static_cast<llama_pos>(common);
    if (source != &slot) {
      llama_memory_seq_rm(memory(), slot.sequence, -1, -1);
      llama_memory_seq_cp(memory(), source->sequence, slot.sequence, 0, end);
    } else {
      llama_memory_seq_rm(memory(), slot.sequence, end, -1);
    }
    slot.held.assign(slot.prompt->begin(), slot.prompt->begin() + end);
    slot.begun = true;
  }

  /// Those that generate come first: they need one token each.
  void fill_batch() {
    batch_.clear();
    int room = kBatchTokens;
    for (Slot& slot : slots_) {
      slot.row = -1;
      if (!slot.next) continue;
      slot.row = add(slot, *slot.next, true);
      --room;
    }
    for (Slot& slot : slots_) {
      if (!slot.reading() || !slot.begun) continue;
      for (; room > 0 && slot.held.size() < slot.prompt->size(); --room) {
        const bool last = slot.held.size() + 1 == slot.prompt->size();
        const int row = add(slot, (*slot.prompt)[slot.held.size()], last);
        if (last) slot.row = row;
      }
    }
  }

  int add(Slot& slot, Token token, bool wants_logits) {
    const int row = batch_.add(token, static_cast<int>(slot.held.size()), slot.sequence, wants_logits);
    slot.held.push_back(token);
    return row;
  }

  Result<void> go_on(Slot& slot, int vocabulary, const Choose& choose) {
    const float* logits = llama_get_logits_ith(context_, slot.row);
    STEWARD_CHECK(logits != nullptr);
    if (!std::all_of(logits, logits + vocabulary, [](float logit) { return std::isfinite(logit); }))
      return fail(ErrorCode::kInvalidInput, "the model's logits are no finite numbers: its base or adapter is damaged");
    slot.next = choose(slot.index, logits);
    if (slot.next) return {};
    slot.prompt = nullptr;
    if (given_ < end_) return {};
    // Nobody comes after it: what it held would only cost time.
    llama_memory_seq_rm(memory(), slot.sequence, -1, -1);
    slot.held.clear();
    return {};
  }

  llama_context* context_;
  const Prompts& prompts_;
  DecodeBatch batch_;
  std::vector<Slot> slots_;
  std::size_t given_, end_;
};

}  // namespace

struct Rollouts::Parts {
  RolloutOptions options;
  std::unique_ptr<llama_model, ModelDelete> model;
  std::unique_ptr<llama_adapter_lora, AdapterDelete> adapter;
  std::vector<std::unique_ptr<llama_context, ContextDelete>> contexts;  ///< one a thread of this process
  const llama_vocab* vocab = nullptr;
  int vocabulary = 0;

  int workers() const;  ///< of all processes
  std::size_t worker(std::size_t context) const {
    return static_cast<std::size_t>(options.process) + context * static_cast<std::size_t>(options.processes);
  }
  int slots() const { return (options.at_once + workers() - 1) / workers(); }  ///< of a worker
  /// After the adapter: a context is planned for those that its model has.
  Result<void> make_contexts();
  Result<void> add_context();
  Result<void> check(const Prompts& prompts, int tokens_max) const;
  /// Each worker takes a stretch of the prompts.
  Result<void> run(const Prompts& prompts, const Choose& choose);
};

int Rollouts::Parts::workers() const {
  const int threads = options.threads > 0 ? options.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return std::min(threads, options.at_once);
}

Result<void> Rollouts::Parts::make_contexts() {
  for (int i = options.process; i < workers(); i += options.processes) TRY(add_context());
  return {};
}

Result<void> Rollouts::Parts::add_context() {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(options.context * slots());
  params.n_seq_max = static_cast<std::uint32_t>(slots());
  params.n_batch = params.n_ubatch = kBatchTokens;
  // Workers need not wait for each other at each product, as threads of one context do.
  params.n_threads = params.n_threads_batch = 1;
  params.kv_unified = true;  // a prefix is shared without a copy
  params.no_perf = true;
  contexts.emplace_back(llama_init_from_model(model.get(), params));
  if (!contexts.back()) return fail(ErrorCode::kUnavailable, "no memory for the context of rollouts: fewer at once, or fewer tokens");
  float scale = 1;
  llama_adapter_lora* lora = adapter.get();
  if (lora) llama_set_adapters_lora(contexts.back().get(), &lora, 1, &scale);
  return {};
}

Result<void> Rollouts::Parts::check(const Prompts& prompts, int tokens_max) const {
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::vector<Token>& prompt = *prompts[i];
    const auto bad = [&](const std::string& why) {
      return fail(ErrorCode::kInvalidInput, fmt::format("prompt {} of rollouts {}", i, why));
    };
    if (prompt.empty()) return bad("has no tokens");
    if (prompt.size() + static_cast<std::size_t>(tokens_max) > static_cast<std::size_t>(options.context))
      return bad(fmt::format("has {} tokens: with an answer of {} it is over {}", prompt.size(), tokens_max, options.context));
    for (const Token token : prompt)
      if (token < 0 || token >= vocabulary) return bad("has tokens that are not the model's");
  }
  return {};
}

Result<void> Rollouts::Parts::run(const Prompts& prompts, const Choose& choose) {
  const auto count = static_cast<std::size_t>(workers());
  std::vector<Result<void>> ended(contexts.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < contexts.size(); ++i)
    threads.emplace_back([&, i] {
      const std::size_t at = worker(i);
      Pass pass(contexts[i].get(), prompts, {prompts.size() * at / count, prompts.size() * (at + 1) / count}, slots());
      ended[i] = pass.run(vocabulary, choose);
    });
  for (std::thread& thread : threads) thread.join();
  for (Result<void>& result : ended) TRY(std::move(result));
  return {};
}

Rollouts::Rollouts(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Rollouts::Rollouts(Rollouts&&) noexcept = default;
Rollouts::~Rollouts() = default;

Result<Rollouts> Rollouts::open(const RolloutOptions& options) {
  if (options.at_once < 1 || options.at_once > 256 || options.context < 2)
    return fail(ErrorCode::kInvalidInput, "rollouts run 1 to 256 sequences at once, of 2 tokens or more");
  STEWARD_CHECK(options.process >= 0 && options.process < options.processes);
  auto parts = std::make_unique<Parts>();
  parts->options = options;
  parts->model = TRY(load_weights(options.base));
  parts->vocab = llama_model_get_vocab(parts->model.get());
  parts->vocabulary = llama_vocab_n_tokens(parts->vocab);
  TRY(parts->make_contexts());
  return Rollouts(std::move(parts));
}

Result<void> Rollouts::use_adapter(const std::string& path) {
  parts_->contexts.clear();
  parts_->adapter.reset();
  if (path.empty()) return parts_->make_contexts();
  auto loaded = load_lora(parts_->model.get(), path);
  if (loaded) parts_->adapter = std::move(*loaded);
  TRY(parts_->make_contexts());
  if (!loaded) return fail(std::move(loaded).error());
  return {};
}

Result<std::vector<Rollout>> Rollouts::sample(std::span<const RolloutPrompt> prompts, const RolloutSampling& sampling) {
  if (sampling.tokens_max < 1) return fail(ErrorCode::kInvalidInput, "an answer has at least one token (tokens_max)");
  Prompts tokens;
  std::vector<Sampler> samplers;
  for (const RolloutPrompt& prompt : prompts) {
    tokens.push_back(&prompt.tokens);
    Sampling own;
    own.temperature = sampling.temperature;
    own.top_p = sampling.top_p;
    own.seed = Random(fmt::format("{} {}", sampling.seed, prompt.draw)).next();
    samplers.emplace_back(own);
  }
  TRY(parts_->check(tokens, sampling.tokens_max));
  std::vector<Rollout> out(prompts.size());
  const auto choose = [&](std::size_t index, const float* logits) -> std::optional<Token> {
    const Token token = *samplers[index].sample(logits, parts_->vocabulary, nullptr);
    Rollout& rollout = out[index];
    rollout.tokens.push_back(token);
    rollout.ended = llama_vocab_is_eog(parts_->vocab, token);
    const bool done = rollout.ended || rollout.tokens.size() == static_cast<std::size_t>(sampling.tokens_max);
    return done ? std::nullopt : std::optional(token);
  };
  TRY(parts_->run(tokens, choose));
  return out;
}

Result<std::vector<std::vector<float>>> Rollouts::next_logprobs(std::span<const std::vector<Token>> prompts,
                                                                std::span<const Token> candidates) {
  for (const Token token : candidates)
    if (token < 0 || token >= parts_->vocabulary) return fail(ErrorCode::kInvalidInput, "a candidate is no token of the model");
  Prompts tokens;
  for (const auto& prompt : prompts) tokens.push_back(&prompt);
  TRY(parts_->check(tokens, 0));
  std::vector<std::vector<float>> out(prompts.size());
  const auto choose = [&](std::size_t index, const float* logits) -> std::optional<Token> {
    const Logprobs logprobs(logits, parts_->vocabulary);
    for (const Token token : candidates) out[index].push_back(static_cast<float>(logprobs.of(token)));
    return std::nullopt;
  };
  TRY(parts_->run(tokens, choose));
  return out;
}

}  // namespace steward::model
