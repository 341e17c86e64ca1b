// Ghost Attention [Touvron et al. 2023, arXiv:2307.09288, §3.3]: an instruction that stands in the first message alone holds for a whole
// dialogue. Answers are sampled with the instruction behind every message of the user; the last one is learned with the instruction in the
// first message only, and nothing of the turns before it.
#include <algorithm>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "recipes/recipe.h"
#include "recipes/sampling.h"
#include "recipes/setup.h"
#include "recipes/supervised.h"
#include "steward/core/files.h"
#include "steward/core/random.h"
#include "steward/runs/recorded.h"
#include "steward/tune/instructions.h"
#include "steward/tune/token_batch.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct GhostConfig : CommonConfig {
  std::string instructions = "recipes/ghost_attention_instructions.yaml";
  std::string earlier = "sampled";
  int draws = 4;
  SamplingConfig sampling;
  GhostConfig() {
    data.answers = "last";
    optimizer.rate = 1e-4;
  }
};

/// A dialogue with its instruction, which stands in none of its messages.
struct Dialogue {
  data::Messages chat;
  const Instruction* instruction = nullptr;
  bool held_out = false;
  std::string fate;  ///< kept | disobedient | did not end | too long

  std::size_t turns() const {
    return static_cast<std::size_t>(
        std::count_if(chat.begin(), chat.end(), [](const auto& message) { return message.role == "assistant"; }));
  }
  /// Where the answer of a turn stands.
  std::size_t answer(std::size_t turn) const {
    std::size_t at = 0;
    for (std::size_t left = turn + 1; left > 0; ++at) left -= chat[at].role == "assistant" ? 1 : 0;
    return at - 1;
  }
  data::Messages before(std::size_t turn) const { return {chat.begin(), chat.begin() + static_cast<std::ptrdiff_t>(answer(turn))}; }
};

data::Messages whole_chat(const data::Row& row) {
  if (const auto* chat = std::get_if<data::ChatBody>(&row.body)) return chat->messages;
  const auto& body = std::get<data::CompletionBody>(row.body);
  data::Messages out = as_chat(body.prompt);
  if (const auto* text = std::get_if<std::string>(&body.completion)) {
    out.push_back({"assistant", *text, ""});
  } else {
    const auto& answers = std::get<data::Messages>(body.completion);
    out.insert(out.end(), answers.begin(), answers.end());
  }
  return out;
}

/// Each row with an instruction that is drawn for it.
std::vector<Dialogue> dialogues_of(const data::RowSet& rows, const std::vector<Instruction>& instructions, std::int64_t seed) {
  std::vector<Dialogue> out;
  const auto add = [&](const data::Row& row, bool held_out) {
    Random random(static_cast<std::uint64_t>(seed) ^ hash64(data::prompt_text(row)) ^ hash64(fmt::format("{}:{}", row.file, row.line)));
    out.push_back({whole_chat(row), &instructions[random.below(instructions.size())], held_out, ""});
  };
  for (const data::Row& row : rows.train) add(row, false);
  for (const data::Row& row : rows.validation) add(row, true);
  return out;
}

/// The first of the draws that ended and obeys becomes the last answer.
void choose_last(Dialogue& dialogue, std::span<const ChatAnswer> draws) {
  const auto fits = [&](const ChatAnswer& answer) {
    return answer.ended && !answer.text.empty() && (dialogue.instruction->obeyed.empty() || obeys(*dialogue.instruction, answer.text));
  };
  const auto chosen = std::find_if(draws.begin(), draws.end(), fits);
  const bool any_ended = std::any_of(draws.begin(), draws.end(), [](const ChatAnswer& answer) { return answer.ended; });
  dialogue.fate = chosen != draws.end() ? "kept" : draws.front().too_long ? "too long" : any_ended ? "disobedient" : "did not end";
  if (chosen != draws.end()) dialogue.chat[dialogue.answer(dialogue.turns() - 1)].content = chosen->text;
}

