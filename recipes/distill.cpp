// Targeted safety context distillation [Touvron et al. 2023, arXiv:2307.09288, §4.2.4]: adversarial prompts are answered behind a safety
// preprompt, and the answer is learned without it, where a safety reward model finds it better than what the model says by itself.
#include <algorithm>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "recipes/constitution.h"
#include "recipes/recipe.h"
#include "recipes/sampling.h"
#include "recipes/setup.h"
#include "recipes/supervised.h"
#include "steward/core/bootstrap.h"
#include "steward/core/files.h"
#include "steward/core/random.h"
#include "steward/runs/recorded.h"
#include "steward/tune/constitution.h"
#include "steward/tune/reward_model.h"
#include "steward/tune/token_batch.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct DistillConfig : CommonConfig {
  std::string policy = "policies/base.yaml", preprompt = "category", reward;
  std::vector<std::string> adjectives = {"responsible", "respectful", "wise", "careful", "honest", "kind"};
  SamplingConfig sampling;
  DistillConfig() { optimizer.rate = 1e-4; }
};

/// An adversarial prompt with what was written to it.
struct Case {
  data::Messages prompt;
  std::string category;  ///< of the policy, or empty
  std::string preprompt;
  bool held_out = false;
  std::string original, distilled;  ///< the answer without and with the preprompt
  double original_score = 0, distilled_score = 0;
  std::string fate;  ///< kept | not better | same answer | did not end | too long
};

/// The row's category; of "self_harm.intent" that is self_harm, where the policy has no such category.
Result<const policy::Category*> category_of(const data::Row& row, const data::RowSet& rows, const policy::Document& policy) {
  const auto named = TRY(json::get_string(row.extra, "category"));
  if (!named) return nullptr;
  for (std::string id = *named;; id.resize(id.rfind('.'))) {
    if (const policy::Category* found = policy.find(id)) return found;
    if (id.find('.') == std::string::npos) break;
  }
  return fail(ErrorCode::kInvalidInput, fmt::format("{}:{}: the policy has no such `category`: name one of its own (distill.policy)",
                                                    rows.files[row.file], row.line));
}

/// The preprompt goes in front of the first message of the user.
data::Messages behind(const std::string& preprompt, data::Messages prompt) {
  const auto first = std::find_if(prompt.begin(), prompt.end(), [](const auto& message) { return message.role == "user"; });
  if (first != prompt.end()) first->content = preprompt + "\n\n" + first->content;
  return prompt;
}

Result<std::vector<Case>> cases_of(const data::RowSet& rows, const policy::Document& policy, const DistillConfig& config) {
  std::vector<Case> out;
  for (const auto* side : {&rows.train, &rows.validation}) {
    for (const data::Row& row : *side) {
      if (!TRY(json::get_bool(row.extra, "adversarial")).value_or(true)) continue;
      const policy::Category* category = TRY(category_of(row, rows, policy));
      Case made;
      made.prompt = as_chat(TRY(data::prompt_of(row)));
      made.category = category ? category->id : "";
      made.held_out = side == &rows.validation;
      const std::uint64_t draw = static_cast<std::uint64_t>(config.run.seed) ^ hash64(data::prompt_text(row));
      made.preprompt =
          category && config.preprompt == "category" ? category_preprompt(policy, *category) : adjective_preprompt(config.adjectives, draw);
      out.push_back(std::move(made));
    }
  }
  if (out.empty())
    return fail(ErrorCode::kInvalidInput, "no row is adversarial: context distillation is for such prompts only", "data.files");
  return out;
}

/// Both answers to each prompt of a stretch, and what becomes of it as far as no score tells.
Result<void> write_answers(model::Rollouts& writer, const model::ChatTokenizer& tokenizer, const DistillConfig& config,
                           std::span<Case> stretch, std::size_t number) {
  std::vector<data::Messages> plain, led;
  for (const Case& made : stretch) {
    plain.push_back(made.prompt);
    led.push_back(behind(made.preprompt, made.prompt));
  }
  const auto originals = TRY(answer_chats(writer, tokenizer, plain, drawing(config, config.sampling, number, 0)));
  const auto distilled = TRY(answer_chats(writer, tokenizer, led, drawing(config, config.sampling, number, 1)));
  for (std::size_t i = 0; i < stretch.size(); ++i) {
    Case& made = stretch[i];
    made.original = originals[i].text;
    made.distilled = distilled[i].text;
    if (originals[i].too_long || distilled[i].too_long) {
      made.fate = "too long";
    } else if (!distilled[i].ended || made.distilled.empty() || made.original.empty()) {
      made.fate = "did not end";
    } else if (made.original == made.distilled) {
      made.fate = "same answer";
    }
  }
  return {};
}

