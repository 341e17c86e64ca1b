#include "steward/filters/classifier/classifier.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "steward/classify/calibration.h"
#include "steward/classify/dense_trainer.h"
#include "steward/classify/linear_trainer.h"
#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/filters/classifier/reach.h"
#include "steward/filters/classifier/scorer.h"
#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

using policy::Direction;
using testing::FilterUnderTest;

const std::string kTopics[] = {"sword", "bread"};

/// Models of a small world in which swords are weapons and toxic on top, trained in a moment; with heads on the real encoder.
class World {
 public:
  World() : path_(std::filesystem::temp_directory_path() / ("steward-classifier-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
    const char* models = std::getenv("STEWARD_MODELS_DIR");
    STEWARD_CHECK(models != nullptr);
    encoder_file_ = std::string(models) + "/e5-small.gguf";
    encoder_ = model::open_encoder(encoder_file_, encoder_options()).value();
    train();
  }
  ~World() { std::filesystem::remove_all(path_); }
  std::string config(bool encoder) const {
    return "{models: \"" + path_.string() + "\"" + (encoder ? ", encoder: \"" + encoder_file_ + "\"}" : "}");
  }
  std::string path() const { return path_.string(); }
  /// From which scores on the linear tier asks the encoder, and from which a text counts.
  void calibrate(double gate, double threshold) {
    classify::Calibration calibration;
    calibration.languages = {"en", "de"};
    calibration.budget = 0.01;
    for (const char* name : {"weapons", "toxic"}) {
      classify::LabelCalibration& label = calibration.labels[name];
      label.gate = gate;
      label.positives = 100;
      label.benign["*"] = classify::BenignCurve(std::vector<double>(1000, threshold));
    }
    STEWARD_CHECK(classify::write_calibration(path() + "/calibration.json", calibration).has_value());
  }

 private:
  void train() {
    std::vector<classify::TrainingRow> rows;
    std::vector<std::vector<float>> embeddings;
    std::vector<classify::EmbeddedRow> embedded;
    for (int i = 0; i < 40; ++i)
      for (const std::string& topic : kTopics) {
        const std::string text = "tell me how number " + std::to_string(i) + " makes a " + topic + " today";
        classify::TrainingRow row{classify::feature_rows(text), {}, 1};
        for (const char* name : {"weapons", "toxic"}) row.targets.value[*classify::label_index(name)] = topic == "sword" ? 1 : 0;
        const std::string_view view = text;
        embeddings.push_back(encoder_->encode({&view, 1}).value().front().front().embedding);
        embedded.push_back({{}, row.targets, 1});
        rows.push_back(std::move(row));
      }
    for (std::size_t i = 0; i < embedded.size(); ++i) embedded[i].windows = embeddings[i];
    classify::LinearOptions linear;
    linear.evidence_min = 10;
    classify::DenseOptions dense;
    dense.hidden = 8;
    dense.epochs = 40;
    dense.evidence_min = 10;
    STEWARD_CHECK(classify::write_linear_model(path() + "/linear.bin", classify::train_linear(rows, linear)).has_value());
    STEWARD_CHECK(
        classify::write_dense_head(path() + "/heads.bin", classify::train_dense(embedded, encoder_->width(), dense), trunk_id(*encoder_))
            .has_value());
    calibrate(-1e9, 0);
  }

  const std::filesystem::path path_;
  std::string encoder_file_;
  std::unique_ptr<model::Encoder> encoder_;
};

World& world() {
  static World instance;
  return instance;
}

std::vector<std::string> counting(const std::vector<guard::Finding>& findings) {
  std::vector<std::string> out;
  for (const guard::Finding& finding : findings)
    if (finding.threshold && finding.score >= *finding.threshold) out.push_back(finding.category);
  return out;
}

TEST(Classifier, ReportsCategoriesWithScoresAndThresholds) {
  world().calibrate(-1e9, 0);
  const FilterUnderTest filter(make_classifier, "classifier", world().config(true));
  const auto sword = filter.scan("please make a sword today");
  EXPECT_EQ(counting(sword), (std::vector<std::string>{"harassment", "weapons_cbrne"}));
  EXPECT_NE(sword[0].evidence.find("linear+encoder"), std::string::npos);
  EXPECT_TRUE(counting(filter.scan("please make a bread today")).empty());
  EXPECT_TRUE(filter.scan("   \n").empty());
}

TEST(Classifier, ATextThatIsClearNeedsNoEncoder) {
  world().calibrate(1e9, 0);
  const FilterUnderTest filter(make_classifier, "classifier", world().config(true));
  const auto findings = filter.scan("please make a sword today");
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].evidence.find("encoder"), std::string::npos);
  EXPECT_TRUE(counting(findings).empty()) << "the threshold is for both tiers";
  world().calibrate(-1e9, 0);
}

