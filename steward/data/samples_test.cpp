// Samples by the real tokeniser and template of the default model.
#include "steward/data/samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/data/batches.h"
#include "steward/data/data_config.h"

namespace steward::data {
namespace {

using model::ChatTokenizer;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string model_path() {
  const char* folder = std::getenv("STEWARD_MODELS_DIR");
  const char* home = std::getenv("HOME");
  return (folder ? std::string(folder) : std::string(home ? home : "") + "/.cache/steward/models") + "/SmolLM2-135M-Instruct.Q8_0.gguf";
}

const ChatTokenizer& tokenizer() {
  static const ChatTokenizer opened = [] {
    auto result = ChatTokenizer::open(model_path());
    if (!result) fprintf(stderr, "%s (tests find models by STEWARD_MODELS_DIR)\n", result.error().message.c_str());
    STEWARD_CHECK(result.has_value());
    return std::move(*result);
  }();
  return opened;
}

const std::vector<std::string> kFiles{"rows.jsonl"};

Row row(const std::string& text, RowKind kind, std::size_t line = 1) {
  auto parsed = parse_row(json::parse(text)->as_object(), kind);
  EXPECT_TRUE(parsed) << parsed.error().message;
  parsed->line = line;
  return std::move(*parsed);
}

/// The learned stretches, as text, with "|" between them.
std::string learned(const Sample& sample) {
  std::string out;
  std::vector<Token> run;
  for (std::size_t i = 0; i <= sample.tokens.size(); ++i) {
    if (i < sample.tokens.size() && sample.mask[i]) {
      run.push_back(sample.tokens[i]);
    } else if (!run.empty()) {
      out += (out.empty() ? "" : "|") + *tokenizer().detokenize(run);
      run.clear();
    }
  }
  return out;
}

std::string text_of(const Sample& sample) { return *tokenizer().detokenize(sample.tokens); }

constexpr const char* kChat = R"({"messages": [
  {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a river."}, {"role": "assistant", "content": "The Elbe."},
  {"role": "user", "content": "Another."}, {"role": "assistant", "content": "The Oder."}]})";

TEST(Samples, LearnTheAnswersWithTheirEndOfTurn) {
  const auto made = make_samples({row(kChat, RowKind::kChat)}, kFiles, tokenizer(), {});
  ASSERT_TRUE(made) << made.error().message;
  const Sample& sample = made->samples.at(0);
  EXPECT_EQ(learned(sample), "The Elbe.<|im_end|>|The Oder.<|im_end|>");
  EXPECT_EQ(
      text_of(sample),
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nName a river.<|im_end|>\n<|im_start|>assistant\nThe Elbe.<|im_end|>\n"
      "<|im_start|>user\nAnother.<|im_end|>\n<|im_start|>assistant\nThe Oder.<|im_end|>\n");
  EXPECT_EQ(made->report.tokens, sample.tokens.size());
}

TEST(Samples, StandBehindThePromptThatTheEngineWrites) {
  const auto made = make_samples({row(kChat, RowKind::kChat)}, kFiles, tokenizer(), {});
  ASSERT_TRUE(made);
  Messages prompt = std::get<ChatBody>(row(kChat, RowKind::kChat).body).messages;
  prompt.pop_back();
  const auto parts = tokenizer().render(prompt, model::PromptEnd::kReply);
  const auto tokens = tokenizer().tokenize(*parts);
  const Sample& sample = made->samples.at(0);
  ASSERT_LT(tokens->size(), sample.tokens.size());
  EXPECT_TRUE(std::equal(tokens->begin(), tokens->end(), sample.tokens.begin()));
  EXPECT_EQ(sample.mask[tokens->size()], 1);  // the first token of the answer
  const auto prompts = make_prompts({row(kChat, RowKind::kChat)}, kFiles, tokenizer(), {});
  ASSERT_TRUE(prompts);
  EXPECT_EQ(prompts->samples.at(0).tokens, *tokens);
}

TEST(Samples, LearnOtherRolesOrTheLastAnswerWhenAsked) {
  SampleOptions options;
  options.answers = Answers::kLast;
  EXPECT_EQ(learned(make_samples({row(kChat, RowKind::kChat)}, kFiles, tokenizer(), options)->samples.at(0)), "The Oder.<|im_end|>");
  options.answers = Answers::kEvery;
  options.trained_roles = {"user", "system"};
  EXPECT_EQ(learned(make_samples({row(kChat, RowKind::kChat)}, kFiles, tokenizer(), options)->samples.at(0)),
            "Be brief.<|im_end|>|Name a river.<|im_end|>|Another.<|im_end|>");
}

