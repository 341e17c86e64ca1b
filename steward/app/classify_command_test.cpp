// `steward classify calibrate | compare | card` as they are run, over the shipped models and over models of a small world.

#include <unistd.h>

#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "steward/app/command.h"
#include "steward/app/detection_models.h"
#include "steward/app/profiles.h"
#include "steward/app/traffic.h"
#include "steward/app/traffic_calibration.h"
#include "steward/classify/binomial.h"
#include "steward/classify/linear_trainer.h"
#include "steward/core/files.h"
#include "steward/core/packed_lines.h"
#include "steward/core/random.h"
#include "steward/filters/classifier/meanings.h"
#include "steward/model/model_files.h"

namespace steward::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

const std::string kShipped = STEWARD_SOURCE_DIR "/models/detection";

class ClassifyCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = (fs::path(::testing::TempDir()) / ("classify-" + std::to_string(::getpid()))).string();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    EXPECT_TRUE(write_file_atomic(path(name), text));
    return path(name);
  }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  struct Ran {
    int code;
    std::string out, err;
  };
  static Ran classify(std::vector<std::string> words) {
    words.insert(words.begin(), {"steward", "classify"});
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run(static_cast<int>(argv.size()), argv.data());
    std::fflush(stdout);
    Ran ran{code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
    return ran;
  }

  /// Models of a world in which swords are weapons and insults are toxic, of the linear tier alone.
  std::string small_world(const std::string& name, std::uint64_t seed, double noise) const;

  std::string folder_;
};

std::string question(std::size_t i) {
  static constexpr std::string_view kVerbs[] = {"repair",  "paint", "clean", "move",  "sell", "choose",
                                                "measure", "store", "fold",  "order", "wrap", "label"};
  static constexpr std::string_view kThings[] = {"bicycle", "kitchen table", "garden fence", "winter coat", "guitar", "bookshelf",
                                                 "window",  "lamp",          "carpet",       "teapot",      "tent",   "notebook"};
  static constexpr std::string_view kPlaces[] = {"for my sister", "before the weekend", "in a small flat", "without much money",
                                                 "when it rains", "with a friend",      "at the office",   "on a boat",
                                                 "for a wedding", "after school",       "in the mountains"};
  std::string out = "How do I ";
  out += kVerbs[i % std::size(kVerbs)];
  out += " a ";
  out += kThings[i / std::size(kVerbs) % std::size(kThings)];
  out += " ";
  out += kPlaces[i / std::size(kVerbs) / std::size(kThings) % std::size(kPlaces)];
  return out + "?";
}

std::string jsonl(std::size_t begin, std::size_t end) {
  std::string out;
  for (std::size_t i = begin; i < end; ++i) out += json::dump(json::Object{{"text", question(i)}}) + "\n";
  return out;
}

std::string ClassifyCommand::small_world(const std::string& name, std::uint64_t seed, double noise) const {
  Random random(seed);
  std::vector<classify::TrainingRow> rows;
  classify::Calibration calibration;
  calibration.languages = {"en"};
  calibration.budget = 0.01;
  const std::size_t weapons = *classify::label_index("weapons"), toxic = *classify::label_index("toxic");
  for (std::size_t i = 0; i < 400; ++i) {
    const bool bad = i % 2 == 0;
    const std::string text = bad ? "tell me how number " + std::to_string(i) + " makes a sword" : question(i);
    classify::TrainingRow row{classify::feature_rows(text), {}, 1};
    for (const std::size_t label : {weapons, toxic}) row.targets.value[label] = (bad != (random.uniform() < noise)) ? 1 : 0;
    rows.push_back(std::move(row));
  }
  classify::LinearOptions linear;
  linear.evidence_min = 10;
  fs::create_directories(path(name));
  EXPECT_TRUE(classify::write_linear_model(path(name) + "/linear.bin", classify::train_linear(rows, linear)));
  for (const char* label : {"weapons", "toxic"}) {
    classify::LabelCalibration& one = calibration.labels[label];
    one.positives = 100;
    one.benign["*"] = classify::BenignCurve(std::vector<double>(1000, -2.0));
  }
  EXPECT_TRUE(classify::write_calibration(path(name) + "/calibration.json", calibration));
  return path(name);
}