/// Writes the answers of a stretch, turn by turn over all its dialogues.
Result<void> write_answers(model::Rollouts& rollouts, const model::ChatTokenizer& tokenizer, const GhostConfig& config,
                           std::span<Dialogue> stretch, std::size_t number) {
  std::size_t turns = 0;
  for (const Dialogue& dialogue : stretch) turns = std::max(turns, dialogue.turns());
  for (std::size_t turn = 0; turn < turns; ++turn) {
    for (const bool last : {false, true}) {
      std::vector<Dialogue*> asked;
      std::vector<data::Messages> chats;
      for (Dialogue& dialogue : stretch) {
        if (!dialogue.fate.empty() || turn >= dialogue.turns() || (turn + 1 == dialogue.turns()) != last) continue;
        if (!last && config.earlier == "given") continue;
        asked.push_back(&dialogue);
        chats.push_back(told_every_turn(dialogue.before(turn), *dialogue.instruction));
      }
      if (asked.empty()) continue;
      ChatSampling options = drawing(config, config.sampling, number, 2 * turn + (last ? 1 : 0));
      options.draws = last ? config.draws : 1;
      const auto answers = TRY(answer_chats(rollouts, tokenizer, chats, options));
      for (std::size_t i = 0; i < asked.size(); ++i) {
        const std::span draws(answers.begin() + static_cast<std::ptrdiff_t>(i) * options.draws, static_cast<std::size_t>(options.draws));
        if (last) {
          choose_last(*asked[i], draws);
        } else if (draws[0].too_long || draws[0].text.empty()) {
          asked[i]->fate = draws[0].too_long ? "too long" : "did not end";
        } else {
          asked[i]->chat[asked[i]->answer(turn)].content = draws[0].text;
        }
      }
    }
  }
  return {};
}

/// Samples what is not recorded yet, and fills in what is.
Result<void> sample_all(runs::Recorded& recorded, std::vector<Dialogue>& dialogues, const model::ChatTokenizer& tokenizer,
                        const GhostConfig& config) {
  const auto read = [](const json::Object& record, Dialogue& dialogue) -> Result<void> {
    const auto fate = TRY(json::get_string(record, "fate"));
    const json::Array* chat = TRY(json::get_array(record, "chat"));
    if (!fate || !chat) return fail(ErrorCode::kInvalidInput, "samples.jsonl holds a record without a chat: begin the run anew");
    dialogue.fate = *fate;
    dialogue.chat = TRY(chat_of(*chat));
    return {};
  };
  if (TRY(read_recorded(recorded, dialogues, read))) return {};
  model::Rollouts rollouts = TRY(open_rollouts(config, config.sampling));
  return make_recorded(
      recorded, dialogues, config.sampling.stretch,
      [&](std::span<Dialogue> stretch, std::size_t number) { return write_answers(rollouts, tokenizer, config, stretch, number); },
      [](const Dialogue& dialogue) {
        return json::Object{{"instruction", dialogue.instruction->id}, {"fate", dialogue.fate}, {"chat", to_json(dialogue.chat)}};
      });
}

/// Kept dialogues of one side as rows: the instruction in the first message.
Result<std::vector<data::Sample>> samples_of(const std::vector<Dialogue>& dialogues, bool held_out, const model::ChatTokenizer& tokenizer,
                                             const GhostConfig& config) {
  std::vector<data::Row> rows;
  for (std::size_t i = 0; i < dialogues.size(); ++i)
    if (dialogues[i].held_out == held_out && dialogues[i].fate == "kept")
      rows.push_back({0, i + 1, "", data::ChatBody{told_once(dialogues[i].chat, *dialogues[i].instruction)}});
  if (rows.empty() && held_out) return std::vector<data::Sample>();
  if (rows.empty())
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("no sampled answer can be learned ({}): raise ghost.draws or sampling.tokens_max, or take instructions that the "
                    "model can follow (ghost.instructions)",
                    describe(fates_of(dialogues))));
  return TRY(data::make_samples(rows, {"samples.jsonl"}, tokenizer, sample_options(config.data))).samples;
}

