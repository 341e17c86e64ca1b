#include "recipes/judge_rewards.h"

#include "recipes/constitution.h"
#include "recipes/sampling.h"
#include "recipes/setup.h"
#include "steward/core/hash.h"

namespace steward::recipes {

Result<std::unique_ptr<JudgeRewards>> JudgeRewards::open(const RewardConfig& config, const model::ChatTokenizer& tokenizer,
                                                         const tune::World& world) {
  const std::string model = find_model(config.judge);
  auto constitution = TRY(load_constitution(config.constitution));
  std::unique_ptr<JudgeRewards> out(new JudgeRewards(std::move(constitution), tokenizer, world));
  if (world.leads()) out->judge_.emplace(TRY(tune::AiJudge::open({.model = model, .context = config.judge_tokens})));
  out->origin_["reward.judge"] = TRY(sha256_file_hex(model));
  out->origin_["reward.constitution"] = hex(sha256(tune::print_constitution(out->constitution_)));
  return out;
}

Result<std::vector<double>> JudgeRewards::ratings(const std::vector<data::PromptSample>& prompts, std::span<const Answer> answers) {
  std::vector<tune::Rated> asked;
  for (const Answer& answer : answers) {
    const data::Messages chat = as_chat(prompts.at(answer.prompt).words);
    std::vector<model::Token> tokens = answer.rollout.tokens;
    if (answer.rollout.ended) tokens.pop_back();
    // Answers to one prompt are rated by one principle: they are compared with each other.
    const tune::Principle& principle = constitution_[hash64(chat_text(chat)) % constitution_.size()];
    asked.push_back({chat, TRY(tokenizer_.detokenize(tokens)), principle.prefer});
  }
  std::vector<double> out;
  for (const auto& rating : TRY(judge_->rate(asked))) {
    if (!rating)
      return fail(ErrorCode::kInvalidInput, "a prompt with its answer is over what the judge is shown: raise reward.judge_tokens",
                  "reward.judge_tokens");
    out.push_back(*rating);
  }
  return out;
}

Result<Scores> JudgeRewards::score(const std::vector<data::PromptSample>& prompts, std::span<const Answer> answers) {
  Scores out;
  out.rewards.resize(answers.size());
  if (judge_) out.rewards = TRY(ratings(prompts, answers));
  world_.sum(at::from_blob(out.rewards.data(), {static_cast<std::int64_t>(out.rewards.size())}, at::kDouble));
  out.parts.emplace_back("judge", out.rewards);
  return out;
}

json::Object JudgeRewards::origin() const { return origin_; }

Result<std::unique_ptr<Rewards>> open_rewards(const RewardConfig& config, const tune::Llama& llama, const std::string& base_sha256,
                                              const model::ChatTokenizer& tokenizer, const tune::World& world) {
  if (config.judge.empty()) return TRY(RewardModels::open(config, llama, base_sha256, tokenizer, world));
  if (!config.helpfulness.empty() || !config.safety.empty() || !config.check.empty())
    return fail(ErrorCode::kInvalidInput, "the reward is a judge's or that of reward models: name reward.judge, or the others",
                "reward.judge");
  return TRY(JudgeRewards::open(config, tokenizer, world));
}

}  // namespace steward::recipes
