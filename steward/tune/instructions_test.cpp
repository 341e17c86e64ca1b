#include "steward/tune/instructions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "steward/core/files.h"
#include "steward/tune/testing/library.h"

namespace steward::tune {
namespace {

using ::testing::HasSubstr;

Result<std::vector<Instruction>> read(const std::string& text) {
  const std::string path = testing::scratch_folder() + "/instructions.yaml";
  EXPECT_TRUE(write_file_atomic(path, text));
  return read_instructions(path);
}

Instruction checked(const std::string& obeyed) {
  const auto list = read("- {id: a, say: b, obeyed: {" + obeyed + "}}\n");
  EXPECT_TRUE(list) << list.error().message;
  return list ? list->front() : Instruction{};
}

TEST(Instructions, WhatCodeCanSee) {
  EXPECT_TRUE(obeys(checked("ends: Over."), "That is all. Over. \n"));
  EXPECT_FALSE(obeys(checked("ends: Over."), "Over. That is all."));
  EXPECT_TRUE(obeys(checked("begins: Ahoy"), "  Ahoy, sailor"));
  EXPECT_FALSE(obeys(checked("begins: Ahoy"), "Well, Ahoy"));
  EXPECT_TRUE(obeys(checked("contains: fish, lacks: meat"), "I like fish."));
  EXPECT_FALSE(obeys(checked("contains: fish, lacks: meat"), "I like fish and meat."));
  EXPECT_TRUE(obeys(checked("letters: upper"), "ALL 3 OF THEM!"));
  EXPECT_FALSE(obeys(checked("letters: upper"), "ALL 3 OF THEm!"));
  EXPECT_FALSE(obeys(checked("letters: upper"), "123")) << "no letter at all";
  EXPECT_TRUE(obeys(checked("letters: lower"), "all of them"));
  EXPECT_TRUE(obeys(checked("words_max: 3"), "one  two\nthree"));
  EXPECT_FALSE(obeys(checked("words_max: 3"), "one two three four"));
  EXPECT_FALSE(obeys(checked("lacks: x"), "  ")) << "nothing was said";
}

TEST(Instructions, BadFilesAreErrorsInWords) {
  const auto error = [](const std::string& text) {
    const auto list = read(text);
    EXPECT_FALSE(list) << text;
    return list ? "" : list.error().message;
  };
  EXPECT_THAT(error("{}\n"), HasSubstr("a list"));
  EXPECT_THAT(error("- {id: a}\n"), HasSubstr("`say`"));
  EXPECT_THAT(error("- {id: a, say: b, obeyed: {end: c}}\n"), HasSubstr("ends"));
  EXPECT_THAT(error("- {id: a, say: b, obeyed: {letters: big}}\n"), HasSubstr("upper or lower"));
  EXPECT_THAT(error("- {id: a, say: b, obeyed: {words_max: 0}}\n"), HasSubstr("at least 1"));
  EXPECT_THAT(error("- {id: a, say: b}\n- {id: a, say: c}\n"), HasSubstr(":2:"));
}

TEST(Instructions, AreToldAtEveryTurnOrOnce) {
  const data::Messages chat = {{"system", "s", ""}, {"user", "q", ""}, {"assistant", "a", ""}, {"user", "r", ""}};
  const Instruction instruction{"i", "Be brief.", {}};
  const data::Messages every = told_every_turn(chat, instruction), once = told_once(chat, instruction);
  EXPECT_EQ(every[0].content, "s");
  EXPECT_EQ(every[1].content, "q\n\nBe brief.");
  EXPECT_EQ(every[2].content, "a");
  EXPECT_EQ(every[3].content, "r\n\nBe brief.");
  EXPECT_EQ(once[1].content, "q\n\nBe brief.");
  EXPECT_EQ(once[3].content, "r");
}

TEST(Instructions, ThoseOfTheRecipeCanBeRead) {
  const auto list = read_instructions(STEWARD_SOURCE_DIR "/recipes/ghost_attention_instructions.yaml");
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_GE(list->size(), 5u);
}

}  // namespace
}  // namespace steward::tune
