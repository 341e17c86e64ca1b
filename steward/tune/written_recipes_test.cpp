// Recipes that let a model write before it learns: whole runs on a small model that was taught to talk, killed and gone on with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/data/reader.h"
#include "steward/tune/constitution.h"
#include "steward/tune/testing/library.h"
#include "steward/tune/testing/recipe.h"

namespace steward::tune {
namespace {

using testing::expect_same_files_after_kills;
using testing::expect_two_processes_as_one;
using ::testing::HasSubstr;
using testing::make_recipe;
using ::testing::Not;
using testing::Recipe;

using Turns = std::vector<std::string>;  ///< the user's and the assistant's in turn

std::string chat_row(const Turns& turns, const std::string& more = "") {
  json::Array messages;
  for (std::size_t i = 0; i < turns.size(); ++i)
    messages.push_back(json::Object{{"role", i % 2 == 0 ? "user" : "assistant"}, {"content", turns[i]}});
  std::string row = json::dump(json::Object{{"messages", messages}});
  row.pop_back();
  return row + more + "}\n";
}

/// The small model with all its weights taught `rows`: what it says ends, and repeats.
std::string taught(const std::string& name, const std::string& rows, int epochs) {
  const Recipe run =
      make_recipe("sft", "taught-" + name, rows,
                  {"model.train=full", "optimizer.rate=0.01", "batch.rows=8", fmt::format("run.epochs={}", epochs), "run.validate_every=0",
                   "run.checkpoint_every=1000", "run.report_samples=0", "batch.layout=padded", "data.tokens_max=192"});
  const auto outcome = run.go(false);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_THAT(outcome.errors, Not(HasSubstr("too long"))) << "rows that it was not taught";
  return run.folder + "/model.gguf";
}

json::Object object_of(const std::string& text) {
  const auto value = json::parse(text);
  EXPECT_TRUE(value && value->is_object()) << text;
  return value && value->is_object() ? value->as_object() : json::Object{};
}

constexpr const char* kWords[] = {"red", "blue", "green", "black", "white", "pink"};
std::string say(int i) { return fmt::format("Say {}.", kWords[i % 6]); }
std::string said(int i) { return kWords[i % 6]; }

/// A model that obeys an instruction of the last message, and no other.
std::string obedient_model() {
  static const std::string path = [] {
    std::string rows;
    for (int i = 0; i < 6; ++i) {
      rows += chat_row({say(i), said(i)});
      rows += chat_row({say(i) + "\n\nEnd with Over.", said(i) + " Over."});
      for (int j = 0; j < 6; ++j) {
        rows += chat_row({say(i), said(i), say(j), said(j)});
        rows += chat_row({say(i) + "\n\nEnd with Over.", said(i) + " Over.", say(j), said(j)});
        rows += chat_row({say(i) + "\n\nEnd with Over.", said(i) + " Over.", say(j) + "\n\nEnd with Over.", said(j) + " Over."});
      }
    }
    return taught("obedient", rows, 6);
  }();
  return path;
}

Recipe ghost(const std::string& name, int dialogues, const std::vector<std::string>& settings = {}) {
  std::string rows;
  for (int i = 0; i < dialogues; ++i) rows += chat_row({say(i), "?", say(i / 6 + i), "?"}, i % 4 == 0 ? R"(,"split":"dev")" : "");
  const std::string instructions = testing::scratch_folder() + "/over.yaml";
  EXPECT_TRUE(write_file_atomic(instructions, "- {id: over, say: End with Over., obeyed: {ends: Over.}}\n"));
  std::vector<std::string> all = {"model.base=" + obedient_model(),
                                  "ghost.instructions=" + instructions,
                                  "sampling.tokens_max=8",
                                  "sampling.temperature=0.5",
                                  "sampling.stretch=8",
                                  "batch.rows=4",
                                  "data.tokens_max=128",
                                  "batch.row_tokens=128"};
  all.insert(all.end(), settings.begin(), settings.end());
  return make_recipe("ghost-attention", name, rows, all);
}

TEST(GhostAttention, TheInstructionOfTheFirstMessageHolds) {
  const Recipe run = ghost("learns", 72, {"run.epochs=6"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const json::Object measured = object_of(run.bytes("measured.json"));
  const auto held_out = measured.at("held_out").as_int64();
  EXPECT_GE(held_out, 12);
  EXPECT_LE(measured.at("obeyed_before").as_int64() * 4, held_out) << outcome.errors;
  EXPECT_GE(measured.at("obeyed_after").as_int64() * 2, held_out) << outcome.errors;
  EXPECT_THAT(outcome.errors, HasSubstr("last turns that obey, after"));
  EXPECT_THAT(run.bytes("report.html"), HasSubstr("at turn 2"));
}

TEST(GhostAttention, AKilledRunGoesOnWithTheSameBytes) {
  const std::vector<std::string> settings = {"run.epochs=2", "sampling.temperature=1.2"};
  expect_same_files_after_kills(ghost("whole", 40, settings), ghost("killed", 40, settings),
                                {{"samples.jsonl", 2}, {"samples.jsonl", 5}, {"log.jsonl", 1}, {"log.jsonl", 4}},
                                {"samples.jsonl", "adapter.gguf", "best/trainer.safetensors", "measured.json"});
}

/// Few steps at a low rate: what differs in the last bits must not become another answer.
const std::vector<std::string> kAsOne = {"model.precision=f32",  "run.threads=1",          "run.epochs=1",
                                         "optimizer.rate=0.001", "optimizer.epsilon=1e-4", "run.report_samples=0",
                                         "batch.rows=3",         "run.validate_every=3",   "optimizer.warmup_share=0"};

TEST(GhostAttention, TwoProcessesAreAsOne) {
  expect_two_processes_as_one(ghost("one", 24, kAsOne), ghost("two", 24, kAsOne), testing::started_by_default());
}

TEST(GhostAttention, NothingToLearnIsAnErrorThatSaysWhy) {
  const std::string instructions = testing::scratch_folder() + "/impossible.yaml";
  ASSERT_TRUE(write_file_atomic(instructions, "- {id: x, say: Sing., obeyed: {contains: tralala}}\n"));
  const auto outcome = ghost("impossible", 8, {"ghost.instructions=" + instructions}).go(false);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.errors, HasSubstr("8 disobedient"));
  EXPECT_THAT(outcome.errors, HasSubstr("ghost.draws"));
}

Recipe feedback(const std::string& name, const std::string& rows, const std::vector<std::string>& settings = {}) {
  std::vector<std::string> all = {"model.base=" + obedient_model(), "sampling.tokens_max=8",
                                  "sampling.temperature=2",         "sampling.stretch=4",
                                  "judge.tokens_max=512",           "constitution.policy=" STEWARD_SOURCE_DIR "/policies/base.yaml"};
  all.insert(all.end(), settings.begin(), settings.end());
  return make_recipe("ai-feedback", name, rows, all);
}

std::string prompt_rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += fmt::format(R"({{"prompt": "{}", "id": "row {}"}})", say(i), i) + "\n";
  return out;
}

std::vector<data::Row> preferences(const Recipe& run) {
  const auto rows = data::read_rows({run.folder + "/preferences.jsonl"}, {.kind = data::RowKind::kPreference});
  EXPECT_TRUE(rows) << rows.error().message;
  return rows ? rows->train : std::vector<data::Row>();
}

TEST(AiFeedback, WritesPreferencesThatARewardModelLearns) {
  const Recipe run = feedback("labels", prompt_rows(32), {"constitution.ensemble=2"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_THAT(outcome.errors, HasSubstr("position bias"));
  EXPECT_THAT(run.bytes("report.html"), HasSubstr("position bias"));
  EXPECT_THAT(run.bytes("constitution.yaml"), HasSubstr("weapons_cbrne"));
  const auto rows = preferences(run);
  ASSERT_GE(rows.size(), 4u) << outcome.errors;
  for (const data::Row& row : rows) {
    const auto& body = std::get<data::PreferenceBody>(row.body);
    ASSERT_TRUE(body.probability);
    EXPECT_GE(*body.probability, 0.5) << "the chosen answer is the likelier one";
    EXPECT_FALSE(row.id.empty()) << "what else the row said is kept";
  }
  const Recipe reward = make_recipe("reward", "of-labels", run.bytes("preferences.jsonl"), {"run.epochs=1"});
  const auto learned = reward.go(false);
  EXPECT_EQ(learned.exit_code, 0) << learned.errors;
}

TEST(AiFeedback, JudgesGivenAnswersAndSaysHowOftenItAgrees) {
  std::string rows;
  for (int i = 0; i < 6; ++i) rows += fmt::format(R"({{"prompt": "{}", "chosen": "{}", "rejected": "No."}})", say(i), said(i)) + "\n";
  const Recipe run = feedback("given", rows, {"feedback.answers=given", "judge.thought_tokens=6", "judge.clamp=true"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_THAT(outcome.errors, HasSubstr("labels that agree with the rows': "));
  const auto labelled = preferences(run);
  ASSERT_EQ(labelled.size(), 6u) << outcome.errors;
  for (const data::Row& row : labelled) EXPECT_LE(*std::get<data::PreferenceBody>(row.body).probability, 0.6) << "clamped";
}

TEST(AiRevision, ARunWritesEveryRevisionAndGoesOnAfterKills) {
  const auto run = [](const std::string& name) {
    return make_recipe("ai-revision", name, prompt_rows(24),
                       {"model.base=" + obedient_model(), "sampling.tokens_max=8", "sampling.temperature=0.7", "sampling.stretch=4",
                        "revision.rounds=2", "data.tokens_max=768", "constitution.policy=" STEWARD_SOURCE_DIR "/policies/base.yaml"});
  };
  expect_same_files_after_kills(run("whole"), run("killed"),
                                {{"samples.jsonl", 2}, {"samples.jsonl", 3}, {"samples.jsonl", 4}, {"samples.jsonl", 5}},
                                {"samples.jsonl", "revisions.jsonl", "constitution.yaml"});
  const auto rows = data::read_rows({run("whole").folder + "/revisions.jsonl"}, {.kind = data::RowKind::kChat});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_GE(rows->train.size(), 12u);
  const Recipe whole = run("whole");
  EXPECT_THAT(whole.bytes("report.html"), HasSubstr("critique, by "));
}

/// A model that answers in a word when it is told to be brief, and declines to say black.
std::string brief_model() {
  static const std::string path = [] {
    std::string rows;
    for (int i = 0; i < 6; ++i) {
      const std::string answer = said(i) == "black" ? "I'm sorry, but I can't help with that." : said(i);
      rows += chat_row({say(i), answer + " " + answer + " " + answer});
      json::Array told = {json::Object{{"role", "system"}, {"content", "Be brief."}}, json::Object{{"role", "user"}, {"content", say(i)}},
                          json::Object{{"role", "assistant"}, {"content", answer}}};
      rows += json::dump(json::Object{{"messages", told}}) + "\n";
    }
    return taught("brief", rows, 100);
  }();
  return path;
}

TEST(Answers, AModelsOwnWordsBecomeRowsWithoutWhatItWasTold) {
  const auto run = [](const std::string& name, std::vector<std::string> settings = {}) {
    settings.insert(settings.end(), {"model.base=" + brief_model(), "answers.instruction=Be brief.", "sampling.tokens_max=24",
                                     "sampling.temperature=0.3", "sampling.stretch=4"});
    return make_recipe("answers", name, prompt_rows(24), settings);
  };
  expect_same_files_after_kills(run("whole"), run("killed"),
                                {{"samples.jsonl", 2}, {"samples.jsonl", 3}, {"samples.jsonl", 4}, {"samples.jsonl", 5}},
                                {"samples.jsonl", "answers.jsonl"});
  const auto rows = data::read_rows({run("whole").folder + "/answers.jsonl"}, {.kind = data::RowKind::kChat});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_GE(rows->train.size(), 16u);
  EXPECT_LE(rows->train.size(), 20u) << "four ask for black";
  for (const data::Row& row : rows->train) {
    const auto& chat = std::get<data::CompletionBody>(row.body);
    const auto& prompt = std::get<data::Messages>(chat.prompt);
    ASSERT_EQ(prompt.size(), 1u) << "what it was told is not asked";
    const std::string& answer = std::get<data::Messages>(chat.completion).at(0).content;
    EXPECT_THAT(prompt[0].content, HasSubstr(answer.substr(0, answer.find(' '))));
    EXPECT_THAT(answer, Not(HasSubstr("sorry")));
  }
  EXPECT_THAT(run("whole").bytes("report.html"), HasSubstr("4 declined"));

  const Recipe all = run("refusals-too", {"answers.keep_refusals=true"});
  ASSERT_EQ(all.go(false).exit_code, 0);
  EXPECT_THAT(all.bytes("answers.jsonl"), HasSubstr("sorry"));
}

TEST(AiFeedback, AKilledRunGoesOnWithTheSameBytes) {
  expect_same_files_after_kills(feedback("whole", prompt_rows(28)), feedback("killed", prompt_rows(28)),
                                {{"labels.jsonl", 2}, {"labels.jsonl", 3}, {"labels.jsonl", 4}, {"labels.jsonl", 6}},
                                {"labels.jsonl", "preferences.jsonl", "constitution.yaml"});
}

constexpr const char* kForms[] = {"Say {}.", "Write {}.", "Name {}.", "Tell me {}."};
std::string ask(int i) { return fmt::format(fmt::runtime(kForms[i / 6 % 4]), kWords[i % 6]); }

/// A model that says what it is asked to say, and no behind the safety preprompt of weapons_cbrne.
std::string led_model() {
  static const std::string path = [] {
    const auto policy = policy::read_document(STEWARD_SOURCE_DIR "/policies/base.yaml", {STEWARD_SOURCE_DIR "/policies"});
    EXPECT_TRUE(policy) << policy.error().message;
    const std::string preprompt = category_preprompt(*policy, *policy->find("weapons_cbrne"));
    std::string rows;
    for (int i = 0; i < 24; ++i) rows += chat_row({ask(i), said(i)}) + chat_row({preprompt + "\n\n" + ask(i), "no"});
    return taught("led", rows, 20);
  }();
  return path;
}

/// A run folder of `reward` on that model: the better answer is no, or the word.
std::string gate(const std::string& better) {
  std::string rows;
  for (int i = 0; i < 24; ++i)
    rows += fmt::format(R"({{"prompt": "{}", "chosen": "{}", "rejected": "{}"}})", ask(i), better == "no" ? "no" : said(i),
                        better == "no" ? said(i) : "no") +
            "\n";
  const Recipe run = make_recipe("reward", "gate-" + better, rows, {"model.base=" + led_model(), "run.epochs=3"});
  if (!std::filesystem::exists(run.folder)) {
    const auto outcome = run.go(false);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  }
  return run.folder;
}

Recipe distilled(const std::string& name, const std::string& better, const std::vector<std::string>& settings = {}) {
  std::string rows;
  for (int i = 0; i < 24; ++i)
    rows +=
        fmt::format(R"({{"prompt": "{}", "category": "weapons_cbrne.instructions"{}}})", ask(i), i % 4 == 0 ? R"(, "split": "dev")" : "") +
        "\n";
  rows += R"({"prompt": "Good morning.", "adversarial": false})"
          "\n";
  std::vector<std::string> all = {"model.base=" + led_model(),
                                  "distill.reward=" + gate(better),
                                  "distill.policy=" STEWARD_SOURCE_DIR "/policies/base.yaml",
                                  "sampling.tokens_max=8",
                                  "sampling.temperature=0.7",
                                  "sampling.stretch=4",
                                  "batch.rows=4",
                                  "data.tokens_max=192",
                                  "batch.row_tokens=192"};
  all.insert(all.end(), settings.begin(), settings.end());
  return make_recipe("distill", name, rows, all);
}

TEST(Distill, TheAnswerBehindThePrepromptIsLearnedWithoutIt) {
  const Recipe run = distilled("learns", "no", {"run.epochs=20"});
  const auto outcome = run.go(false);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const json::Object measured = object_of(run.bytes("measured.json"));
  EXPECT_GE(measured.at("fates").at("kept").as_int64(), 18) << outcome.errors;
  EXPECT_EQ(measured.at("held_out").as_int64(), 6);
  EXPECT_GT(measured.at("score_after").to_number<double>(), measured.at("score_before").to_number<double>() + 3) << outcome.errors;
  EXPECT_THAT(run.bytes("report.html"), HasSubstr("answers, weapons_cbrne"));
}

/// Records of a run's samples, of all stretches.
std::vector<json::Object> records_of(const Recipe& run) {
  std::vector<json::Object> out;
  const std::string text = run.bytes("samples.jsonl");
  for (std::size_t at = text.find('\n') + 1, end = 0; at < text.size(); at = end + 1) {
    end = text.find('\n', at);
    const auto stretch = json::parse(std::string_view(text).substr(at, end - at));
    EXPECT_TRUE(stretch && stretch->is_array());
    if (stretch && stretch->is_array())
      for (const json::Value& record : stretch->as_array()) out.push_back(record.as_object());
  }
  return out;
}

TEST(Distill, OnlyWhatTheRewardModelFindsBetterIsKept) {
  std::map<std::string, int> fates;
  for (const std::string better : {"no", "word"}) {
    const Recipe run = distilled("gated-" + better, better, {"run.epochs=1"});
    run.go(false);
    for (const json::Object& record : records_of(run)) {
      const std::string fate(record.at("fate").as_string());
      const double original = record.at("original_score").to_number<double>(), other = record.at("distilled_score").to_number<double>();
      ++fates[better + " " + fate];
      if (fate == "kept") EXPECT_GT(other, original);
      if (fate == "not better") EXPECT_LE(other, original);
    }
  }
  // The same answers, and the contrary taste.
  EXPECT_GE(fates["no kept"], 3);
  EXPECT_GE(fates["word not better"], 3);
  EXPECT_EQ(fates["no same answer"], fates["word same answer"]);
}

TEST(Distill, NothingToLearnIsAnErrorThatSaysWhy) {
  const auto outcome = distilled("cut", "no", {"sampling.tokens_max=1"}).go(false);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.errors, HasSubstr("24 did not end"));
  EXPECT_THAT(outcome.errors, HasSubstr("nothing can be learned"));
}

TEST(Distill, ACategoryThatThePolicyHasNotIsNamedByItsLine) {
  const Recipe run = make_recipe("distill", "unknown",
                                 R"({"prompt": "a"})"
                                 "\n"
                                 R"({"prompt": "b", "category": "nonsense"})"
                                 "\n",
                                 {"distill.reward=" + gate("no"), "distill.policy=" STEWARD_SOURCE_DIR "/policies/base.yaml"});
  const auto outcome = run.go(false);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.errors, HasSubstr("distill-rows.jsonl:2"));
}

TEST(Distill, TwoProcessesAreAsOne) {
  expect_two_processes_as_one(distilled("one", "no", kAsOne), distilled("two", "no", kAsOne), testing::started_by_default());
}

TEST(Distill, AKilledRunGoesOnWithTheSameBytes) {
  expect_same_files_after_kills(distilled("whole", "no", {"run.epochs=3"}), distilled("killed", "no", {"run.epochs=3"}),
                                {{"samples.jsonl", 2}, {"samples.jsonl", 4}, {"log.jsonl", 1}, {"log.jsonl", 4}},
                                {"samples.jsonl", "adapter.gguf", "best/trainer.safetensors", "measured.json"});
}

}  // namespace
}  // namespace steward::tune
