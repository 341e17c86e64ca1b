#pragma once
// What steward needs of llama.cpp beyond its C API: JSON Schemas as grammars, and a grammar that can be asked about one token,
// rewound and measured. No header of llama.cpp or of a JSON library is seen through this one, and no exception leaves it.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

struct llama_vocab;

namespace llama_constrain {

/// The grammar (GBNF, start symbol `root`) of the JSON texts that `schema`, a JSON Schema as JSON text, allows. None when it cannot be
/// converted, or only in part.
std::optional<std::string> schema_to_gbnf(const std::string& schema);

/// Where a text stands in a grammar. One thread at a time. The vocabulary must outlive it.
class Grammar {
 public:
  /// Null when the grammar cannot be read or is left recursive.
  static std::unique_ptr<Grammar> parse(const llama_vocab* vocab, const std::string& gbnf, const std::string& start);
  ~Grammar();
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  /// May `token` come next? The end of generation may where the text is whole; other control tokens never.
  bool allows(int token) const;
  /// Sets the logits of the tokens that may not come next to minus infinity.
  void mask(float* logits, int vocabulary) const;
  /// Moves on. False, and the place is lost, when the text is not of the grammar.
  bool accept(int token);
  bool accept_text(const std::string& text);
  void rewind();
  bool may_end() const;
  bool must_end() const;
  /// Ways in which the text so far can be read: what a step costs grows with it.
  std::size_t width() const;

 private:
  struct State;
  explicit Grammar(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace llama_constrain