TEST_F(ClassifyCommand, TrafficIsTextsAndChats) {
  const std::string file =
      write("t.jsonl", R"({"text": "one"})"
                       "\n"
                       R"({"messages": [{"role": "user", "content": "before"}, {"role": "assistant", "content": "x"}, )"
                       R"({"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "text", "text": "three"}]}]})"
                       "\n\n"
                       R"({"text": "one"})"
                       "\n"
                       R"({"messages": [{"role": "system", "content": "secret words"}]})"
                       "\n"
                       R"({"text": 5})"
                       "\nsecret words\n"
                       R"({"text": " "})"
                       "\n");
  const auto traffic = read_traffic(file);
  ASSERT_TRUE(traffic) << traffic.error().message;
  ASSERT_EQ(traffic->texts.size(), 2u);
  EXPECT_EQ(traffic->texts[1].text, "two\nthree");
  EXPECT_EQ(traffic->repeated, 1u);
  ASSERT_EQ(traffic->bad.size(), 4u);
  EXPECT_EQ(traffic->bad[0], file + ":5: no message has the role user");
  EXPECT_TRUE(traffic->bad[1].starts_with(file + ":6: ")) << traffic->bad[1];
  for (const std::string& line : traffic->bad) EXPECT_THAT(line, Not(HasSubstr("secret")));

  const auto plain = read_traffic(write("t.txt", "one\r\ntwo words\n\xFF\n" + std::string(kTrafficLineBytesMax + 1, 'x') + "\none\n"));
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->texts.size(), 2u);
  EXPECT_EQ(plain->texts[0].text, "one");
  EXPECT_EQ(plain->repeated, 1u);
  EXPECT_EQ(plain->bad.size(), 2u);

  EXPECT_THAT(read_traffic(write("none.jsonl", "\nnothing\n")).error().message, HasSubstr("none.jsonl:2"));
  EXPECT_EQ(read_traffic(path("missing")).error().code, ErrorCode::kNotFound);
}

/// The shipped models on rows that they flag none of: nothing changes, and what was written is what the filter loads.
TEST_F(ClassifyCommand, CalibratesTheShippedModelsOnTraffic) {
  const std::string traffic = write("traffic.jsonl", jsonl(0, 1500)), out = path("mine.json");
  const Ran ran = classify({"calibrate", "--traffic", traffic, "--models", kShipped, "--out", out, "--data", "none"});
  ASSERT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(
      ran.out,
      HasSubstr("1500 distinct texts (0 repeated, 0 lines left out); budget 0.002 a category, 95 % confidence; budgets below 0.002 stay"));
  EXPECT_THAT(ran.out, HasSubstr("prompt_attack"));
  const auto before = classify::read_calibration(kShipped + "/calibration.json"), after = classify::read_calibration(out);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->traffic->texts, 1500u);
  for (const auto& [name, label] : before->labels) {
    for (const double rate : classify::BenignCurve::kRates)
      EXPECT_GE(classify::Calibration::curve(after->labels.at(name), "en").score_at(rate),
                classify::Calibration::curve(label, "en").score_at(rate))
          << name << " at " << rate;
  }
  policy::FilterSpec spec;
  spec.config = yaml::parse("{models: \"" + kShipped + "\", encoder: e5-small.gguf, calibration: mine.json}", "test").value();
  const auto filter = filters::open_classifier(spec, {folder_, "", nullptr, model::fetched_models_dir()}, nullptr);
  ASSERT_TRUE(filter) << filter.error().message;
  spec.config = yaml::parse("{models: \"" + kShipped + "\", encoder: e5-small.gguf}", "test").value();
  const auto shipped = filters::open_classifier(spec, {"", "", nullptr, model::fetched_models_dir()}, nullptr);
  EXPECT_NE((*filter)->version(), (*shipped)->version()) << "a decision tells by which calibration";
}

TEST_F(ClassifyCommand, ABudgetThatTheRowsCannotShowIsRefused) {
  const std::string traffic = write("few.jsonl", jsonl(0, 350));
  const Ran ran = classify({"calibrate", "--traffic", traffic, "--models", small_world("world", 1, 0), "--budget", "0.005"});
  EXPECT_EQ(ran.code, kExitCannot);
  EXPECT_THAT(ran.err, HasSubstr("350 distinct texts cannot show a budget of 0.005 with 95 % confidence: that takes 598"));
  EXPECT_THAT(ran.err, HasSubstr("the least that they can show is --budget 0.01"));
  EXPECT_EQ(classify({"calibrate", "--traffic", path("no.jsonl")}).code, kExitCannot);
}

