#include "recipes/rewards.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/tune/policy_losses.h"
#include "steward/tune/token_batch.h"

namespace steward::recipes {

using namespace tune;

namespace {

constexpr std::size_t kAtOnce = 8;  // answers of a pass

std::vector<double> numbers_of(const Tensor& values) {
  const Tensor wide = values.to(at::kDouble).contiguous();
  return {wide.data_ptr<double>(), wide.data_ptr<double>() + wide.numel()};
}

}  // namespace

void declare(runs::Fields& fields, RewardConfig& config) {
  fields.text("reward.judge", config.judge, "GGUF file of a model whose ratings are the reward (direct RLAIF), in place of reward models");
  fields.integer("reward.judge_tokens", config.judge_tokens, {64, 1 << 20}, "longest question to the judge, with prompt and answer");
  declare(fields, config.constitution);
  fields.text("reward.helpfulness", config.helpfulness, "folder of a run of the recipe reward; empty: none");
  fields.text("reward.safety", config.safety, "the same, for safety");
  fields.text("reward.check", config.check,
              "a second model that is only watched: it falls while the reward rises when the reward is hacked");
  fields.number("reward.threshold", config.threshold, {0, 1}, "safety below it decides alone, on every prompt");
  fields.number("reward.missing_end", config.missing_end, {0, 1e6},
                "what an answer loses that does not end by itself: of the whitened reward in ppo, else of the reward");
}

Result<std::vector<model::Token>> ending_of(const model::ChatTokenizer& tokenizer) {
  if (!tokenizer.has_template()) return std::vector<model::Token>{tokenizer.eos()};
  const auto parts = TRY(tokenizer.render({{"user", "a", ""}, {"assistant", "b", ""}}, model::PromptEnd::kMessages));
  auto tokens = TRY(tokenizer.tokenize(parts));
  const auto end = std::find_if(tokens.rbegin(), tokens.rend(), [&](model::Token token) { return tokenizer.ends_reply(token); });
  if (end == tokens.rend()) return fail(ErrorCode::kInvalidInput, "the model's chat template ends no answer: it cannot be sampled from");
  tokens.erase(tokens.begin(), end.base() - 1);
  return tokens;
}

data::Sample whole_chat(const data::PromptSample& prompt, const model::Rollout& rollout, std::span<const model::Token> ending) {
  data::Sample out{prompt.sample.tokens, {}};
  out.tokens.insert(out.tokens.end(), rollout.tokens.begin(), rollout.tokens.end() - (rollout.ended ? 1 : 0));
  out.tokens.insert(out.tokens.end(), ending.begin(), ending.end());
  out.mask.resize(out.tokens.size(), 0);
  return out;
}

Result<std::unique_ptr<RewardModels>> RewardModels::open(const RewardConfig& config, const Llama& llama, const std::string& base_sha256,
                                                         const model::ChatTokenizer& tokenizer, const World& world) {
  if (config.helpfulness.empty() && config.safety.empty())
    return fail(ErrorCode::kInvalidInput, "name a reward model: reward.helpfulness or reward.safety, or both", "reward.helpfulness");
  std::unique_ptr<RewardModels> out(new RewardModels(config, llama, world));
  out->ending_ = TRY(ending_of(tokenizer));
  for (const auto& [name, folder] :
       {std::pair{"helpfulness", config.helpfulness}, std::pair{"safety", config.safety}, std::pair{"check", config.check}})
    if (!folder.empty()) out->models_.emplace_back(name, TRY(load_reward_model(folder, llama.shape(), base_sha256)));
  return out;
}

const RewardModel* RewardModels::find(const std::string& name) const {
  for (const auto& [own, model] : models_)
    if (own == name) return &model;
  return nullptr;
}

Result<Scores> RewardModels::score(const std::vector<data::PromptSample>& prompts, std::span<const Answer> answers) {
  const at::NoGradGuard guard;
  std::vector<data::Sample> chats;
  std::vector<std::uint8_t> safety;
  for (const Answer& answer : answers) {
    const data::PromptSample& prompt = prompts.at(answer.prompt);
    chats.push_back(whole_chat(prompt, answer.rollout, ending_));
    safety.push_back(prompt.safety ? 1 : 0);
  }
  std::vector<Pass> own;
  for (const auto& [name, model] : models_) own.push_back(model.pass());
  // [models, answers]. Each batch is one process's; the others have zeros there.
  const Tensor scores = at::zeros({static_cast<std::int64_t>(models_.size()), static_cast<std::int64_t>(chats.size())}, at::kDouble);
  for (const data::BatchPlan& plan : world_.part(in_order(chats.size(), kAtOnce))) {
    const TokenBatch batch = token_batch(plan, chats);
    const std::vector<Pass> passes = llama_.sharing(batch.packed, own);
    const Tensor of_batch = scores.narrow(1, static_cast<std::int64_t>(plan.front().front()), static_cast<std::int64_t>(plan.size()));
    for (std::size_t i = 0; i < models_.size(); ++i)
      of_batch[static_cast<std::int64_t>(i)].copy_(models_[i].second.score(llama_, batch, passes[i]));
  }
  world_.sum(scores);
  Scores out;
  for (std::size_t i = 0; i < models_.size(); ++i)
    out.parts.emplace_back(models_[i].first, numbers_of(scores[static_cast<std::int64_t>(i)]));
  const auto part = [&](const std::string& name) -> const std::vector<double>& {
    return std::find_if(out.parts.begin(), out.parts.end(), [&](const auto& one) { return one.first == name; })->second;
  };
  if (find("helpfulness") && find("safety"))
    out.rewards = numbers_of(combined_reward(at::tensor(part("helpfulness"), at::kDouble), at::tensor(part("safety"), at::kDouble),
                                             at::tensor(safety, at::kByte).to(at::kBool), config_.threshold));
  else
    out.rewards = part(find("helpfulness") ? "helpfulness" : "safety");
  return out;
}

json::Object RewardModels::origin() const {
  json::Object out;
  for (const auto& [name, model] : models_) out["reward." + name] = model.digest;
  return out;
}

}  // namespace steward::recipes
