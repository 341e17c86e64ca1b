#pragma once

#include <string>
#include <utility>
#include <vector>

namespace steward::tune {

/// What an exported model or adapter says of itself: from recorded facts alone.
struct ModelCard {
  struct Data {
    std::string name;
    std::string digest;  ///< SHA-256 in hex
    std::int64_t rows = 0;
    std::string license = {};  ///< or empty: not named
  };
  struct Figure {
    std::string name;
    double base = 0, tuned = 0;
  };
  std::string name;
  std::string base;         ///< name of the model that it was made from
  std::string base_sha256;  ///< of the base's file, in hex; or empty
  std::string license;      ///< of the base, as the hub names it: apache-2.0; or empty
  std::string run;          ///< id of the run in the product's ledger; or empty
  std::string method;       ///< one sentence: recipe, kind of training
  std::vector<Data> data;
  std::vector<Figure> figures;
  std::string config;  ///< of the run, YAML; or empty
};

/// README.md in the hub's form: YAML between lines of ---, then Markdown. library: "peft" or "transformers".
std::string render_card(const ModelCard& card, const std::string& library);

}  // namespace steward::tune
