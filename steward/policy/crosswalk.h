#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"

namespace steward::policy {

/// The mapping of our categories to others' codes, read from an SSSOM TSV file (Matentzoglu et al. 2022, doi:10.1093/database/baac035).
class Crosswalk {
 public:
  struct Mapping {
    std::string subject;    ///< ours, "category" or "category.subtype"
    std::string predicate;  ///< skos: exactMatch | closeMatch | narrowMatch | broadMatch | relatedMatch
    std::string object;     ///< "openai:self-harm/intent"
  };
  /// Errors: kNotFound; kInvalidInput with the line.
  static Result<Crosswalk> load(const std::string& path);

  const std::vector<Mapping>& mappings() const { return mappings_; }
  /// Codes of the scheme (without its prefix) for a category; those of the subtype come before those of the whole category.
  std::vector<std::string> codes(std::string_view scheme, std::string_view category, std::string_view subtype) const;
  /// The way back: each code of the scheme (without its prefix) once, with what it means: its closest mapping, the first among equals.
  std::vector<Mapping> meanings(std::string_view scheme) const;

 private:
  std::vector<Mapping> mappings_;
};

}  // namespace steward::policy