/// Held-out dialogues that can be measured: of more than one turn, with an instruction that code can check, and room for the last answer.
struct Measurement {
  std::vector<const Dialogue*> dialogues;
  std::vector<data::Messages> chats;  ///< up to the last answer, the instruction in the first message
  std::vector<std::string> before, after;

  bool obeyed(std::size_t i, const std::vector<std::string>& answers) const { return obeys(*dialogues[i]->instruction, answers[i]); }
  std::size_t count(const std::vector<std::string>& answers) const {
    std::size_t out = 0;
    for (std::size_t i = 0; i < dialogues.size(); ++i) out += obeyed(i, answers) ? 1 : 0;
    return out;
  }
};

Result<Measurement> measure(const std::vector<Dialogue>& dialogues, const model::ChatTokenizer& tokenizer, const GhostConfig& config,
                            const std::string& adapter) {
  Measurement out;
  for (const Dialogue& dialogue : dialogues) {
    if (!dialogue.held_out || dialogue.turns() < 2 || dialogue.instruction->obeyed.empty() || dialogue.fate == "too long") continue;
    out.dialogues.push_back(&dialogue);
    out.chats.push_back(told_once(dialogue.before(dialogue.turns() - 1), *dialogue.instruction));
  }
  if (out.chats.empty()) return out;
  model::Rollouts rollouts = TRY(open_rollouts(config, config.sampling));
  for (std::vector<std::string>* answers : {&out.before, &out.after}) {
    if (answers == &out.after) TRY(rollouts.use_adapter(adapter));
    for (ChatAnswer& answer : TRY(answer_chats(rollouts, tokenizer, out.chats, greedy(config, config.sampling))))
      answers->push_back(std::move(answer.text));
  }
  return out;
}

using Facts = std::vector<std::pair<std::string, std::string>>;

Facts facts_of(const Measurement& measured, const std::vector<Dialogue>& dialogues) {
  const std::size_t rows = measured.dialogues.size();
  Facts out = {{"sampled dialogues", describe(fates_of(dialogues))},
               {"last turns that obey, before", share_text(rows > 0 ? measured.count(measured.before) : 0, rows)},
               {"last turns that obey, after", share_text(rows > 0 ? measured.count(measured.after) : 0, rows)}};
  std::map<std::size_t, std::array<std::size_t, 3>> by_turns;
  for (std::size_t i = 0; i < rows; ++i) {
    auto& [before, after, all] = by_turns[measured.dialogues[i]->turns()];
    before += measured.obeyed(i, measured.before) ? 1 : 0;
    after += measured.obeyed(i, measured.after) ? 1 : 0;
    ++all;
  }
  for (const auto& [turns, counts] : by_turns)
    out.emplace_back(fmt::format("at turn {}", turns), fmt::format("{} → {} of {}", counts[0], counts[1], counts[2]));
  return out;
}

Result<void> write_measured(const std::string& path, const Measurement& measured, const std::vector<Dialogue>& dialogues) {
  json::Object fates;
  for (const auto& [fate, count] : fates_of(dialogues)) fates[fate] = count;
  json::Object out{{"fates", fates}, {"held_out", measured.dialogues.size()}};
  out["obeyed_before"] = measured.dialogues.empty() ? 0 : measured.count(measured.before);
  out["obeyed_after"] = measured.dialogues.empty() ? 0 : measured.count(measured.after);
  return write_file_atomic(path, json::dump_canonical(out) + "\n");
}

std::vector<runs::ReportSample> shown(const Measurement& measured, std::int64_t count) {
  std::vector<runs::ReportSample> out;
  for (std::size_t i = 0; i < measured.chats.size() && static_cast<std::int64_t>(i) < count; ++i) {
    out.push_back({chat_text(measured.chats[i]), {{"base", measured.before[i]}, {"tuned", measured.after[i]}}});
  }
  return out;
}

