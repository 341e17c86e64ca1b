#include "steward/model/llama/engine.h"

#include <algorithm>

#include <fmt/format.h>
#include <llama.h>

#include "steward/core/check.h"
#include "steward/model/llama/decode_batch.h"

namespace steward::model {
namespace {

constexpr int kBatchTokens = 512;
/// Steps of one adapter while others wait: a change of adapters makes llama.cpp plan its work anew.
constexpr int kTurnSteps = 16;

}  // namespace

Engine::Engine(llama_model* model, llama_context* context, std::vector<Adapter> adapters, const LlamaOptions& options)
    : context_(context),
      vocab_(llama_model_get_vocab(model)),
      options_(options),
      vocabulary_(llama_vocab_n_tokens(vocab_)),
      context_tokens_(static_cast<int>(llama_n_ctx(context)) / options.sequences),
      adapters_(std::move(adapters)),
      slots_(static_cast<std::size_t>(options.sequences)),
      batch_(std::make_unique<DecodeBatch>(kBatchTokens)) {
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].sequence = static_cast<int>(i);
  thread_ = std::thread([this] { run(); });
}

Engine::~Engine() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Result<void> Engine::submit(std::shared_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(ErrorCode::kUnavailable, "the model is being closed");
    if (waiting_.size() + active_ >= slots_.size() + static_cast<std::size_t>(options_.queue_max))
      return fail(ErrorCode::kResourceExhausted, "the model's queue is full: try again in a moment");
    waiting_.push_back(std::move(job));
  }
  wake_.notify_one();
  return {};
}

bool Engine::wait_for_work() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !waiting_.empty() || active_ > 0; });
  return !stopping_;
}

void Engine::run() {
  while (wait_for_work()) {
    drop_cancelled();
    assign();
    step();
  }
  for (Slot& slot : slots_)
    if (slot.job) finish(slot, FinishReason::kCancelled);
  std::deque<std::shared_ptr<Job>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(waiting_);
  }
  for (const auto& job : left) job->sink.on_done(FinishReason::kCancelled, {});
}

void Engine::drop_cancelled() {
  for (Slot& slot : slots_)
    if (slot.job && slot.job->cancelled) finish(slot, FinishReason::kCancelled);
  std::vector<std::shared_ptr<Job>> dropped;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [&](const std::shared_ptr<Job>& job) {
      if (job->cancelled) dropped.push_back(job);
      return job->cancelled.load();
    });
  }
  for (const auto& job : dropped) job->sink.on_done(FinishReason::kCancelled, {});
}

/// First come, first served. A reproducible job waits until it is alone and then keeps others waiting.
void Engine::assign() {
  for (;;) {
    const auto busy =
        static_cast<std::size_t>(std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.job != nullptr; }));
    const bool alone = std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.job && slot.job->reproducible; });
    std::shared_ptr<Job> job;
    {
      const std::lock_guard lock(mutex_);
      active_ = busy;
      if (waiting_.empty() || busy == slots_.size() || alone || (waiting_.front()->reproducible && busy > 0)) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
      active_ = busy + 1;
    }
    Slot* best = nullptr;
    std::size_t best_common = 0;
    for (Slot& slot : slots_) {
      if (slot.job) continue;
      const std::size_t common = common_tokens(slot, *job);
      if (!best || common > best_common) {
        best = &slot;
        best_common = common;
      }
    }
    begin(*best, std::move(job));
  }
}

/// Tokens of the job's prompt that the slot's cache begins with. Another adapter would have made other keys and values of them.
std::size_t Engine::common_tokens(const Slot& slot, const Job& job) const {
  if (slot.cached_by != job.adapter) return 0;
  return static_cast<std::size_t>(std::mismatch(slot.cached.begin(), slot.cached.end(), job.prompt.begin(), job.prompt.end()).first -
                                  slot.cached.begin());
}

