// Preferences by a language model instead of people: RLAIF [Lee et al. 2023, arXiv:2309.00267], by principles of a constitution [Bai et al.
// 2022, arXiv:2212.08073] that is made from the content policy. Writes rows for `reward` and `dpo`.
#include <algorithm>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "recipes/constitution.h"
#include "recipes/recipe.h"
#include "recipes/sampling.h"
#include "recipes/setup.h"
#include "steward/core/files.h"
#include "steward/core/random.h"
#include "steward/runs/recorded.h"
#include "steward/tune/ai_judge.h"

namespace steward::recipes {
namespace {

using namespace tune;

struct FeedbackConfig : CommonConfig {
  std::string answers = "sampled";
  SamplingConfig sampling;
  ConstitutionConfig constitution;
  int ensemble = 1;
  std::string judge;
  int judge_tokens = 2048, thought_tokens = 0;
  bool clamp = false;
};

void declare(runs::Fields& fields, FeedbackConfig& config) {
  declare_writer(fields, config);
  fields.text("judge.model", config.judge, "GGUF file of the model that judges; empty: the base");
  fields.integer("judge.tokens_max", config.judge_tokens, {64, 1 << 20}, "longest question, with its rationale");
  fields.integer("judge.thought_tokens", config.thought_tokens, {0, 1 << 16}, "longest rationale before a verdict; 0: none");
  fields.boolean("judge.clamp", config.clamp, "labels from 0.4 to 0.6 only, as Constitutional AI has them after rationales");
  declare(fields, config.constitution);
  fields.integer("constitution.ensemble", config.ensemble, {1, 64}, "principles that are drawn for a label, which is their mean");
  fields.choice("feedback.answers", config.answers, {"sampled", "given"},
                "two answers of the base to each prompt, or those of preference rows");
  declare(fields, config.sampling);
}

/// Two answers to a prompt, and what becomes of them.
struct Pair {
  data::Row row;
  std::string first, second;
  std::string fate;  ///< labelled | same answers | did not end | too long | too long for the judge
  std::vector<std::string> principles;
  std::vector<Verdict> verdicts;  ///< one a principle

  double first_better() const {
    double sum = 0;
    for (const Verdict& verdict : verdicts) sum += verdict.first_better();
    return sum / static_cast<double>(verdicts.size());
  }
};

/// The text of a given answer: of several messages all of the assistant's.
std::string text_of(const data::Passage& answer) {
  if (const auto* text = std::get_if<std::string>(&answer)) return *text;
  std::string out;
  for (const model::ChatMessage& message : std::get<data::Messages>(answer))
    if (message.role == "assistant") out += (out.empty() ? "" : "\n") + message.content;
  return out;
}

std::vector<Pair> pairs_of(const data::RowSet& rows) {
  std::vector<Pair> out;
  for (const auto* side : {&rows.train, &rows.validation, &rows.test})
    for (const data::Row& row : *side) {
      out.push_back({row, "", "", "", {}, {}});
      const auto* given = std::get_if<data::PreferenceBody>(&row.body);
      if (!given) continue;
      out.back().first = text_of(given->chosen);
      out.back().second = text_of(given->rejected);
    }
  return out;
}

Result<data::Messages> prompt_chat(const Pair& pair) { return as_chat(TRY(data::prompt_of(pair.row))); }

Result<void> write_answers(model::Rollouts& writer, const model::ChatTokenizer& tokenizer, const FeedbackConfig& config,
                           std::span<Pair> stretch, std::size_t number) {
  std::vector<data::Messages> chats;
  for (const Pair& pair : stretch) chats.push_back(TRY(prompt_chat(pair)));
  ChatSampling options = drawing(config, config.sampling, number);
  options.draws = 2;
  const auto answers = TRY(answer_chats(writer, tokenizer, chats, options));
  for (std::size_t i = 0; i < stretch.size(); ++i) {
    const ChatAnswer &first = answers[2 * i], &second = answers[2 * i + 1];
    stretch[i].first = first.text;
    stretch[i].second = second.text;
    if (first.too_long) {
      stretch[i].fate = "too long";
    } else if (!first.ended || !second.ended || first.text.empty() || second.text.empty()) {
      stretch[i].fate = "did not end";
    } else if (first.text == second.text) {
      stretch[i].fate = "same answers";
    }
  }
  return {};
}

/// Distinct principles, drawn for the pair.
std::vector<const Principle*> draw_principles(const Pair& pair, const std::vector<Principle>& constitution, const FeedbackConfig& config) {
  std::vector<const Principle*> left, out;
  for (const Principle& principle : constitution) left.push_back(&principle);
  Random random(static_cast<std::uint64_t>(config.run.seed) ^ hash64(fmt::format("{}:{}", pair.row.file, pair.row.line)) ^
                hash64(data::prompt_text(pair.row)));
  while (!left.empty() && out.size() < static_cast<std::size_t>(config.ensemble)) {
    const auto at = left.begin() + static_cast<std::ptrdiff_t>(random.below(left.size()));
    out.push_back(*at);
    left.erase(at);
  }
  return out;
}

Result<void> label(AiJudge& judge, const std::vector<Principle>& constitution, const FeedbackConfig& config, std::span<Pair> stretch) {
  std::vector<Comparison> comparisons;
  std::vector<Pair*> owners;
  for (Pair& pair : stretch) {
    if (!pair.fate.empty()) continue;
    const data::Messages prompt = TRY(prompt_chat(pair));
    for (const Principle* principle : draw_principles(pair, constitution, config)) {
      comparisons.push_back({prompt, pair.first, pair.second, principle->prefer});
      owners.push_back(&pair);
      pair.principles.push_back(principle->id);
    }
  }
  const auto verdicts = TRY(judge.compare(comparisons));
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i]) owners[i]->verdicts.push_back(*verdicts[i]);
    owners[i]->fate = owners[i]->verdicts.size() == owners[i]->principles.size() ? "labelled" : "too long for the judge";
  }
  return {};
}