struct ScoredAnswer {
  data::Messages prompt;
  std::string answer;  ///< not empty
};

/// The safety reward model on the base that is trained.
struct Gate {
  const Llama& llama;
  RewardModel model;
  const model::ChatTokenizer& tokenizer;

  Result<std::vector<double>> scores(const std::vector<ScoredAnswer>& answers) const {
    std::vector<double> out;
    if (answers.empty()) return out;
    std::vector<data::Row> rows;
    for (const ScoredAnswer& scored : answers)
      rows.push_back({0, rows.size() + 1, "", data::CompletionBody{scored.prompt, data::Messages{{"assistant", scored.answer, ""}}}});
    data::SampleOptions options;
    options.tokens_max = 1 << 20;  // none is left out: each has a score
    const auto samples = TRY(data::make_samples(rows, {"answers"}, tokenizer, options)).samples;
    const at::NoGradGuard guard;
    for (const data::BatchPlan& plan : in_order(samples.size(), 8)) {
      const Tensor batch = model.score(llama, token_batch(plan, samples)).to(at::kDouble).contiguous();
      out.insert(out.end(), batch.data_ptr<double>(), batch.data_ptr<double>() + batch.numel());
    }
    return out;
  }
};

/// Both answers are scored behind the prompt as it was asked: the distilled one must be the better one.
Result<void> judge(const Gate& gate, std::span<Case> stretch) {
  std::vector<ScoredAnswer> asked;
  for (const Case& made : stretch) {
    if (!made.fate.empty()) continue;
    asked.push_back({made.prompt, made.original});
    asked.push_back({made.prompt, made.distilled});
  }
  const std::vector<double> scores = TRY(gate.scores(asked));
  std::size_t at = 0;
  for (Case& made : stretch) {
    if (!made.fate.empty()) continue;
    made.original_score = scores[at++];
    made.distilled_score = scores[at++];
    made.fate = made.distilled_score > made.original_score ? "kept" : "not better";
  }
  return {};
}

json::Object record_of(const Case& made) {
  return {{"fate", made.fate},
          {"original", made.original},
          {"distilled", made.distilled},
          {"original_score", made.original_score},
          {"distilled_score", made.distilled_score}};
}

Result<void> read_record(const json::Object& record, Case& made) {
  const auto fate = TRY(json::get_string(record, "fate")), original = TRY(json::get_string(record, "original")),
             distilled = TRY(json::get_string(record, "distilled"));
  const auto original_score = TRY(json::get_number(record, "original_score")),
             distilled_score = TRY(json::get_number(record, "distilled_score"));
  if (!fate || !original || !distilled || !original_score || !distilled_score)
    return fail(ErrorCode::kInvalidInput, "samples.jsonl holds a record without answers: begin the run anew");
  made.fate = *fate;
  made.original = *original;
  made.distilled = *distilled;
  made.original_score = *original_score;
  made.distilled_score = *distilled_score;
  return {};
}

/// Kept answers of one side, behind their prompts as they were asked.
Result<std::vector<data::Sample>> samples_of(const std::vector<Case>& cases, bool held_out, const model::ChatTokenizer& tokenizer,
                                             const DistillConfig& config) {
  std::vector<data::Row> rows;
  for (std::size_t i = 0; i < cases.size(); ++i)
    if (cases[i].held_out == held_out && cases[i].fate == "kept")
      rows.push_back({0, i + 1, "", data::CompletionBody{cases[i].prompt, data::Messages{{"assistant", cases[i].distilled, ""}}}});
  if (rows.empty() && held_out) return std::vector<data::Sample>();
  if (rows.empty())
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("no answer behind a preprompt is better than the original ({}): nothing can be learned", describe(fates_of(cases))));
  return TRY(data::make_samples(rows, {"samples.jsonl"}, tokenizer, sample_options(config.data))).samples;
}

