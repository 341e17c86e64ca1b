#include "steward/model/llama/constraint.h"

#include <cmath>

#include <constrain.h>
#include <llama.h>

#include "steward/model/llama/tool_call_reader.h"

namespace steward::model {
namespace {

constexpr std::size_t kWaysMax = 512;

}  // namespace

std::string token_bytes(const llama_vocab* vocab, Token token) {
  std::string out(32, '\0');
  int length = llama_token_to_piece(vocab, token, out.data(), static_cast<int>(out.size()), 0, true);
  if (length < 0) {
    out.resize(static_cast<std::size_t>(-length));
    length = llama_token_to_piece(vocab, token, out.data(), static_cast<int>(out.size()), 0, true);
  }
  out.resize(static_cast<std::size_t>(std::max(length, 0)));
  return out;
}

Constraint::Constraint(std::unique_ptr<llama_constrain::Grammar> grammar, const llama_vocab* vocab, GrammarScope scope)
    : grammar_(std::move(grammar)), vocab_(vocab), scope_(scope), bound_(scope == GrammarScope::kReply) {}
Constraint::~Constraint() = default;

Result<std::unique_ptr<Constraint>> Constraint::create(const llama_vocab* vocab, const ReplyGrammar& grammar, GrammarScope scope) {
  auto parsed = llama_constrain::Grammar::parse(vocab, grammar.gbnf, grammar.start);
  if (!parsed || parsed->width() > kWaysMax)
    return fail(ErrorCode::kInvalidInput, "the schema cannot be enforced: it refers to itself without end, or begins in too many ways");
  return std::unique_ptr<Constraint>(new Constraint(std::move(parsed), vocab, scope));
}

std::optional<std::string> Constraint::after_marker(const std::string& piece) const {
  const std::string text = tail_ + piece;
  const auto at = text.find(kToolCallBegin);
  if (at == std::string::npos) return std::nullopt;
  return text.substr(at + kToolCallBegin.size());
}

bool Constraint::allows(Token token) {
  if (bound_) return grammar_->allows(token);
  const std::string piece = token_bytes(vocab_, token);
  if (piece.find(kToolCallBegin.back()) == std::string::npos) return true;
  const auto rest = after_marker(piece);
  if (!rest) return true;
  const bool fits = rest->empty() || grammar_->accept_text(*rest);
  grammar_->rewind();
  return fits;
}

void Constraint::mask(float* logits, int vocabulary, Token refused) {
  if (bound_) grammar_->mask(logits, vocabulary);
  logits[refused] = -INFINITY;
}

Result<void> Constraint::accept(Token token) {
  if (bound_) {
    if (!grammar_->accept(token)) return fail(ErrorCode::kInternal, "a token was taken that the grammar does not allow");
    if (grammar_->width() > kWaysMax)
      return fail(ErrorCode::kInvalidInput,
                  "the schema lets one text be read in too many ways: give its alternatives a property that tells them apart",
                  scope_ == GrammarScope::kCalls ? "tools" : "response_format");
    if (scope_ == GrammarScope::kCalls && grammar_->must_end()) {
      bound_ = false;
      tail_.clear();
    }
    return {};
  }
  const std::string piece = token_bytes(vocab_, token);
  if (const auto rest = after_marker(piece)) {
    grammar_->rewind();
    bound_ = true;
    if (!rest->empty() && !grammar_->accept_text(*rest)) bound_ = false;  // no token that allows() takes does this
    tail_.clear();
    return {};
  }
  tail_ += piece;
  if (tail_.size() >= kToolCallBegin.size()) tail_.erase(0, tail_.size() - (kToolCallBegin.size() - 1));
  return {};
}

bool Constraint::complete() const { return bound_ && scope_ == GrammarScope::kReply && grammar_->must_end(); }

}  // namespace steward::model