json::Object record_of(const Pair& pair) {
  json::Object out{{"fate", pair.fate}, {"first", pair.first}, {"second", pair.second}};
  json::Array labels;
  for (std::size_t i = 0; pair.fate == "labelled" && i < pair.verdicts.size(); ++i)
    labels.push_back(json::Object{{"principle", pair.principles[i]},
                                  {"forward", pair.verdicts[i].forward},
                                  {"reversed", pair.verdicts[i].reversed},
                                  {"thought", pair.verdicts[i].thought}});
  out["labels"] = std::move(labels);
  return out;
}

Result<void> read_record(const json::Object& record, Pair& pair) {
  const auto damaged = [] { return fail(ErrorCode::kInvalidInput, "labels.jsonl holds a record that is no label: begin the run anew"); };
  const auto fate = TRY(json::get_string(record, "fate")), first = TRY(json::get_string(record, "first")),
             second = TRY(json::get_string(record, "second"));
  const json::Array* labels = TRY(json::get_array(record, "labels"));
  if (!fate || !first || !second || !labels) return damaged();
  pair.fate = *fate;
  pair.first = *first;
  pair.second = *second;
  for (const json::Value& label : *labels) {
    if (!label.is_object()) return damaged();
    const auto forward = TRY(json::get_number(label.as_object(), "forward")),
               reversed = TRY(json::get_number(label.as_object(), "reversed"));
    const auto principle = TRY(json::get_string(label.as_object(), "principle")),
               thought = TRY(json::get_string(label.as_object(), "thought"));
    if (!forward || !reversed || !principle || !thought) return damaged();
    pair.principles.push_back(*principle);
    pair.verdicts.push_back({*forward, *reversed, *thought});
  }
  return {};
}

/// Labels what is not recorded yet, and fills in what is.
Result<void> label_all(runs::Recorded& recorded, std::vector<Pair>& pairs, const std::vector<Principle>& constitution,
                       const FeedbackConfig& config) {
  if (TRY(read_recorded(recorded, pairs, read_record))) return {};
  const auto tokenizer = TRY(open_tokenizer(config));
  std::optional<model::Rollouts> writer;
  if (config.answers == "sampled") writer.emplace(TRY(open_rollouts(config, config.sampling)));
  AiJudge judge = TRY(AiJudge::open({.model = find_model(config.judge.empty() ? config.model.base : config.judge),
                                     .at_once = config.sampling.at_once,
                                     .context = config.judge_tokens,
                                     .threads = static_cast<int>(config.run.threads),
                                     .thought_tokens = config.thought_tokens}));
  const auto make = [&](std::span<Pair> stretch, std::size_t number) -> Result<void> {
    if (writer) TRY(write_answers(*writer, tokenizer, config, stretch, number));
    return label(judge, constitution, config, stretch);
  };
  return make_recorded(recorded, pairs, config.sampling.stretch, make, record_of);
}

json::Value answer_json(const Pair& pair, const data::Passage& prompt, bool first) {
  if (const auto* given = std::get_if<data::PreferenceBody>(&pair.row.body)) {
    const data::Passage& answer = first ? given->chosen : given->rejected;
    if (const auto* messages = std::get_if<data::Messages>(&answer)) return to_json(*messages);
    return json::Value(std::get<std::string>(answer));
  }
  const std::string& text = first ? pair.first : pair.second;
  if (std::holds_alternative<std::string>(prompt)) return json::Value(text);
  return to_json(data::Messages{{"assistant", text, ""}});
}

double label_of(const Pair& pair, const FeedbackConfig& config) {
  const double better = pair.first_better();
  return config.clamp ? std::clamp(better, 0.4, 0.6) : better;
}

