#include "recipes/experience.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "recipes/judge_rewards.h"
#include "recipes/shown_answers.h"
#include "steward/tune/policy_losses.h"
#include "steward/tune/token_batch.h"

namespace steward::recipes {

using namespace tune;

namespace {

constexpr std::size_t kAtOnce = 8;  // answers of a pass without gradients

data::Sample learned(const data::PromptSample& prompt, const model::Rollout& rollout) {
  data::Sample out = prompt.sample;
  out.tokens.insert(out.tokens.end(), rollout.tokens.begin(), rollout.tokens.end());
  out.mask.resize(out.tokens.size(), 1);
  return out;
}

double mean(const std::vector<double>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_error(const std::vector<double>& values) {
  const double middle = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - middle) * (value - middle);
  const auto count = static_cast<double>(values.size());
  return count < 2 ? 0 : std::sqrt(sum / (count - 1) / count);
}

}  // namespace

double Experience::kl() const { return kl_k1(old, reference).sum().item<double>() / static_cast<double>(counts.size()); }

Tensor logprobs_at(Predicted predicted, double temperature) {
  if (temperature != 1) predicted.hidden = predicted.hidden / temperature;
  return token_logprobs(predicted);
}

Result<std::unique_ptr<PolicyRun>> open_policy_run(const CommonConfig& config, const RewardConfig& reward, const std::string& recipe,
                                                   const std::map<std::string, Tensor>& heads) {
  if (config.model.train != "lora")
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} trains an adapter, since the model without it is the reference (model.train: lora)", recipe),
                "model.train");
  World world = TRY(open_world(config));
  auto tokenizer = TRY(open_tokenizer(config));
  auto data = TRY(data::load_prompts(config.data, tokenizer));
  tell(world, data.notes);
  Trainee trainee = TRY(open_base(config, heads));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  tell(world, {describe(trainee)});
  auto out = std::make_unique<PolicyRun>(std::move(world), std::move(tokenizer), std::move(data), std::move(trainee));
  out->origin = TRY(origin_of(config, recipe, out->data));
  const std::string base(out->origin.at("base").get_string());
  out->rewards = TRY(open_rewards(reward, out->trainee.model, base, out->tokenizer, out->world));
  for (const auto& [key, value] : out->rewards->origin()) out->origin[key] = value;
  return out;
}

Speakers speakers_of(const Trainee& trainee, const World& world) { return {trainee.model, trainee.pass(), trainee.reference(), world}; }

Experience observe(const Speakers& speakers, const std::vector<data::PromptSample>& prompts, const std::vector<Answer>& answers,
                   double temperature, const RewardHead* values) {
  const at::NoGradGuard guard;
  Experience out;
  std::vector<std::int64_t> begins;
  std::int64_t tokens = 0;
  for (const Answer& answer : answers) {
    out.samples.push_back(learned(prompts.at(answer.prompt), answer.rollout));
    out.counts.push_back(static_cast<std::int64_t>(answer.rollout.tokens.size()));
    begins.push_back(tokens);
    tokens += out.counts.back();
  }
  // Each batch is one process's; the others have zeros there.
  out.old = at::zeros({tokens});
  out.reference = at::zeros({tokens});
  if (values) out.values = at::zeros({tokens});
  for (const data::BatchPlan& plan : speakers.world.part(in_order(answers.size(), kAtOnce))) {
    const TokenBatch batch = token_batch(plan, out.samples);
    const auto keep = [&](const Tensor& whole, const Tensor& part) {
      whole.narrow(0, begins[plan.front().front()], part.size(0)).copy_(part);
    };
    const auto passes = speakers.model.sharing(batch.packed, {speakers.policy, speakers.reference});
    const Predicted predicted = predict(speakers.model, batch, passes[0]);
    keep(out.old, logprobs_at(predicted, temperature));
    if (values) keep(out.values, values->score(predicted.hidden));
    keep(out.reference, logprobs_at(predict(speakers.model, batch, passes[1]), temperature));
  }
  speakers.world.sum(out.old);
  speakers.world.sum(out.reference);
  if (values) speakers.world.sum(out.values);
  return out;
}

std::vector<data::BatchPlan> shuffled_batches(std::size_t answers, std::size_t at_once, std::uint64_t seed, std::uint64_t pass) {
  const std::vector<std::size_t> order = data::shuffled(answers, seed, pass);
  std::vector<data::BatchPlan> out = in_order(answers, at_once);
  for (data::BatchPlan& plan : out)
    for (auto& row : plan) row[0] = order[row[0]];
  return out;
}

Tensor of_batch(const Tensor& values, const std::vector<std::int64_t>& counts, const data::BatchPlan& batch) {
  const std::vector<Tensor> each = values.split_with_sizes(counts);
  std::vector<Tensor> chosen;
  for (const auto& row : batch)
    for (const std::size_t index : row) chosen.push_back(each.at(index));
  return at::cat(chosen);
}