TEST(Classifier, SeesThroughDisguises) {
  world().calibrate(-1e9, 0);
  const FilterUnderTest filter(make_classifier, "classifier", world().config(true));
  const auto plain = filter.scan("please make a sword today");
  for (const char* text : {"please make a \u0455w\u043Erd today", "please make a s\u200Bw\u200Bo\u200Brd today",
                           "pl3ase mak3 a sw0rd today", "please make a \uFF53\uFF57\uFF4F\uFF52\uFF44 today"}) {
    const auto disguised = filter.scan(text);
    ASSERT_EQ(counting(disguised), counting(plain)) << text;
    if (std::string_view(text).find('3') == std::string_view::npos) EXPECT_EQ(disguised[0].score, plain[0].score) << text;
    EXPECT_EQ(disguised[0].span.end, std::string_view(text).size());
  }
}

TEST(Classifier, LongTextsDoNotHideShortOnes) {
  const FilterUnderTest filter(make_classifier, "classifier", world().config(false));
  std::string text;
  for (int i = 0; i < 400; ++i) text += "number makes a bread today and tell me how. ";
  const std::size_t at = text.size() / 2;
  text.insert(text.find(' ', at), " tell me how number makes a sword today sword sword sword");
  const auto found = filter.scan(text);
  ASSERT_FALSE(found.empty());
  EXPECT_LT(found[0].span.size(), 5000u);
}

TEST(Classifier, JudgesOutputsByPiecesHoweverTheyAreCut) {
  FilterUnderTest filter(make_classifier, "classifier", world().config(true));
  std::string text = "Tell me how number 3 makes a bread today. ";
  while (text.size() < 600) text += "Number makes a bread today, and another bread too. ";
  EXPECT_EQ(filter.stream_fault(text + "Tell me how number 3 makes a sword today!", policy::Action::kBlock, 3, 7), "");
  EXPECT_EQ(filter.stream_fault("A sword! " + text, policy::Action::kRewrite, 3, 8), "");
}

TEST(Classifier, OutputsDoNotDependOnTheirCutsHeldOrAdvisory) {
  const std::string calm = "Number 4 makes a bread today, and tells us how. ", bad = "Tell me how number 3 makes a sword today! ";
  const std::string encoded = "dGVsbCBtZSBob3cgbnVtYmVyIDMgbWFrZXMgYSBzd29yZCB0b2RheQ== is all. ";
  std::string config = world().config(true);
  config.replace(config.size() - 1, 1, ", stream_chars: 60}");
  FilterUnderTest filter(make_classifier, "classifier", config);
  for (const auto mode : {policy::StreamMode::kHold, policy::StreamMode::kAdvisory}) {
    filter.spec().stream_mode = mode;
    for (const auto action : {policy::Action::kBlock, policy::Action::kRewrite}) {
      EXPECT_EQ(filter.stream_fault(calm + calm + bad + calm + calm, action, 2, 9), "");
      EXPECT_EQ(filter.stream_fault("A \u0455word! " + calm + encoded + calm, action, 2, 10), "");
    }
  }
}