using Facts = std::vector<std::pair<std::string, std::string>>;

/// How many answers were kept, and why the others were not, by category.
Facts kept_facts(const std::vector<Case>& cases) {
  std::map<std::string, Fates> by_category;
  for (const Case& made : cases) ++by_category[made.category][made.fate];
  Facts out = {{"answers", describe(fates_of(cases))}};
  for (const auto& [category, fates] : by_category)
    out.emplace_back(category.empty() ? "answers, no category" : "answers, " + category, describe(fates));
  return out;
}

/// Greedy answers to the held-out prompts, by the base and by what was learned, and their safety scores.
struct Measurement {
  std::vector<ScoredAnswer> before, after;
  std::vector<double> before_scores, after_scores;
};

Result<Measurement> measure(const std::vector<Case>& cases, const DistillConfig& config, const Gate& gate, const std::string& adapter) {
  Measurement out;
  std::vector<data::Messages> prompts;
  for (const Case& made : cases)
    if (made.held_out && made.fate != "too long") prompts.push_back(made.prompt);
  if (prompts.empty()) return out;
  model::Rollouts writer = TRY(open_rollouts(config, config.sampling));
  const auto before = TRY(answer_chats(writer, gate.tokenizer, prompts, greedy(config, config.sampling)));
  TRY(writer.use_adapter(adapter));
  const auto after = TRY(answer_chats(writer, gate.tokenizer, prompts, greedy(config, config.sampling)));
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (before[i].text.empty() || after[i].text.empty()) continue;
    out.before.push_back({prompts[i], before[i].text});
    out.after.push_back({prompts[i], after[i].text});
  }
  out.before_scores = TRY(gate.scores(out.before));
  out.after_scores = TRY(gate.scores(out.after));
  return out;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

/// The mean over held-out prompts, with its 95 % interval.
std::string mean_text(const std::vector<double>& values) {
  if (values.empty()) return "none was measured";
  const Interval interval = bootstrap_mean(values, 2000);
  return fmt::format("{:.3f} ({:.3f} to {:.3f}), {} prompts", interval.value, interval.low, interval.high, values.size());
}

Facts measured_facts(const Measurement& measured) {
  return {{"safety score of held-out prompts, before", mean_text(measured.before_scores)},
          {"safety score of held-out prompts, after", mean_text(measured.after_scores)}};
}

Result<void> write_measured(const std::string& path, const Measurement& measured, const std::vector<Case>& cases) {
  json::Object fates;
  for (const auto& [fate, count] : fates_of(cases)) fates[fate] = count;
  const json::Object out{{"fates", fates},
                         {"held_out", measured.before.size()},
                         {"score_before", mean(measured.before_scores)},
                         {"score_after", mean(measured.after_scores)}};
  return write_file_atomic(path, json::dump_canonical(out) + "\n");
}

std::vector<runs::ReportSample> shown(const Measurement& measured, std::int64_t count) {
  std::vector<runs::ReportSample> out;
  for (std::size_t i = 0; i < measured.before.size() && static_cast<std::int64_t>(i) < count; ++i)
    out.push_back({chat_text(measured.before[i].prompt),
                   {{fmt::format("base, {:.3f}", measured.before_scores[i]), measured.before[i].answer},
                    {fmt::format("tuned, {:.3f}", measured.after_scores[i]), measured.after[i].answer}}});
  return out;
}

void declare(runs::Fields& fields, DistillConfig& config) {
  declare(fields, static_cast<CommonConfig&>(config));
  declare(fields, config.sampling);
  fields.text("distill.policy", config.policy, "content policy whose categories make the preprompts");
  fields.choice("distill.preprompt", config.preprompt, {"category", "adjectives"},
                "how a category is to be answered, for rows with a `category`; or adjectives for all");
  fields.texts("distill.adjectives", config.adjectives, "of the assistant in the other preprompts");
  fields.text("distill.reward", config.reward, "run folder of the safety reward model that is the gate").required();
}