void Engine::begin(Slot& slot, std::shared_ptr<Job> job) {
  std::size_t common = 0;
  if (options_.prefix_reuse && !job->reproducible && !job->sampling.echo)
    common = std::min(common_tokens(slot, *job), job->prompt.size() - 1);  // the last token must be decoded for its logits
  llama_memory_seq_rm(llama_get_memory(context_), slot.sequence, static_cast<llama_pos>(common), -1);
  slot.cached.resize(common);
  slot.read = common;
  slot.reused = static_cast<int>(common);
  slot.generating = false;
  slot.generated = 0;
  slot.echoed.clear();
  slot.outputs.clear();
  slot.cached_by = job->adapter;
  slot.sampler = std::make_unique<Sampler>(job->sampling);
  slot.reply = std::make_unique<Reply>(job->sampling, std::move(job->tools), job->calls, job->sink);
  slot.job = std::move(job);
}

void Engine::add_to_batch(Slot& slot, int& room) {
  slot.outputs.clear();
  if (!slot.job || room == 0) return;
  if (slot.generating) {
    slot.outputs.emplace_back(batch_->add(slot.next, static_cast<int>(slot.cached.size()), slot.sequence, true), slot.cached.size());
    slot.cached.push_back(slot.next);
    --room;
    return;
  }
  const std::vector<Token>& prompt = slot.job->prompt;
  while (slot.read < prompt.size() && room > 0) {
    const bool last = slot.read + 1 == prompt.size();
    const bool wanted = last || slot.job->sampling.echo;
    const int row = batch_->add(prompt[slot.read], static_cast<int>(slot.read), slot.sequence, wanted);
    if (wanted) slot.outputs.emplace_back(row, slot.read);
    slot.cached.push_back(prompt[slot.read]);
    ++slot.read;
    --room;
  }
}

/// The adapter in turn stays for some steps, or while no other has work; then comes the next one that has.
void Engine::choose_adapter() {
  const auto has_work = [this](std::size_t adapter) {
    return std::any_of(slots_.begin(), slots_.end(), [adapter](const Slot& slot) { return slot.job && slot.job->adapter == adapter; });
  };
  if (has_work(adapter_) && ++turn_steps_ < kTurnSteps) return;
  turn_steps_ = 0;
  for (std::size_t i = 1; i <= adapters_.size(); ++i) {
    const std::size_t next = (adapter_ + i) % (adapters_.size() + 1);
    if (!has_work(next)) continue;
    adapter_ = next;
    Adapter chosen = next > 0 ? adapters_[next - 1] : Adapter{};
    llama_set_adapters_lora(context_, next > 0 ? &chosen.weights : nullptr, next > 0 ? 1 : 0, next > 0 ? &chosen.scale : nullptr);
    return;
  }
}

void Engine::step() {
  if (!adapters_.empty()) choose_adapter();
  batch_->clear();
  int room = kBatchTokens;
  for (Slot& slot : slots_)  // those that generate first: they wait for one token only
    if (takes_part(slot) && slot.generating) add_to_batch(slot, room);
  for (Slot& slot : slots_)
    if (takes_part(slot) && !slot.generating) add_to_batch(slot, room);
  if (batch_->empty()) return;
  if (!batch_->decode(context_)) {
    for (Slot& slot : slots_) {
      if (!takes_part(slot)) continue;
      slot.cached.clear();
      llama_memory_seq_rm(llama_get_memory(context_), slot.sequence, -1, -1);
      finish(slot, fail(ErrorCode::kInternal, "the model could not decode a batch"));
    }
    return;
  }
  for (Slot& slot : slots_)
    if (takes_part(slot)) take_logits(slot);
}

void Engine::take_logits(Slot& slot) {
  const auto outputs = std::move(slot.outputs);
  slot.outputs.clear();
  for (const auto& [row, token_index] : outputs) {
    const float* logits = llama_get_logits_ith(context_, row);
    STEWARD_CHECK(logits != nullptr);
    if (!slot.generating && slot.job->sampling.echo) take_prompt_logits(slot, logits, token_index);
    const bool complete = slot.generating || token_index + 1 == slot.job->prompt.size();
    if (!complete) continue;
    take_next(slot, logits);
    return;
  }
}

