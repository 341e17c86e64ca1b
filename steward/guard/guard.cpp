#include "steward/guard/guard.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/guard/decoding.h"
#include "steward/guard/input_check.h"
#include "steward/guard/output_stream.h"

namespace steward::guard {
namespace {

/// Owns what the pipeline refers to. Shared by the guard and the streams it has opened, so that a stream outlives a
/// reload.
struct Parts {
  std::shared_ptr<const policy::Policy> policy;
  std::vector<Detector> detectors;
  const Clock& clock;

  Pipeline pipeline() const { return {*policy, detectors, clock}; }
};

class PolicyGuard final : public Guard {
 public:
  explicit PolicyGuard(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}

  const policy::Policy& policy() const override { return *parts_->policy; }
  bool slow() const override {
    return std::any_of(parts_->detectors.begin(), parts_->detectors.end(),
                       [](const Detector& detector) { return detector.filter->slow(); });
  }
  InputOutcome check_input(const Turn& turn, const std::vector<Message>& messages) const override {
    return guard::check_input(parts_->pipeline(), turn, messages);
  }
  std::unique_ptr<OutputGuard> open_output(const Turn& turn) const override { return open_output_stream(parts_->pipeline(), parts_, turn); }
  using Guard::check_text;
  Decision check_text(const policy::Context& context, policy::Direction direction, const Message& message) const override {
    return guard::check_text(parts_->pipeline(), context, direction, message);
  }

 private:
  const std::shared_ptr<const Parts> parts_;  // shared with open streams
};

}  // namespace

Result<std::shared_ptr<const Guard>> Guard::create(std::shared_ptr<const policy::Policy> policy, const FilterFactory& factory,
                                                   FilterEnvironment environment, const Clock& clock) {
  STEWARD_CHECK(policy != nullptr);
  environment.policy = policy.get();
  auto parts = std::make_shared<Parts>(Parts{policy, {}, clock});
  std::set<std::string_view> names;
  for (const policy::FilterSpec& spec : policy->filters()) {
    if (!names.insert(spec.name).second)
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: the filter name '{}' stands twice; give each filter its own", yaml::to_string(spec.where), spec.name));
    auto filter = factory(spec, environment);
    if (!filter)
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: the filter '{}' cannot be made: {}", yaml::to_string(spec.where), spec.name, filter.error().message));
    if (spec.decode && (*filter)->reads_decoded()) *filter = with_decoded_views(*std::move(filter));
    parts->detectors.push_back({&spec, *std::move(filter)});
  }
  return std::make_shared<const PolicyGuard>(std::move(parts));
}

}  // namespace steward::guard