TEST(Samples, TextsOfARowNeverBecomeSpecialTokens) {
  const auto made = make_samples({row(R"({"prompt": "a<|im_end|>\n<|im_start|>system\nb", "completion": "c<|im_end|>d"})", RowKind::kChat)},
                                 kFiles, tokenizer(), {});
  ASSERT_TRUE(made);
  const Sample& sample = made->samples.at(0);
  EXPECT_EQ(learned(sample), "c<|im_end|>d<|im_end|>");
  const Token end = tokenizer().tokenize(std::vector<model::PromptPart>{{false, "<|im_end|>"}})->at(0);
  ASSERT_TRUE(tokenizer().ends_reply(end));
  EXPECT_EQ(std::count(sample.tokens.begin(), sample.tokens.end(), end), 3);  // the template's: system, user, assistant
}

TEST(Samples, ReadStringsAsChatOrAsTextThatGoesOn) {
  SampleOptions options;
  options.strings = Strings::kText;
  const auto text =
      make_samples({row(R"({"prompt": "Once upon", "completion": " a time."})", RowKind::kChat)}, kFiles, tokenizer(), options);
  ASSERT_TRUE(text);
  const Sample& sample = text->samples.at(0);
  EXPECT_EQ(sample.tokens.back(), tokenizer().eos());
  EXPECT_EQ(sample.mask.back(), 1);
  EXPECT_THAT(text_of(sample), StartsWith("Once upon a time."));
}

TEST(Samples, RefuseATemplateThatNeverEndsAnAnswer) {
  const auto endless = ChatTokenizer::open_with_template(model_path(),
                                                         "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor "
                                                         "%}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}");
  ASSERT_TRUE(endless) << endless.error().message;
  SampleOptions options;
  options.skip_bad_rows = true;  // it is not the row that is bad
  const auto made = make_samples({row(kChat, RowKind::kChat, 12)}, kFiles, *endless, options);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, StartsWith("rows.jsonl:12: the chat template of "));
  EXPECT_THAT(made.error().message, HasSubstr("would never stop"));
}

TEST(Samples, RefuseATemplateThatShowsAnswersInAnotherWay) {
  const auto odd = ChatTokenizer::open_with_template(model_path(),
                                                     "{% for m in messages %}{{ '<|im_start|>' + m['role'] + ' ' + m['content'] + "
                                                     "'<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}"
                                                     "{{ '<|im_start|>model ' }}{% endif %}");
  ASSERT_TRUE(odd);
  const auto made = make_samples({row(kChat, RowKind::kChat)}, kFiles, *odd, {});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("in another way than it asks for one"));
  const auto forgetful = ChatTokenizer::open_with_template(
      model_path(),
      "{% for m in messages %}{{ '<|im_start|>' + m['role'] + (' ' if loop.last else '') + m['content'] + '<|im_end|>' }}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}");
  ASSERT_TRUE(forgetful);
  const auto forgotten = make_samples({row(kChat, RowKind::kChat)}, kFiles, *forgetful, {});
  ASSERT_FALSE(forgotten);
}

TEST(Samples, CountRowsThatTheTemplateRefusesAsBad) {
  const auto strict = ChatTokenizer::open_with_template(
      model_path(),
      "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ '<|im_start|>' + m['role'] + "
      "'\\n' + "
      "m['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}");
  ASSERT_TRUE(strict) << strict.error().message;
  const std::vector<Row> rows{row(kChat, RowKind::kChat, 1), row(R"({"prompt": "a", "completion": "b"})", RowKind::kChat, 2)};
  const auto stopped = make_samples(rows, kFiles, *strict, {});
  ASSERT_FALSE(stopped);
  EXPECT_THAT(stopped.error().message, HasSubstr("1 of 2 rows are bad"));
  EXPECT_THAT(stopped.error().message, HasSubstr("rows.jsonl: the model's chat template refuses these messages"));
  SampleOptions options;
  options.skip_bad_rows = true;
  const auto made = make_samples(rows, kFiles, *strict, options);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->samples.size(), 1u);
  EXPECT_EQ(made->samples[0].row, 1u);
}

TEST(Samples, DropOrCutWhatIsTooLongAndCountIt) {
  const std::vector<Row> rows{row(kChat, RowKind::kChat)};
  const std::size_t whole = make_samples(rows, kFiles, tokenizer(), {})->samples.at(0).tokens.size();
  SampleOptions options;
  options.tokens_max = static_cast<int>(whole) - 1;
  const auto none = make_samples(rows, kFiles, tokenizer(), options);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("1 are longer than tokens_max"));
  options.too_long = TooLong::kCut;
  const auto cut = make_samples(rows, kFiles, tokenizer(), options);
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_EQ(cut->report.cut, 1u);
  EXPECT_EQ(text_of(cut->samples.at(0)),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nAnother.<|im_end|>\n<|im_start|>assistant\nThe Oder.<|im_end|>\n");
  options.strings = Strings::kText;
  options.tokens_max = 6;
  const auto text = make_samples({row(R"({"prompt": "one two three four five six seven", "completion": " eight"})", RowKind::kChat)},
                                 kFiles, tokenizer(), options);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->samples.at(0).tokens.size(), 6u);
  EXPECT_THAT(text_of(text->samples.at(0)), HasSubstr(" seven eight"));
}

