#include "steward/guard/conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "steward/guard/lap_timer.h"
#include "steward/guard/testing/needle_filter.h"
#include "steward/guard/testing/slow_filter.h"
#include "steward/guard/testing/table_policy.h"

namespace steward::guard {
namespace {

using testing::NeedleFilter;
using testing::TablePolicy;

class Conformance : public ::testing::Test {
 protected:
  /// "" or what check_stream_invariance says, when the filter's n-th calls for which `late(n)` holds run over its deadline.
  std::string check(const std::function<bool(int)>& late) {
    policy_->act("harm", policy::Action::kBlock);
    policy_->filter_specs = {TablePolicy::filter("needle", "needle", "{needle: BAD, category: harm}")};
    policy_->filter_specs[0].deadline = std::chrono::milliseconds(10);
    calls_ = 0;
    const auto before = [this, late](std::string_view) {
      if (!late(++calls_)) return;
      const std::int64_t begin = thread_cpu_ns();
      while (thread_cpu_ns() - begin < 15'000'000) {
      }
    };
    const auto guard = Guard::create(policy_, testing::make_all_slow(NeedleFilter::make, before), {}, clock_).value();
    return check_stream_invariance(*guard, {{}, std::make_shared<Conversation>(Key{})}, "one two three four", 3, 1);
  }

  ManualClock clock_;
  std::shared_ptr<TablePolicy> policy_ = std::make_shared<TablePolicy>();
  int calls_ = 0;
};

TEST_F(Conformance, ARunOnABusyMachineIsDoneAgain) {
  EXPECT_EQ(check([](int) { return false; }), "");
  const int calls = calls_;
  EXPECT_EQ(check([](int call) { return call == 2 || call == 9 || call == 20; }), "");
  EXPECT_GT(calls_, calls);
}

TEST_F(Conformance, AFilterThatIsLateEachTimeIsNotExcused) {
  int calls_of_one_run = 0;
  check([&](int call) {
    calls_of_one_run = std::max(calls_of_one_run, call);
    return false;
  });
  EXPECT_NE(check([&](int call) { return call > calls_of_one_run / 3; }), "") << "in time when whole, late from then on";
}

}  // namespace
}  // namespace steward::guard