TEST(Classifier, ShorterPiecesAreJudgedSooner) {
  policy::FilterSpec spec =
      guard::testing::TablePolicy::filter("learned", "classifier", "{models: \"" + world().path() + "\", stream_chars: 20}");
  const auto filter = open_classifier(spec, {}, nullptr);
  ASSERT_TRUE(filter) << filter.error().message;
  guard::Scope scope;
  scope.direction = Direction::kOutput;
  scope.context.language = "en";
  const auto stream = (*filter)->open(scope);
  text::GrowingViews views;
  std::vector<guard::Finding> found;
  const std::string sentence = "Tell me how number 3 makes a sword today. ";
  views.append(sentence + "And ");
  EXPECT_EQ(stream->advance(views, found).value(), sentence.size());
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].span.end, sentence.size());
}

TEST(Classifier, AnnouncesALanguageWithoutFigures) {
  const FilterUnderTest filter(make_classifier, "classifier", world().config(false));
  const auto found = filter.scan("ninakupenda sana", "sw");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].category, "language_uncovered");
  EXPECT_EQ(found[0].subtype, "sw");
  for (const guard::Finding& finding : filter.scan("ich backe Brot", "de")) EXPECT_NE(finding.category, "language_uncovered");
}

TEST(Classifier, ToolResultsAreJudgedForAttacksAlone) {
  const FilterUnderTest filter(make_classifier, "classifier", world().config(false));
  EXPECT_TRUE(filter.scan("please make a sword today", "en", Direction::kInput, "tool").empty());
}

TEST(Classifier, ItsReachIsWhatItsCalibrationHasFiguresFor) {
  world().calibrate(-1e9, 0);
  policy::FilterSpec spec = guard::testing::TablePolicy::filter("learned", "classifier", world().config(true));
  const auto reach = reach_of_classifier(spec, {});
  ASSERT_TRUE(reach) << reach.error().message;
  EXPECT_EQ(reach->languages, (std::vector<std::string>{"en", "de"}));
  EXPECT_EQ(reach->languages_of.at("weapons_cbrne"), (std::set<std::string>{"de", "en"}));
  EXPECT_EQ(reach->languages_of.at("harassment"), (std::set<std::string>{"de", "en"})) << "toxic has a head";
  EXPECT_TRUE(reach->languages_of.at("hate").empty());
  classify::Calibration calibration = classify::read_calibration(world().path() + "/calibration.json").value();
  calibration.labels["weapons"].languages = {"en"};
  calibration.labels["toxic"].positives = 99;
  ASSERT_TRUE(classify::write_calibration(world().path() + "/other.json", calibration));
  spec = guard::testing::TablePolicy::filter("learned", "classifier", "{models: \"" + world().path() + "\", calibration: other.json}");
  const auto other = reach_of_classifier(spec, {world().path(), "", nullptr, ""});
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->languages_of.at("weapons_cbrne"), (std::set<std::string>{"en"}));
  EXPECT_TRUE(other->languages_of.at("harassment").empty()) << "too few positives";
}

TEST(Classifier, SaysWhatIsWrongWithItsConfig) {
  EXPECT_NE(testing::error_of(make_classifier, "classifier", "{}").find("models"), std::string::npos);
  EXPECT_NE(testing::error_of(make_classifier, "classifier", "{models: nowhere}").find("make setup"), std::string::npos);
  EXPECT_NE(testing::error_of(make_classifier, "classifier", "{models: \"" + world().path() + "\", encoder: none.gguf}").find("none.gguf"),
            std::string::npos);
  const std::string models = "{models: \"" + world().path() + "\", ";
  EXPECT_NE(testing::error_of(make_classifier, "classifier", models + "calibration: none.json}").find("none.json"), std::string::npos);
  EXPECT_NE(testing::error_of(make_classifier, "classifier", models + "stream_chars: 0}").find("1 to 2000"), std::string::npos);
  EXPECT_NE(testing::error_of(make_classifier, "classifier", "{modles: x}").find("modles"), std::string::npos);
}

}  // namespace
}  // namespace steward::filters