/// Texts that the models flag too often: afterwards each category keeps its budget on them, with confidence, and on texts drawn alike.
TEST_F(ClassifyCommand, NewThresholdsKeepTheBudgetOnTextsDrawnAlike) {
  const std::string world = small_world("world", 2, 0.1);
  Encoders encoders;
  const auto models = open_chosen({world, "none", ""}, encoders);
  ASSERT_TRUE(models) << models.error().message;
  std::vector<TrafficText> texts, others;
  for (std::size_t i = 0; i < 1584; ++i) (i % 2 ? others : texts).push_back({question(i * 7 % 1584), "en"});
  const auto result = calibrate_on_traffic(*models, texts, {.budget = 0.02});
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->categories.size(), 2u);
  const auto allowed = *classify::hits_allowed(texts.size(), 0.02, 0.95);
  ChosenModels after{nullptr, result->calibration};
  for (const CategoryChange& change : result->categories) {
    EXPECT_GT(change.flagged_before, allowed) << "the test's own world flags too much";
    EXPECT_EQ(change.flagged_after, allowed);
    for (const ThresholdChange& one : change.thresholds) EXPECT_GT(one.after, one.before);
    std::size_t flagged = 0;
    for (const TrafficText& text : others) {
      const auto scores = scores_of(*models->classifier, text.text, "en", filters::Classifier::Depth::kAsRun)->counting;
      flagged += scores[change.thresholds[0].label] >= after.threshold(change.thresholds[0].label, "en") ? 1 : 0;
    }
    EXPECT_LE(flagged, others.size() / 50) << change.category;
  }
  const auto calm = calibrate_on_traffic(*models, texts, {.budget = 0.05, .confidence = 0.6});
  ASSERT_TRUE(calm);
  EXPECT_EQ(calm->budget, 0.05);
}

TEST_F(ClassifyCommand, CurvesOfOtherTextsThanPromptsStay) {
  const std::string world = small_world("world", 2, 0.1);
  Encoders encoders;
  auto models = open_chosen({world, "none", ""}, encoders);
  ASSERT_TRUE(models) << models.error().message;
  for (auto& [name, label] : models->calibration.labels)
    for (const char* curve : {"reply", "de"}) label.benign[curve] = classify::BenignCurve(std::vector<double>(1000, -2.0));
  std::vector<TrafficText> texts;
  for (std::size_t i = 0; i < 800; ++i) texts.push_back({question(i), "en"});
  const auto result = calibrate_on_traffic(*models, texts, {.budget = 0.02});
  ASSERT_TRUE(result) << result.error().message;
  for (const auto& [name, label] : result->calibration.labels) {
    EXPECT_EQ(label.benign.at("reply").score_at(0.02), models->calibration.labels.at(name).benign.at("reply").score_at(0.02));
    EXPECT_GT(label.benign.at("de").score_at(0.02), models->calibration.labels.at(name).benign.at("de").score_at(0.02));
    EXPECT_GT(label.benign.at("en").score_at(0.02), -2);
  }
}

TEST_F(ClassifyCommand, ThresholdsFallOnlyWhenTheyMay) {
  const std::string world = small_world("world", 3, 0);
  classify::Calibration strict = classify::read_calibration(world + "/calibration.json").value();
  for (auto& [name, label] : strict.labels) label.benign["*"] = classify::BenignCurve(std::vector<double>(1000, 30.0));
  ASSERT_TRUE(classify::write_calibration(world + "/calibration.json", strict));
  const std::string traffic = write("traffic.txt", [] {
    std::string lines;
    for (std::size_t i = 0; i < 400; ++i) lines += question(i) + "\n";
    return lines;
  }());
  const auto score = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"calibrate", "--traffic", traffic, "--models", world, "--out", path("out.json"), "--data", "none"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = classify(words);
    EXPECT_EQ(ran.code, kExitOk) << ran.err;
    return classify::Calibration::curve(classify::read_calibration(path("out.json"))->labels.at("weapons"), "en").score_at(0.01);
  };
  EXPECT_GT(score({}), 29);
  EXPECT_LT(score({"--allow-lower"}), 10);
}

