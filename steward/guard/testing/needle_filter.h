#pragma once

#include <memory>
#include <string>
#include <vector>

#include "steward/guard/filter.h"

namespace steward::guard::testing {

/// Finds one word, or fails: the least filter that the guard's own tests can do with. A stream is held whole. The
/// filter `scripted` is the one with a watermark.
class NeedleFilter final : public Filter {
 public:
  /// `config`: {needle: text, category: c, subtype: s, kind: placeholder kind, reply: id, fail: true, text: fixed
  /// replacement, slow: true}; a slow one tells in its evidence where in the conversation it stands
  static Result<std::unique_ptr<Filter>> make(const policy::FilterSpec& spec, const FilterEnvironment& environment);

  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  bool slow() const override { return slow_; }
  Result<void> scan(const text::Views& views, const Scope& scope, std::vector<Finding>& out) const override;
  std::unique_ptr<FilterStream> open(const Scope& scope) const override;

 private:
  Result<void> find(std::string_view text, const Scope& scope, std::vector<Finding>& out) const;
  friend class NeedleStream;

  std::string name_;
  std::string version_ = "needle/1";
  std::string needle_;
  std::string kind_;
  bool fails_ = false;
  bool slow_ = false;
  Finding finding_;
};

}  // namespace steward::guard::testing