double token_share(const std::vector<std::int64_t>& counts, const data::BatchPlan& part, const data::BatchPlan& whole) {
  const auto tokens = [&](const data::BatchPlan& plan) {
    double sum = 0;
    for (const auto& row : plan)
      for (const std::size_t index : row) sum += static_cast<double>(counts.at(index));
    return sum;
  };
  return tokens(part) / tokens(whole);
}

void AnswerFacts::put(StepValues& values, const std::string& prefix) const {
  values.emplace_back(prefix + "reward", reward);
  for (const auto& [name, value] : parts) values.emplace_back(prefix + "reward/" + name, value);
  values.insert(values.end(), {{prefix + "kl", kl}, {prefix + "length", length}, {prefix + "ended", ended}});
}

AnswerFacts facts_of(const std::vector<Answer>& answers, const Scores& scores, const Experience& experience) {
  AnswerFacts out;
  out.reward = mean(scores.rewards);
  for (const auto& [name, values] : scores.parts) {
    out.parts.emplace_back(name, mean(values));
    if (name != "check") continue;
    out.check = mean(values);
    out.check_error = standard_error(values);
  }
  for (const Answer& answer : answers) {
    out.ended += answer.rollout.ended ? 1 : 0;
    out.length += static_cast<double>(answer.rollout.tokens.size());
  }
  const auto count = static_cast<double>(answers.size());
  out.ended /= count;
  out.length /= count;
  out.kl = experience.kl();
  return out;
}

Tensor missing_ends(const std::vector<Answer>& answers, double cost) {
  std::vector<double> out;
  for (const Answer& answer : answers) out.push_back(answer.rollout.ended ? 0 : cost);
  return at::tensor(out, at::kDouble);
}

Result<AnswerFacts> HeldOut::ask(std::int64_t step) const {
  const auto& prompts = run_.data.validation;
  Draws draws{fmt::format("held-out-{:06}", step), std::vector<std::size_t>(prompts.size()), 1, "held-out"};
  std::iota(draws.prompts.begin(), draws.prompts.end(), std::size_t{0});
  const auto answers = TRY(rollouts_.answers(draws, prompts, &run_.trainee.lora));
  const Scores scores = TRY(run_.rewards->score(prompts, answers));
  return facts_of(answers, scores, observe(speakers_of(run_.trainee, run_.world), prompts, answers, temperature_, nullptr));
}

Result<void> HeldOut::begin(const json::Object& state) {
  if (run_.data.validation.empty()) return {};
  const json::Object* first = TRY(json::get_object(state, "held_out"));
  if (!first) {
    first_ = TRY(ask(0));
    tell(run_.world, {fmt::format("held-out prompts: reward {:.3f} before training", first_.reward)});
    return {};
  }
  first_.reward = TRY(json::get_number(*first, "reward")).value_or(0);
  first_.check = TRY(json::get_number(*first, "check"));
  return {};
}

void HeldOut::keep(json::Object& state) const {
  if (run_.data.validation.empty()) return;
  json::Object first{{"reward", first_.reward}};
  if (first_.check) first["check"] = *first_.check;
  state["held_out"] = std::move(first);
}

Result<std::optional<double>> HeldOut::measure(std::int64_t step, StepValues& values) const {
  if (run_.data.validation.empty()) return std::nullopt;
  const AnswerFacts now = TRY(ask(step));
  now.put(values, "validation/");
  if (is_hacking(first_, now))
    tell(run_.world, {fmt::format("step {}: on held-out prompts the reward rose from {:.3f} to {:.3f} while reward.check fell from {:.3f} "
                                  "to {:.3f}: the policy may be learning what the reward model wrongly likes",
                                  step, first_.reward, now.reward, *first_.check, *now.check)});
  return now.reward;
}

bool is_hacking(const AnswerFacts& first, const AnswerFacts& now) {
  return first.check && now.check && now.reward > first.reward && *now.check < *first.check - now.check_error;
}

std::string step_name(std::int64_t done) { return fmt::format("step-{:06}", done + 1); }

std::vector<std::size_t> prompts_of(const data::BatchPlan& plan) {
  std::vector<std::size_t> out;
  for (const auto& row : plan) out.insert(out.end(), row.begin(), row.end());
  return out;
}

Result<void> finish_policy(const CommonConfig& config, const PolicyRun& run, Session& session, ModelCard card) {
  if (!run.world.leads()) return {};
  TRY(session.restore_best());
  card.data = {{"prompts", run.data.digest, static_cast<std::int64_t>(run.data.train.size())}};
  TRY(export_run(config, run.trainee, session, std::move(card)));
  return write_report(
      run.trainee, session,
      TRY(shown_answers(config, run.tokenizer, session.folder().path() + "/adapter.gguf",
                        to_show(config, run.data, [](const data::PromptSample& prompt) -> const data::Sample& { return prompt.sample; }))));
}

}  // namespace steward::recipes
