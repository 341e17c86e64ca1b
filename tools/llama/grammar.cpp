#include "llama-grammar.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "constrain.h"
#include "llama.h"

namespace llama_constrain {

struct Grammar::State {
  State(const llama_vocab* words, llama_grammar* parsed) : vocab(words), grammar(parsed), first(parsed->stacks) {}
  ~State() { llama_grammar_free_impl(grammar); }
  const llama_vocab* vocab;
  llama_grammar* grammar;
  const llama_grammar_stacks first;  // they point into the grammar's rules, which never move
};

Grammar::Grammar(std::unique_ptr<State> state) : state_(std::move(state)) {}
Grammar::~Grammar() = default;

std::unique_ptr<Grammar> Grammar::parse(const llama_vocab* vocab, const std::string& gbnf, const std::string& start) {
  try {
    llama_grammar* parsed = llama_grammar_init_impl(vocab, gbnf.c_str(), start.c_str(), false, nullptr, 0, nullptr, 0);
    if (!parsed) return nullptr;
    return std::unique_ptr<Grammar>(new Grammar(std::make_unique<State>(vocab, parsed)));
  } catch (const std::exception&) {
    return nullptr;
  }
}

bool Grammar::allows(int token) const {
  if (llama_vocab_is_eog(state_->vocab, token)) return may_end();
  if (llama_vocab_is_control(state_->vocab, token)) return false;
  llama_token_data candidate{token, 0.0F, 0.0F};
  llama_token_data_array one{&candidate, 1, -1, false};
  llama_grammar_apply_impl(*state_->grammar, &one);
  return !std::isinf(candidate.logit);
}

void Grammar::mask(float* logits, int vocabulary) const {
  std::vector<llama_token_data> candidates;
  candidates.reserve(static_cast<std::size_t>(vocabulary));
  for (int token = 0; token < vocabulary; ++token) {
    const bool control = llama_vocab_is_control(state_->vocab, token) && !llama_vocab_is_eog(state_->vocab, token);
    if (control) logits[token] = -INFINITY;
    if (!std::isinf(logits[token])) candidates.push_back({token, logits[token], 0.0F});
  }
  llama_token_data_array all{candidates.data(), candidates.size(), -1, false};
  llama_grammar_apply_impl(*state_->grammar, &all);
  for (const llama_token_data& candidate : candidates) logits[candidate.id] = candidate.logit;
}

bool Grammar::accept(int token) {
  try {
    if (!llama_vocab_is_eog(state_->vocab, token)) llama_grammar_accept_impl(*state_->grammar, token);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

bool Grammar::accept_text(const std::string& text) {
  try {
    llama_grammar_accept_str(*state_->grammar, text);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void Grammar::rewind() {
  state_->grammar->stacks = state_->first;
  state_->grammar->partial_utf8 = {};
}

bool Grammar::may_end() const {
  const auto& stacks = state_->grammar->stacks;
  return state_->grammar->partial_utf8.n_remain == 0 &&
         std::any_of(stacks.begin(), stacks.end(), [](const llama_grammar_stack& stack) { return stack.empty(); });
}

bool Grammar::must_end() const {
  const auto& stacks = state_->grammar->stacks;
  return may_end() && std::all_of(stacks.begin(), stacks.end(), [](const llama_grammar_stack& stack) { return stack.empty(); });
}

std::size_t Grammar::width() const { return state_->grammar->stacks.size(); }

}  // namespace llama_constrain
