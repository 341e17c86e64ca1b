#include <filesystem>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "steward/classify/dataset.h"
#include "steward/classify/evaluation.h"
#include "steward/core/files.h"
#include "steward/core/packed_lines.h"

namespace steward::classify {
namespace {

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("steward-sets-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_ / "from");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }
  void sets(const std::string& yaml) const { ASSERT_TRUE(write_file_atomic(path() + "/sets.yaml", yaml)); }
  void rows(const std::string& set, const std::vector<std::string>& lines) const {
    ASSERT_TRUE(write_packed_lines(path() + "/from/" + set + ".jsonl.zst", lines));
  }

 private:
  std::filesystem::path path_;
};

TEST(Labels, WhatIsUnknownStaysUnknown) {
  Targets targets;
  targets.value[*label_index("hate")] = 1;
  complete(targets);
  EXPECT_TRUE(targets.positive(*label_index("toxic")));
  EXPECT_FALSE(targets.known(*label_index("unsafe")));
  EXPECT_FALSE(targets.known(*label_index("attack")));
  EXPECT_FALSE(label_index("nonsense"));
}

TEST(Labels, WhatIsNotUnsafeIsOfNoCategoryOfHarm) {
  Targets targets;
  targets.value[*label_index("unsafe")] = 0;
  complete(targets);
  EXPECT_TRUE(targets.negative(*label_index("weapons")));
  EXPECT_FALSE(targets.known(*label_index("toxic")));
}

TEST(DataSets, AnAttackInAPromptIsOneInDataButNotTheOtherWayRound) {
  const Folder folder;
  folder.sets(
      "- {set: prompts, licence: MIT, tier: A}\n"
      "- {set: documents, licence: MIT, tier: A, part: data}\n"
      "- {set: planted, licence: ours, tier: A, part: data, made_by: a script}\n");
  folder.rows("prompts", {R"({"id":"1","text":"x","labels":{"injection":1},"lang":"en","split":"train"})",
                          R"({"id":"2","text":"y","labels":{"injection":0},"lang":"en","split":"train"})"});
  folder.rows("documents", {R"({"id":"1","text":"x","labels":{"injection":1},"lang":"en","split":"train"})",
                            R"({"id":"2","text":"y","labels":{"injection":0},"lang":"en","split":"train"})"});
  const std::string planted = folder.path() + "/planted.jsonl.zst";
  ASSERT_TRUE(write_packed_lines(planted, {R"({"id":"1","text":"z","lang":"en","split":"train"})"}));
  const std::string before = *read_file(planted);
  ASSERT_TRUE(prepare_data(folder.path() + "/from", folder.path()));
  EXPECT_EQ(*read_file(planted), before);
  const auto sets = read_data(folder.path());
  ASSERT_TRUE(sets) << sets.error().message;
  const std::size_t attack = *label_index("attack"), injection = *label_index("injection");
  std::map<std::string, const Targets*> prompts, documents;
  for (const Example& example : sets->at(0).examples) prompts[example.id] = &example.targets;
  for (const Example& example : sets->at(1).examples) documents[example.id] = &example.targets;
  EXPECT_TRUE(prompts["1"]->positive(attack) && prompts["1"]->positive(injection));
  EXPECT_TRUE(prompts["2"]->negative(attack));
  EXPECT_FALSE(prompts["2"]->known(injection));
  EXPECT_TRUE(documents["1"]->positive(injection) && documents["2"]->negative(injection));
  EXPECT_FALSE(documents["1"]->known(attack));
  EXPECT_TRUE(documents["2"]->negative(attack));
}

TEST(DataSets, PreparesWhatIsNamedAndNothingElse) {
  const Folder folder;
  folder.sets(
      "- {set: a, licence: MIT, tier: A, task: unsafe, label: unsafe, field: question, only: {kind: [good]}, drop: [cyber]}\n"
      "- {set: b, licence: CC0, tier: A, task: benign, zero: [toxic], rows_max: 2, cluster: template}\n");
  folder.rows("a", {R"({"id":"a1","question":"one\u2028two","kind":"good","labels":{"unsafe":1,"cyber":1},"lang":"en","split":"train"})",
                    R"({"id":"a2","question":"no","kind":"bad","labels":{"unsafe":0},"lang":"en","split":"train"})"});
  folder.rows(
      "b", {R"({"id":"b1","text":"x","template":"t","lang":"en","split":"dev"})",
            R"({"id":"b2","text":"y","template":"t","lang":"en","split":"train"})",
            R"({"id":"b3","text":"z","template":"t","lang":"en","split":"test"})", R"({"id":"b4","text":"z","lang":"de","split":"test"})"});
  ASSERT_TRUE(prepare_data(folder.path() + "/from", folder.path()));
  const std::string once = *read_file(folder.path() + "/b.jsonl.zst");
  ASSERT_TRUE(prepare_data(folder.path() + "/from", folder.path()));
  EXPECT_EQ(once, *read_file(folder.path() + "/b.jsonl.zst"));
  const auto sets = read_data(folder.path());
  ASSERT_TRUE(sets) << sets.error().message;
  ASSERT_EQ(sets->at(0).examples.size(), 1u);
  const Example& one = sets->at(0).examples[0];
  EXPECT_EQ(one.text, "one\u2028two");
  EXPECT_FALSE(one.targets.known(*label_index("cyber")));
  ASSERT_EQ(sets->at(1).examples.size(), 3u);  // two of English, one of German
  std::set<std::string> clusters;
  for (const Example& example : sets->at(1).examples) clusters.insert(example.cluster);
  EXPECT_EQ(clusters.size(), 2u);  // the template's, and the German row by itself
  EXPECT_TRUE(sets->at(1).examples[0].targets.negative(*label_index("profanity")));
}

TEST(DataSets, OneSetOfACollectionMayBeReadTwice) {
  const Folder folder;
  folder.sets(
      "- {set: a, licence: MIT, tier: A}\n"
      "- {set: answers, from: a, group: a, licence: MIT, tier: A, task: benign_reply, field: chosen, part: reply}\n");
  folder.rows("a", {R"({"id":"1","text":"asked","chosen":"answered","lang":"en","split":"train"})"});
  ASSERT_TRUE(prepare_data(folder.path() + "/from", folder.path()));
  const auto sets = read_data(folder.path());
  ASSERT_TRUE(sets) << sets.error().message;
  EXPECT_EQ(sets->at(0).examples[0].text, "asked");
  EXPECT_EQ(sets->at(1).examples[0].text, "answered");
  EXPECT_EQ(sets->at(1).info.part, Part::kReply);
  EXPECT_EQ(sets->at(1).info.group, "a");
  folder.sets("- {set: a, licence: MIT, tier: A, part: both}\n");
  EXPECT_NE(read_sets(folder.path() + "/sets.yaml").error().message.find("prompt, reply or data"), std::string::npos);
}

TEST(DataSets, BadInputIsNamedAndNotQuoted) {
  const Folder folder;
  folder.sets("- {set: a, licence: MIT, tier: C}\n");
  EXPECT_NE(read_sets(folder.path() + "/sets.yaml").error().message.find("tier"), std::string::npos);
  folder.sets("- {set: a, licence: MIT, tier: A, zero: [nonsense]}\n");
  EXPECT_NE(read_sets(folder.path() + "/sets.yaml").error().message.find("no label 'nonsense'"), std::string::npos);
  folder.sets("- {set: a, licence: MIT, tier: A}\n");
  folder.rows("a", {R"({"id":"1","text":"fine"})", R"({"id":"2", secret)"});
  const auto result = prepare_data(folder.path() + "/from", folder.path());
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("a:2"), std::string::npos);
  EXPECT_EQ(result.error().message.find("secret"), std::string::npos);
  ASSERT_TRUE(write_file_atomic(folder.path() + "/from/a.jsonl.zst", read_file(folder.path() + "/from/a.jsonl.zst")->substr(0, 20)));
  EXPECT_FALSE(prepare_data(folder.path() + "/from", folder.path()));
}

void describe(SetInfo& info, const char* name, const char* group, const char* task) {
  info.name = name;
  info.group = group;
  info.task = task;
}

TEST(Evaluation, EachGroupIsLeftOutByOneFold) {
  std::vector<DataSet> sets(5);
  constexpr const char* kGroups[] = {"g0", "g1", "g2", "g3", "g0"};
  for (std::size_t i = 0; i < sets.size(); ++i) sets[i].info.group = kGroups[i];
  EXPECT_EQ(groups_left_out(sets, 0, 3), (std::vector<std::string>{"g0", "g3"}));
  EXPECT_EQ(groups_left_out(sets, 1, 3), (std::vector<std::string>{"g1"}));
  EXPECT_EQ(groups_left_out(sets, 2, 3), (std::vector<std::string>{"g2"}));
  EXPECT_TRUE(groups_left_out(sets, 4, 6).empty());
  DataSet made;
  made.info.group = "made";
  made.info.made_by = "a script";
  sets.push_back(made);
  EXPECT_TRUE(groups_left_out(sets, 4, 5).empty());
}

TEST(Evaluation, LeavesTheWholeGroupOutAndBorrowsHeldOutNegatives) {
  std::vector<DataSet> sets(3);
  describe(sets[0].info, "a", "g", "unsafe");
  sets[0].info.label = "unsafe";
  describe(sets[1].info, "b", "g", "benign");
  describe(sets[2].info, "c", "h", "benign");
  const auto fill = [](DataSet& set, float unsafe) {
    for (int i = 0; i < 60; ++i) {
      Example example;
      example.id = example.cluster = std::to_string(i);
      example.language = "en";
      example.split = i % 2 == 0 ? "train" : "dev";
      example.targets.value[*label_index("unsafe")] = unsafe;
      set.examples.push_back(example);
    }
  };
  fill(sets[0], 1);
  fill(sets[1], 0);
  fill(sets[2], 0);
  const auto all = measurements(sets);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all[0].borrows_negatives);
  EXPECT_EQ(all[0].rows.size(), 60u + 30u + 30u);
  const auto places = training_places(sets, "g");
  EXPECT_EQ(places.size(), 30u);
  for (const Place& place : places) EXPECT_EQ(place.set, 2u);
  EXPECT_EQ(measured_groups(sets), std::vector<std::string>{"g"});
}

}  // namespace
}  // namespace steward::classify
