#include "recipes/rollouts.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/tune/export.h"

namespace steward::recipes {
namespace {

/// One line for the record, one for each answer.
std::string written(const std::string& origin, const std::vector<Answer>& answers) {
  std::string out = json::dump_canonical(json::Object{{"origin", origin}, {"answers", answers.size()}}) + "\n";
  for (const Answer& answer : answers)
    out += json::dump_canonical(json::Object{{"prompt", answer.prompt},
                                             {"tokens", json::Array(answer.rollout.tokens.begin(), answer.rollout.tokens.end())},
                                             {"ended", answer.rollout.ended}}) +
           "\n";
  return out;
}

Result<Answer> read_answer(const json::Object& line) {
  Answer out;
  const auto prompt = TRY(json::get_integer(line, "prompt"));
  const auto ended = TRY(json::get_bool(line, "ended"));
  const json::Array* tokens = TRY(json::get_array(line, "tokens"));
  if (!prompt || !ended || !tokens || tokens->empty()) return fail(ErrorCode::kInvalidInput, "no answer");
  out.prompt = static_cast<std::size_t>(*prompt);
  out.rollout.ended = *ended;
  for (const json::Value& token : *tokens) {
    if (!token.is_int64()) return fail(ErrorCode::kInvalidInput, "no token");
    out.rollout.tokens.push_back(static_cast<model::Token>(token.as_int64()));
  }
  return out;
}

/// Errors: kInvalidInput that names the file, unless it holds these draws of this run.
Result<std::vector<Answer>> read_record(const std::string& path, const std::string& origin, const Draws& draws) {
  const auto damaged = [&](const char* what) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} {}: remove it, and its answers are sampled again", path, what));
  };
  std::istringstream in(TRY(read_file(path)));
  std::vector<Answer> out;
  std::string line;
  for (std::size_t i = 0; std::getline(in, line); ++i) {
    const auto value = json::parse(line);
    if (!value || !value->is_object()) return damaged("is no record of answers");
    if (i == 0) {
      const auto was = json::get_string(value->as_object(), "origin");
      if (!was || *was != origin) return damaged("was recorded by another run");
      continue;
    }
    auto answer = read_answer(value->as_object());
    if (!answer) return damaged("is no record of answers");
    out.push_back(std::move(*answer));
  }
  const auto each = static_cast<std::size_t>(draws.draws);
  if (out.size() != draws.prompts.size() * each) return damaged("holds other answers");
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i].prompt != draws.prompts[i / each]) return damaged("holds other answers");
  return out;
}

/// Every answer is one process's, and has no tokens in the others: now all have all of them.
void share(const tune::World& world, int tokens_max, std::vector<model::Rollout>& rollouts) {
  if (world.size() == 1) return;
  // A row for each answer: how many tokens, whether it ended by itself, and the tokens.
  const tune::Tensor numbers = at::zeros({static_cast<std::int64_t>(rollouts.size()), tokens_max + 2}, at::kDouble);
  const auto row = [&](std::size_t answer) {
    return numbers.mutable_data_ptr<double>() + answer * static_cast<std::size_t>(tokens_max + 2);
  };
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    row(i)[0] = static_cast<double>(rollouts[i].tokens.size());
    row(i)[1] = rollouts[i].ended ? 1 : 0;
    std::copy(rollouts[i].tokens.begin(), rollouts[i].tokens.end(), row(i) + 2);
  }
  world.sum(numbers);
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    rollouts[i].ended = row(i)[1] != 0;
    rollouts[i].tokens.clear();
    for (int j = 0; j < static_cast<int>(row(i)[0]); ++j) rollouts[i].tokens.push_back(static_cast<model::Token>(row(i)[2 + j]));
  }
}

}  // namespace

void declare(runs::Fields& fields, RolloutConfig& config) {
  fields.number("rollouts.temperature", config.temperature, {0.01, 10}, "of sampling");
  fields.number("rollouts.top_p", config.top_p, {0.01, 1}, "sample from the likeliest tokens that have this probability together");
  fields.integer("rollouts.tokens_max", config.tokens_max, {1, 1 << 20}, "longest answer");
  fields.integer("rollouts.at_once", config.at_once, {1, 256}, "answers sampled side by side");
  fields.integer("rollouts.threads", config.threads, {0, 1024}, "of sampling, in all processes together; 0: as many as train");
}

RecordedRollouts::RecordedRollouts(const CommonConfig& config, const RolloutConfig& rollouts, const json::Object& origin,
                                   const tune::World& world)
    : config_(config), options_(rollouts), world_(world), origin_(hex(sha256(json::dump_canonical(origin)))) {}

Result<std::vector<Answer>> RecordedRollouts::answers(const Draws& draws, const std::vector<data::PromptSample>& prompts,
                                                      const tune::Lora* policy) {
  const std::string folder = config_.run.folder + "/rollouts", path = folder + "/" + draws.name + ".jsonl";
  std::error_code error;
  // The leading process says whether they are there: the others might look when it has just written them.
  double there = world_.leads() && std::filesystem::exists(path, error) ? 1 : 0;
  world_.sum({&there});
  TRY(world_.status());
  if (there > 0) return read_record(path, origin_, draws);
  std::filesystem::create_directories(folder, error);
  auto out = TRY(sample(draws, prompts, policy));
  TRY(world_.status());
  if (world_.leads()) TRY(write_file_atomic(path, written(origin_, out)));
  return out;
}

Result<std::vector<Answer>> RecordedRollouts::sample(const Draws& draws, const std::vector<data::PromptSample>& prompts,
                                                     const tune::Lora* policy) {
  if (!engine_) {
    const std::string base = find_model(config_.model.base);
    if (std::filesystem::is_directory(base))
      return fail(ErrorCode::kInvalidInput, "answers are sampled from a GGUF file: name one in model.base", "model.base");
    // A run that goes on has the threads that it was begun with, wherever it does.
    const int threads = options_.threads > 0 ? options_.threads : at::get_num_threads() * world_.size();
    model::Rollouts opened = TRY(model::Rollouts::open(
        {base, options_.at_once, config_.data.tokens_max + options_.tokens_max, threads, world_.rank(), world_.size()}));
    engine_.emplace(std::move(opened));
  }
  const std::string of_rank = world_.leads() ? "" : fmt::format("-{}", world_.rank());
  const std::string adapter = policy ? config_.run.folder + "/rollouts/policy" + of_rank + ".gguf" : "";
  tune::ModelCard card;
  card.name = "the policy that answers are sampled from";
  if (policy) TRY(tune::export_adapter(adapter, *policy, card));
  TRY(engine_->use_adapter(adapter));
  std::vector<model::RolloutPrompt> asked;
  const std::string& stream = draws.stream.empty() ? draws.name : draws.stream;
  for (const std::size_t prompt : draws.prompts)
    for (int i = 0; i < draws.draws; ++i)
      asked.push_back({prompts.at(prompt).sample.tokens, hash64(fmt::format("{} {}", stream, asked.size()))});
  auto sampled = TRY(
      engine_->sample(asked, {options_.temperature, options_.top_p, options_.tokens_max, static_cast<std::uint64_t>(config_.run.seed)}));
  share(world_, options_.tokens_max, sampled);
  std::vector<Answer> out;
  for (model::Rollout& rollout : sampled)
    out.push_back({draws.prompts[out.size() / static_cast<std::size_t>(draws.draws)], std::move(rollout)});
  return out;
}

}  // namespace steward::recipes
