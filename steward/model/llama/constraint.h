#pragma once

#include <memory>
#include <string>

#include "steward/core/result.h"
#include "steward/model/llama/reply_grammar.h"

struct llama_vocab;
namespace llama_constrain {
class Grammar;
}

namespace steward::model {

/// What the next token of one reply may be. Made on any thread, used on one.
class Constraint {
 public:
  /// Errors: kInvalidInput, without a param, when the grammar cannot be read.
  static Result<std::unique_ptr<Constraint>> create(const llama_vocab* vocab, const ReplyGrammar& grammar, GrammarScope scope);
  ~Constraint();

  bool allows(Token token);
  /// `refused` may not come: its logit, and where a grammar binds those of all others that may not, become minus infinity.
  void mask(float* logits, int vocabulary, Token refused);
  /// Moves on. Errors: kInvalidInput when the text can be read in too many ways, which each further token would pay for.
  Result<void> accept(Token token);
  /// Nothing may follow.
  bool complete() const;

 private:
  Constraint(std::unique_ptr<llama_constrain::Grammar> grammar, const llama_vocab* vocab, GrammarScope scope);
  /// What follows the opening marker if `piece` completes one; else nothing.
  std::optional<std::string> after_marker(const std::string& piece) const;

  const std::unique_ptr<llama_constrain::Grammar> grammar_;
  const llama_vocab* const vocab_;
  const GrammarScope scope_;
  bool bound_;        ///< does the grammar bind here?
  std::string tail_;  ///< of the free text: where a marker may have begun
};

/// The bytes of a token.
std::string token_bytes(const llama_vocab* vocab, Token token);

}  // namespace steward::model