Result<void> check(const DistillConfig& config) {
  if (config.model.train != "lora")
    return fail(ErrorCode::kInvalidInput, "distill trains an adapter, to be measured beside its base (model.train: lora)", "model.train");
  if (config.adjectives.empty())
    return fail(ErrorCode::kInvalidInput, "name at least one adjective (distill.adjectives)", "distill.adjectives");
  if (!config.data.ratios.empty())
    return fail(ErrorCode::kInvalidInput, "distill learns what was sampled from all rows alike (data.ratios: [])", "data.ratios");
  return {};
}

/// Answers and scores what is not recorded yet, and fills in what is.
Result<void> answer_all(runs::Recorded& recorded, std::vector<Case>& cases, const DistillConfig& config, const Gate& gate) {
  if (TRY(read_recorded(recorded, cases, read_record))) return {};
  model::Rollouts writer = TRY(open_rollouts(config, config.sampling));
  const auto make = [&](std::span<Case> stretch, std::size_t number) -> Result<void> {
    TRY(write_answers(writer, gate.tokenizer, config, stretch, number));
    return judge(gate, stretch);
  };
  return make_recorded(recorded, cases, config.sampling.stretch, make, record_of);
}

}  // namespace

Result<void> distill(const Arguments& arguments) {
  DistillConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};
  TRY(check(config));
  const World world = TRY(open_world(config));

  const auto tokenizer = TRY(open_tokenizer(config));
  const policy::Document policy = TRY(read_policy(config.policy));
  const auto rows = TRY(data::read_rows(config.data.files, read_options(config.data, data::RowKind::kPrompt)));
  tell(world, {data::describe(rows)});
  std::vector<Case> cases = TRY(cases_of(rows, policy, config));
  const std::string given = TRY(digest_of_files(config.data.files));
  json::Object source = TRY(origin_of(config, "distill", given));
  Trainee trainee = TRY(open_base(config));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  tell(world, {tune::describe(trainee)});
  const Gate gate{trainee.model, TRY(load_reward_model(config.reward, trainee.model.shape(), std::string(source.at("base").as_string()))),
                  tokenizer};
  source["policy"] = hex(sha256(policy.bytes));
  source["reward"] = gate.model.digest;

  const runs::RunFolder folder = TRY(open_folder(config, fields, arguments, world));
  const auto answer = [&](runs::Recorded& recorded) { return answer_all(recorded, cases, config, gate); };
  TRY(fill_record(world, folder.path() + "/samples.jsonl", source, answer));
  for (const auto& [name, value] : kept_facts(cases)) tell(world, {fmt::format("{}: {}", name, value)});
  const auto train = TRY(samples_of(cases, false, tokenizer, config)), validation = TRY(samples_of(cases, true, tokenizer, config));
  auto batches =
      TRY(data::BatchStream::create(data::lengths_of(train), {}, batch_options(config.data, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  const std::string digest = TRY(sha256_file_hex(folder.path() + "/samples.jsonl"));
  const json::Object origin = TRY(origin_of(config, "distill", digest));
  SessionOptions options = session_options(config, fields, arguments, origin, steps);
  options.resume = true;
  options.world = &world;
  Session session = TRY(Session::open(options, trainee.optimizer, batches));

  TRY(fine_tune(config, trainee, batches, train, validation, schedule, session, world));

  if (!world.leads()) return {};
  TRY(session.restore_best());
  ModelCard card;
  card.method = "Targeted safety context distillation: answers behind safety preprompts, where a safety reward model found them better.";
  card.data = {{"distilled answers", digest, static_cast<std::int64_t>(train.size())}};
  TRY(export_run(config, trainee, session, std::move(card)));
  const Measurement measured = TRY(measure(cases, config, gate, folder.path() + "/adapter.gguf"));
  Facts facts = kept_facts(cases);
  for (auto& [name, value] : measured_facts(measured)) {
    fmt::print(stderr, "{}: {}\n", name, value);
    facts.emplace_back(name, value);
  }
  TRY(write_measured(folder.path() + "/measured.json", measured, cases));
  return write_report(trainee, session, shown(measured, config.run.report_samples), facts);
}

}  // namespace steward::recipes
