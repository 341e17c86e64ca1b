#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/core/yaml.h"

namespace steward::runs {

struct Range {
  double least, most;  ///< both allowed
};

/// The keys of a recipe's file: each names a member of the recipe's config struct, whose initial value is the default. Declared once, this
/// reads the file, applies overrides, prints the effective file and documents it. Keys with dots stand in mappings: `optimizer.rate`.
///
///   struct SftConfig { double rate = 1e-4; std::vector<std::string> data; };
///   Fields fields;
///   fields.number("rate", config.rate, {0, 1}, "peak learning rate");
///   fields.texts("data", config.data, "JSONL files").required();
///   TRY(load_config(fields, path, overrides));
///
/// The struct must outlive the fields and stay in place.
class Fields {
 public:
  class Field {
   public:
    /// The file or an override must give it.
    Field& required();

   private:
    friend class Fields;
    std::string key, doc, kind;  ///< kind: for the printed doc, such as "number from 0 to 1"
    bool must = false, given = false;
    std::function<Result<void>(const yaml::Node&)> read;
    std::function<std::string()> print;  ///< the value as YAML on one line
    std::string default_text;
  };

  Field& text(std::string key, std::string& value, std::string doc);
  Field& choice(std::string key, std::string& value, std::vector<std::string> choices, std::string doc);
  Field& integer(std::string key, std::int64_t& value, Range range, std::string doc);
  Field& integer(std::string key, int& value, Range range, std::string doc);
  Field& number(std::string key, double& value, Range range, std::string doc);
  Field& boolean(std::string key, bool& value, std::string doc);
  Field& texts(std::string key, std::vector<std::string>& value, std::string doc);
  Field& numbers(std::string key, std::vector<double>& value, Range range, std::string doc);

  /// Errors: kInvalidInput "file:line:column: …" for an unknown key (with the nearest known one), a key that is given twice, a wrong type
  /// or a value out of its range.
  Result<void> read(const yaml::Node& root);
  /// "key=value", the value as in YAML. Errors: kInvalidInput that begins with `--set key=value`.
  Result<void> set(const std::string& assignment);
  /// Errors: kInvalidInput that names every required key that is missing.
  Result<void> check_required() const;
  /// The effective values as a YAML file that read() takes.
  std::string print() const;
  /// The same with what each key means, its range and its default, as comments.
  std::string document() const;

 private:
  Field& add(std::string key, std::string doc, std::string kind);
  Result<void> read_mapping(const yaml::Node& node, const std::string& prefix);
  Field* find(std::string_view key) const;
  enum class Comments { kNone, kAll };
  std::string print_mapping(const std::string& prefix, Comments comments) const;
  std::vector<std::string_view> keys_of_mapping(const std::string& prefix) const;

  std::vector<std::unique_ptr<Field>> fields_;
};

/// File, then overrides in order. path empty: no file.
Result<void> read_config(Fields& fields, const std::string& path, const std::vector<std::string>& overrides);
/// The same, then required keys.
Result<void> load_config(Fields& fields, const std::string& path, const std::vector<std::string>& overrides);

}  // namespace steward::runs