/// A preference row whose chosen answer is the likelier one, with the row's other members.
Result<json::Object> row_of(const Pair& pair, const FeedbackConfig& config) {
  const data::Passage prompt = TRY(data::prompt_of(pair.row));
  const double first_better = label_of(pair, config);
  const bool first = first_better >= 0.5;
  json::Object out = pair.row.extra;
  if (const auto* messages = std::get_if<data::Messages>(&prompt)) {
    out["prompt"] = to_json(*messages);
  } else {
    out["prompt"] = std::get<std::string>(prompt);
  }
  out["chosen"] = answer_json(pair, prompt, first);
  out["rejected"] = answer_json(pair, prompt, !first);
  out["probability"] = first ? first_better : 1 - first_better;
  return out;
}

/// What the labels say of the judge.
struct Measured {
  Fates fates;
  std::size_t labels = 0, same_position = 0;  ///< verdicts, and those where one position won both times
  std::size_t pairs = 0, agree = 0;           ///< labelled pairs, and those whose given order the label confirms
  double confidence = 0;                      ///< sum of |p - 1/2| · 2
};

Measured measure(const std::vector<Pair>& pairs) {
  Measured out{.fates = fates_of(pairs)};
  for (const Pair& pair : pairs) {
    if (pair.fate != "labelled") continue;
    ++out.pairs;
    out.agree += pair.first_better() > 0.5 ? 1 : 0;
    out.confidence += std::abs(pair.first_better() - 0.5) * 2;
    for (const Verdict& verdict : pair.verdicts) {
      ++out.labels;
      out.same_position += verdict.same_position() ? 1 : 0;
    }
  }
  return out;
}

using Facts = std::vector<std::pair<std::string, std::string>>;

Facts facts_of(const Measured& measured, const FeedbackConfig& config) {
  Facts out = {{"rows", describe(measured.fates)},
               {"position bias: the same position won both times", share_text(measured.same_position, measured.labels)}};
  if (measured.pairs > 0)
    out.emplace_back("mean confidence of labels, from 0 to 1",
                     fmt::format("{:.3f}", measured.confidence / static_cast<double>(measured.pairs)));
  if (config.answers == "given") out.emplace_back("labels that agree with the rows'", share_text(measured.agree, measured.pairs));
  return out;
}

Result<std::vector<runs::ReportSample>> shown(const std::vector<Pair>& pairs, const FeedbackConfig& config) {
  std::vector<runs::ReportSample> out;
  for (const Pair& pair : pairs) {
    if (static_cast<std::int64_t>(out.size()) >= config.run.report_samples) break;
    if (pair.fate != "labelled") continue;
    out.push_back({chat_text(TRY(prompt_chat(pair))), {{"1", pair.first}, {"2", pair.second}}});
    for (std::size_t i = 0; i < pair.verdicts.size(); ++i)
      out.back().answers.emplace_back(fmt::format("judge, by {}: 1 is better with {:.3f} ({:.3f}, swapped {:.3f})", pair.principles[i],
                                                  pair.verdicts[i].first_better(), pair.verdicts[i].forward, 1 - pair.verdicts[i].reversed),
                                      pair.verdicts[i].thought);
  }
  return out;
}

}  // namespace

Result<void> ai_feedback(const Arguments& arguments) {
  FeedbackConfig config;
  runs::Fields fields;
  declare(fields, config);
  if (TRY(load_or_print(fields, arguments))) return {};

  const auto constitution = TRY(load_constitution(config.constitution));
  const auto kind = config.answers == "given" ? data::RowKind::kPreference : data::RowKind::kPrompt;
  const auto rows = TRY(data::read_test_rows(config.data.files, read_options(config.data, kind)));
  fmt::print(stderr, "{}\n", data::describe(rows));
  std::vector<Pair> pairs = pairs_of(rows);
  const std::string given = TRY(digest_of_files(config.data.files));
  json::Object origin = TRY(origin_of(config, "ai-feedback", given));
  if (!config.judge.empty()) origin["judge"] = TRY(sha256_file_hex(find_model(config.judge)));
  const std::string principles = print_constitution(constitution);
  origin["constitution"] = hex(sha256(principles));

  const runs::RunFolder folder = TRY(open_folder(config, fields, arguments));
  if (arguments.record) TRY(arguments.record->began({folder.path(), fields.print(), origin}));
  TRY(write_file_atomic(folder.path() + "/constitution.yaml", principles));
  auto recorded = TRY(runs::Recorded::open(folder.path() + "/labels.jsonl", origin));
  TRY(label_all(recorded, pairs, constitution, config));

  std::string out;
  for (const Pair& pair : pairs)
    if (pair.fate == "labelled") out += json::dump_canonical(json::Value(TRY(row_of(pair, config)))) + "\n";
  TRY(write_file_atomic(folder.path() + "/preferences.jsonl", out));
  return finish_writer(folder, fields, facts_of(measure(pairs), config), origin, TRY(shown(pairs, config)));
}

}  // namespace steward::recipes