void declare(runs::Fields& fields, GhostConfig& config) {
  declare(fields, static_cast<CommonConfig&>(config));
  declare(fields, config.sampling);
  fields.text("ghost.instructions", config.instructions, "YAML file of instructions; one is drawn for each dialogue");
  fields.choice("ghost.earlier", config.earlier, {"sampled", "given"}, "answers before the last: the model's own, or those of the rows");
  fields.integer("ghost.draws", config.draws, {1, 256}, "last answers that are sampled; the first that ends and obeys is learned");
}

Result<void> check(const GhostConfig& config) {
  if (config.model.train != "lora")
    return fail(ErrorCode::kInvalidInput, "ghost-attention trains an adapter, to be measured beside its base (model.train: lora)",
                "model.train");
  if (config.data.answers != "last")
    return fail(ErrorCode::kInvalidInput, "ghost-attention learns nothing of the turns before the last (data.answers: last)",
                "data.answers");
  if (!config.data.ratios.empty())
    return fail(ErrorCode::kInvalidInput, "ghost-attention learns what was sampled from all rows alike (data.ratios: [])", "data.ratios");
  return {};
}

}  // namespace

Result<void> ghost_attention(const Arguments& arguments) {
  GhostConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};
  TRY(check(config));
  const World world = TRY(open_world(config));

  const auto tokenizer = TRY(open_tokenizer(config));
  const auto instructions = TRY(read_instructions(config.instructions));
  const auto rows = TRY(data::read_rows(config.data.files, read_options(config.data, data::RowKind::kChat)));
  tell(world, {data::describe(rows)});
  std::vector<std::string> files = config.data.files;
  files.push_back(config.instructions);
  const std::string given = TRY(digest_of_files(files));
  const json::Object source = TRY(origin_of(config, "ghost-attention", given));
  std::vector<Dialogue> dialogues = dialogues_of(rows, instructions, config.run.seed);

  const runs::RunFolder folder = TRY(open_folder(config, fields, arguments, world));
  const auto sample = [&](runs::Recorded& recorded) { return sample_all(recorded, dialogues, tokenizer, config); };
  TRY(fill_record(world, folder.path() + "/samples.jsonl", source, sample));
  tell(world, {"dialogues: " + describe(fates_of(dialogues))});
  const auto train = TRY(samples_of(dialogues, false, tokenizer, config)), validation = TRY(samples_of(dialogues, true, tokenizer, config));

  Trainee trainee = TRY(open_base(config));
  TRY(check_vocabulary(tokenizer, trainee.model.shape()));
  tell(world, {tune::describe(trainee)});
  auto batches =
      TRY(data::BatchStream::create(data::lengths_of(train), {}, batch_options(config.data, static_cast<std::uint64_t>(config.run.seed))));
  const std::int64_t steps = steps_of(config.run, static_cast<std::int64_t>(batches.batches(0)));
  const runs::Schedule schedule = schedule_of(config.optimizer, steps);
  const std::string digest = TRY(sha256_file_hex(folder.path() + "/samples.jsonl"));
  const json::Object origin = TRY(origin_of(config, "ghost-attention", digest));
  SessionOptions options = session_options(config, fields, arguments, origin, steps);
  options.resume = true;
  options.world = &world;
  Session session = TRY(Session::open(options, trainee.optimizer, batches));

  TRY(fine_tune(config, trainee, batches, train, validation, schedule, session, world));

  if (!world.leads()) return {};
  TRY(session.restore_best());
  ModelCard card;
  card.method = "Ghost Attention: dialogues whose instruction stands in the first message alone, answered with it in every one.";
  card.data = {{"sampled dialogues", digest, static_cast<std::int64_t>(train.size())}};
  TRY(export_run(config, trainee, session, std::move(card)));
  const Measurement measured = TRY(measure(dialogues, tokenizer, config, folder.path() + "/adapter.gguf"));
  const Facts facts = facts_of(measured, dialogues);
  for (const auto& [name, value] : facts) fmt::print(stderr, "{}: {}\n", name, value);
  TRY(write_measured(folder.path() + "/measured.json", measured, dialogues));
  return write_report(trainee, session, shown(measured, config.run.report_samples), facts);
}

}  // namespace steward::recipes