/// `logits` follow prompt token `token_index`: they tell the log-probability of the next one.
void Engine::take_prompt_logits(Slot& slot, const float* logits, std::size_t token_index) {
  const Job& job = *slot.job;
  if (slot.echoed.empty() && job.stripped == 0) slot.echoed.push_back(describe(job.prompt[0], nullptr, 0));
  if (token_index + 1 < job.prompt.size()) {
    const Logprobs logprobs(logits, vocabulary_);
    TokenLogprob entry = describe(job.prompt[token_index + 1], &logprobs, job.sampling.logprobs);
    slot.echoed.push_back(std::move(entry));
    return;
  }
  job.sink.on_prompt(std::move(slot.echoed));
  slot.echoed.clear();
}

TokenLogprob Engine::describe(Token token, const Logprobs* logprobs, int top) const {
  TokenLogprob out;
  out.token = token;
  out.text = token_bytes(vocab_, token);
  if (!logprobs) return out;
  out.logprob = logprobs->of(token);
  for (const Token other : logprobs->best(top)) out.top.emplace_back(other, token_bytes(vocab_, other), logprobs->of(other));
  return out;
}

void Engine::take_next(Slot& slot, const float* logits) {
  const Job& job = *slot.job;
  slot.generating = true;
  if (job.sampling.max_tokens == 0) return finish(slot, FinishReason::kLength);
  const std::optional<Token> sampled = slot.sampler->sample(logits, vocabulary_, job.constraint.get());
  if (!sampled) return finish(slot, fail(ErrorCode::kInternal, "the model has no token that goes on with what the schema asks for"));
  const Token token = *sampled;
  TokenLogprob entry;
  entry.token = token;
  if (job.sampling.want_logprobs) {  // the model's own, whatever was allowed
    const Logprobs logprobs(logits, vocabulary_);
    entry = describe(token, &logprobs, job.sampling.logprobs);
  }
  if (llama_vocab_is_eog(vocab_, token)) {
    if (job.sampling.echo) {  // scoring clients count on one generated entry
      entry.text.clear();
      job.sink.on_delta("", {std::move(entry)});
    }
    return finish(slot, FinishReason::kStop);
  }
  ++slot.generated;
  if (job.constraint) {
    if (auto moved = job.constraint->accept(token); !moved) return finish(slot, fail(std::move(moved).error()));
  }
  if (slot.reply->push(token_bytes(vocab_, token), std::move(entry))) return finish(slot, FinishReason::kStop);
  if (job.constraint && job.constraint->complete()) return finish(slot, FinishReason::kStop);
  const bool full = static_cast<int>(slot.cached.size()) + 1 > context_tokens_;
  if (full || (job.sampling.max_tokens > 0 && slot.generated >= job.sampling.max_tokens)) return finish(slot, FinishReason::kLength);
  slot.next = token;
}

void Engine::finish(Slot& slot, Result<FinishReason> reason) {
  const std::shared_ptr<Job> job = std::move(slot.job);
  slot.job = nullptr;
  if (reason && *reason != FinishReason::kCancelled) {
    slot.reply->finish();
    if (*reason == FinishReason::kStop && slot.reply->calls() > 0) reason = FinishReason::kToolCalls;
  }
  slot.reply.reset();  // it refers to the job's sink
  if (job->reproducible || !options_.prefix_reuse) {
    slot.cached.clear();
    llama_memory_seq_rm(llama_get_memory(context_), slot.sequence, -1, -1);
  }
  Usage usage;
  usage.prompt_tokens = static_cast<int>(job->prompt.size() - job->stripped);
  usage.cached_tokens = slot.reused;
  usage.completion_tokens = slot.generated;
  {
    const std::lock_guard lock(mutex_);
    if (active_ > 0) --active_;
  }
  job->sink.on_done(std::move(reason), usage);
}

}  // namespace steward::model