TEST(Samples, CutBothSidesOfAPairAlike) {
  const Row pair = row(
      R"({"prompt": [{"role": "user", "content": "Name a river."}, {"role": "assistant", "content": "The Elbe."}, {"role": "user", "content": "Another."}],
          "chosen": [{"role": "assistant", "content": "The Oder, which flows from the mountains to the sea."}],
          "rejected": [{"role": "assistant", "content": "No."}], "strength": "slight", "rejected_safe": false})",
      RowKind::kPreference);
  const auto made = make_pairs({pair}, kFiles, tokenizer(), {});
  ASSERT_TRUE(made) << made.error().message;
  const PairSample& whole = made->samples.at(0);
  EXPECT_EQ(learned(whole.chosen), "The Oder, which flows from the mountains to the sea.<|im_end|>");
  EXPECT_EQ(learned(whole.rejected), "No.<|im_end|>");
  EXPECT_EQ(whole.strength, Strength::kSlight);
  SampleOptions options;
  options.too_long = TooLong::kCut;
  options.tokens_max = static_cast<int>(whole.chosen.tokens.size()) - 1;
  ASSERT_LT(whole.rejected.tokens.size(), whole.chosen.tokens.size() - 1);
  const auto cut = make_pairs({pair}, kFiles, tokenizer(), options);
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_THAT(text_of(cut->samples.at(0).rejected), Not(HasSubstr("Elbe")));
  EXPECT_THAT(text_of(cut->samples.at(0).chosen), Not(HasSubstr("Elbe")));
}

TEST(Samples, OfClassificationMaskUnknownLabels) {
  const auto tokenize = [](std::string_view text) -> Result<std::vector<Token>> { return std::vector<Token>(text.size(), 1); };
  const std::vector<Row> rows{row(R"({"text": "aa", "labels": {"x": 0.5}})", RowKind::kClass),
                              row(R"({"text": "bb", "labels": ["y"]})", RowKind::kClass),
                              row(R"({"text": "cccc", "label": "x"})", RowKind::kClass)};
  EXPECT_EQ(label_names(rows), (std::vector<std::string>{"x", "y"}));
  SampleOptions options;
  options.tokens_max = 3;
  const auto made = make_class_samples(rows, kFiles, tokenize, {"x", "y"}, options);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->samples.at(0).targets, (std::vector<float>{0.5f, -1}));
  EXPECT_EQ(made->samples.at(1).targets, (std::vector<float>{0, 1}));
  EXPECT_EQ(made->report.dropped, 1u);
  EXPECT_FALSE(make_class_samples(rows, kFiles, tokenize, {"z"}, options));
}

TEST(DataConfig, LoadsFilesIntoSamplesAndAMix) {
  const std::string folder = (std::filesystem::temp_directory_path() / fmt::format("steward_data_{}", ::getpid())).string();
  std::filesystem::create_directories(folder);
  const auto row_text = [](int i, const char* split) {
    return fmt::format(R"({{"prompt": "question {0}", "completion": "answer {0}", "split": "{1}"}})", i, split) + "\n";
  };
  std::string helpful, safety;
  for (int i = 0; i < 30; ++i) helpful += row_text(i, i % 10 == 0 ? "dev" : "train");
  for (int i = 30; i < 40; ++i) safety += row_text(i, "train");
  ASSERT_TRUE(write_file_atomic(folder + "/helpful.jsonl", helpful));
  ASSERT_TRUE(write_file_atomic(folder + "/safety.jsonl", safety));
  DataConfig config;
  config.files = {folder + "/helpful.jsonl", folder + "/safety.jsonl"};
  config.ratios = {0.75, 0.25};
  const auto data = load_samples(config, tokenizer());
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->train.size(), 37u);
  EXPECT_EQ(data->validation.size(), 3u);
  EXPECT_EQ(data->mix.at(1).count, 10u);
  EXPECT_THAT(data->notes.at(0), HasSubstr("30 rows: 27 to train on, 3 for validation"));
  auto stream = BatchStream::create(lengths_of(data->train), data->mix, batch_options(config, 1));
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_GT(make_batch(stream->next(), data->train, tokenizer().pad()).trained_tokens, 0u);
  DataConfig other = config;
  other.tokens_max = 511;
  EXPECT_NE(load_samples(other, tokenizer())->digest, data->digest);
  other.ratios = {1};
  EXPECT_THAT(load_samples(other, tokenizer()).error().message, HasSubstr("1 numbers for 2 files"));
  EXPECT_FALSE(load_pairs(config, tokenizer()));
  std::filesystem::remove_all(folder);
}

TEST(Tokenizer, TellsTwoTemplatesApart) {
  const auto other = ChatTokenizer::open_with_template(model_path(), "{{ messages[0]['content'] }}");
  ASSERT_TRUE(other);
  EXPECT_NE(other->digest(), tokenizer().digest());
  EXPECT_EQ(tokenizer().digest().size(), 64u);
  EXPECT_EQ(ChatTokenizer::open("nowhere.gguf").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(ChatTokenizer::open_with_template(model_path(), "{% for %}"));
}

}  // namespace
}  // namespace steward::data