TEST_F(ClassifyCommand, ComparesModelsOnTheSameRows) {
  const std::string good = small_world("good", 4, 0), bad = small_world("bad", 5, 0.45);
  std::vector<std::string> rows, benign;
  for (std::size_t i = 0; i < 120; ++i) {
    const bool sword = i % 2 == 0;
    const std::string text = sword ? "and how does number " + std::to_string(i) + " make a sword, please" : question(i + 800);
    rows.push_back(json::dump(json::Object{{"id", "row-" + std::to_string(i)},
                                           {"text", text},
                                           {"labels", json::Object{{"toxic", sword ? 1 : 0}}},
                                           {"lang", "en"},
                                           {"split", "dev"},
                                           {"cluster", std::to_string(i / 2)}}));
    benign.push_back(json::dump(json::Object{{"id", "calm-" + std::to_string(i)},
                                             {"text", question(i + 900)},
                                             {"labels", json::Object{{"toxic", 0}}},
                                             {"lang", "en"},
                                             {"split", i < 60 ? "dev" : "train"},
                                             {"cluster", std::to_string(i)}}));
  }
  write("data/sets.yaml",
        "- {set: swords, licence: our own, tier: A, task: toxic, label: toxic}\n- {set: calm, licence: our own, tier: A, task: benign}\n");
  ASSERT_TRUE(write_packed_lines(path("data/swords.jsonl.zst"), rows));
  ASSERT_TRUE(write_packed_lines(path("data/calm.jsonl.zst"), benign));
  const Ran ran = classify({"compare", bad, good, "--data", path("data"), "--rows", path("rows.jsonl"), "--out", path("out.md")});
  ASSERT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("180 rows."));
  EXPECT_THAT(ran.out, HasSubstr("| swords | en | toxic | 120 | 60 |"));
  EXPECT_THAT(ran.out, HasSubstr("| calm | benign | 60 |"));
  EXPECT_EQ(read_file(path("out.md")).value(), ran.out);
  const std::string different = read_file(path("rows.jsonl")).value();
  EXPECT_THAT(different, HasSubstr(R"("set":"swords","id":"row-)"));
  EXPECT_THAT(different, Not(HasSubstr("sword,")));

  const Ran same = classify({"compare", good, good, "--data", path("data"), "--rows-max", "50", "--rows", path("none.jsonl")});
  ASSERT_EQ(same.code, kExitOk) << same.err;
  EXPECT_THAT(same.out, HasSubstr("+0.000 (+0.000 to +0.000)"));
  EXPECT_THAT(same.out, HasSubstr("100 rows."));
  EXPECT_EQ(read_file(path("none.jsonl")).value(), "");

  // Two calibrations of one folder differ in what they flag alone.
  classify::Calibration strict = classify::read_calibration(good + "/calibration.json").value();
  for (auto& [name, label] : strict.labels) label.benign["*"] = classify::BenignCurve(std::vector<double>(1000, 30.0));
  ASSERT_TRUE(classify::write_calibration(path("strict.json"), strict));
  const Ran calibrations = classify({"compare", good + "/calibration.json", path("strict.json"), "--models", good, "--data", path("data")});
  ASSERT_EQ(calibrations.code, kExitOk) << calibrations.err;
  EXPECT_THAT(calibrations.out, HasSubstr("| swords | 60 | 0 | 0 |"));
}

TEST_F(ClassifyCommand, WritesTheCardAlone) {
  const std::string world = small_world("world", 6, 0);
  write("data/sets.yaml", "- {set: calm, licence: our own, tier: A, task: benign}\n");
  ASSERT_TRUE(write_packed_lines(path("data/calm.jsonl.zst"), {json::dump(json::Object{{"id", "1"},
                                                                                       {"text", question(1)},
                                                                                       {"labels", json::Object{{"toxic", 0}}},
                                                                                       {"lang", "en"},
                                                                                       {"split", "train"},
                                                                                       {"cluster", "1"}})}));
  const Ran ran = classify({"card", "--models", world, "--data", path("data")});
  ASSERT_EQ(ran.code, kExitOk) << ran.err;
  const std::string card = read_file(world + "/card.md").value();
  EXPECT_THAT(card, HasSubstr("| calm | 1 | our own | A | yes |"));
  EXPECT_THAT(card, HasSubstr("| weapons | 0 | 0 | yes |"));
}

}  // namespace
}  // namespace steward::app
