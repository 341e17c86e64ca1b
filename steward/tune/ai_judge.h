#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "steward/data/row.h"
#include "steward/model/llama/chat_tokenizer.h"
#include "steward/model/llama/rollouts.h"

/// Labels by a language model [Lee et al. 2023, arXiv:2309.00267; Bai et al. 2022, arXiv:2212.08073].
namespace steward::tune {

/// Two answers to one prompt, and the principle by which they are compared.
struct Comparison {
  data::Messages prompt;
  std::string first, second, principle;
};
struct Rated {
  data::Messages prompt;
  std::string answer, principle;
};

/// What a judge says of a comparison that it is asked twice, the second time with the answers swapped.
struct Verdict {
  double forward = 0.5, reversed = 0.5;  ///< P("1") against "2" in each order
  std::string thought = {};              ///< of the first time, if it was to think
  /// That the first answer is the better one: both orders averaged [arXiv:2309.00267, §2.1.1].
  double first_better() const { return (forward + 1 - reversed) / 2; }
  /// The same position won both times, whatever stood there.
  bool same_position() const { return (forward > 0.5 && reversed > 0.5) || (forward < 0.5 && reversed < 0.5); }
};

/// P("1") of log-probabilities of "1" and "2": their softmax.
double first_of_two(double logprob_one, double logprob_two);
/// Σ i·P(i) over ratings i = 1 … 10, from -1 to 1; probabilities are scaled to sum up to 1 [arXiv:2309.00267, §2.2.2].
double mean_rating(const std::array<double, 10>& probabilities);

/// Does a judge write a rationale before its verdict?
enum class Thinking { kNone, kAloud };
/// The chat that asks for a verdict or a rating. Texts stand between lines that no text holds.
data::Messages question_of(const Comparison& comparison, Thinking thinking);
data::Messages question_of(const Rated& rated);

struct AiJudgeOptions {
  std::string model;  ///< GGUF file
  int at_once = 8;
  int context = 2048;      ///< tokens of a question and of what is answered to it
  int threads = 0;         ///< 0: one for each core
  int thought_tokens = 0;  ///< most of a rationale that is written before the verdict, at T = 0; 0: none is
};

/// Asks a model. The same questions in the same order give the same answers. One thread at a time.
class AiJudge {
 public:
  /// Errors: of ChatTokenizer::open and Rollouts::open; kInvalidInput if the model does not write digits as tokens of their own.
  static Result<AiJudge> open(const AiJudgeOptions& options);

  /// Nothing for a question that is over the context. Errors: of Rollouts.
  Result<std::vector<std::optional<Verdict>>> compare(std::span<const Comparison> comparisons);
  /// Mean ratings from -1 to 1: the reward of direct RLAIF. Nothing, and errors, as above.
  Result<std::vector<std::optional<double>>> rate(std::span<const Rated> answers);

 private:
  AiJudge(AiJudgeOptions options, model::ChatTokenizer tokenizer, model::Rollouts rollouts)
      : options_(std::move(options)), tokenizer_(std::move(tokenizer)), rollouts_(std::move(rollouts)) {}
  /// Rationales for questions; nothing where that is over the context.
  Result<std::vector<std::optional<std::string>>> think(const std::vector<data::Messages>& questions);
  /// Log-probabilities of `candidates` behind each question and what its answer begins with; nothing where that is over the context.
  Result<std::vector<std::optional<std::vector<float>>>> ask(const std::vector<data::Messages>& questions,
                                                             const std::vector<std::string>& begun,
                                                             const std::vector<model::Token>& candidates);

  AiJudgeOptions options_;
  model::ChatTokenizer tokenizer_;
  model::Rollouts rollouts_;
  std::vector<model::Token> verdicts_;  ///< "1", "2"
  std::vector<model::Token> ratings_;   ///< "1" … "9", and "10" where it is one token
  std::optional<model::Token> zero_;    ///< of "10" where it is two
};

}  // namespace steward::tune
