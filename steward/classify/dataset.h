#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "steward/classify/labels.h"
#include "steward/core/result.h"

namespace steward::classify {

/// One row of a data set.
struct Example {
  std::string id;
  std::string text;
  Targets targets;       ///< completed
  std::string language;  ///< BCP 47 tag
  std::string split;     ///< train | dev | test
  std::string cluster;   ///< rows that stem from one prompt or template share it; bootstrap draws clusters
};

/// Whose words the texts are; kData: what a model is given to work on, as a tool's results.
enum class Part { kPrompt, kReply, kData };

/// What is an attack depends on whose words they are: a user may ask for what data may not. So `attack` is asked of prompts, `injection` of
/// data; other labels of any text.
bool asked_of(std::size_t label, Part part);

/// What data/detection/sets.yaml says of one set.
struct SetInfo {
  std::string name;
  std::string group;  ///< left out together: sets of one origin
  std::string licence;
  std::string tier;     ///< A: permissive; B: share-alike
  std::string task;     ///< toxic | unsafe | attack | benign | look_alike | background | reply | benign_reply: what it is measured for
  std::string label;    ///< label that is measured
  std::string from;     ///< its name in the collection
  std::string made_by;  ///< script that makes it; `prepare` leaves such sets alone
  std::string field = "text";
  std::string cluster = "";  ///< field that clusters rows; empty: each row by itself
  Part part = Part::kPrompt;
  bool trains = true;                                                  ///< false: only measured on
  std::size_t rows_max = 0;                                            ///< taken by the hash of their ids, per language; 0: all
  std::vector<std::pair<std::string, std::vector<std::string>>> only;  ///< field → values: rows that are taken
  std::vector<std::size_t> drop;                                       ///< labels that mean something else in this set
  std::vector<std::size_t> zero;                                       ///< labels that are 0 in every row of the set, by what the set is
  std::string note;
};

struct DataSet {
  SetInfo info;
  std::vector<Example> examples;
};

/// Reads sets.yaml. Errors: kInvalidInput with line and column.
Result<std::vector<SetInfo>> read_sets(const std::string& path);

/// Reads JSONL under zstd (`{id, text, labels, lang, split, cluster}` a line), as `prepare` writes it. Errors: kInvalidInput with the
/// line's number; never quotes it.
Result<DataSet> read_data_set(const SetInfo& info, const std::string& folder);
/// All sets of `folder`/sets.yaml.
Result<std::vector<DataSet>> read_data(const std::string& folder);

/// Takes from a collection of JSONL files under zstd, one a set, what sets.yaml in `folder` names, and writes it there: same input, same
/// bytes. Returns lines for people: rows taken of each set.
Result<std::vector<std::string>> prepare_data(const std::string& collection, const std::string& folder);

}  // namespace steward::classify
