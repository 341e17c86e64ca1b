#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/hash.h"
#include "steward/runs/early_stop.h"
#include "steward/runs/event_file.h"
#include "steward/runs/plot.h"
#include "steward/runs/progress.h"
#include "steward/runs/report.h"
#include "steward/runs/run_folder.h"
#include "steward/runs/run_log.h"
#include "steward/runs/schedule.h"

namespace steward::runs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

class Folder : public ::testing::Test {
 protected:
  Folder() : path_((fs::temp_directory_path() / fmt::format("steward_runs_{}", ::getpid())).string()) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() override { fs::remove_all(path_); }
  const std::string path_;
  ManualClock clock_;
};

TEST(Schedule, WarmsUpAndDecaysToItsFloor) {
  Schedule schedule{Schedule::Kind::kCosine, 1.0, 0.1, 4, 13};
  EXPECT_DOUBLE_EQ(rate_at(schedule, 0), 0.25);
  EXPECT_DOUBLE_EQ(rate_at(schedule, 3), 1.0);
  EXPECT_DOUBLE_EQ(rate_at(schedule, 4), 1.0);
  EXPECT_DOUBLE_EQ(rate_at(schedule, 8), 0.55);                                    // half way: floor + 0.9 / 2
  EXPECT_NEAR(rate_at(schedule, 6), 0.1 + 0.9 * (1 + std::sqrt(0.5)) / 2, 1e-12);  // cos(π/4)
  EXPECT_DOUBLE_EQ(rate_at(schedule, 12), 0.1);
  EXPECT_DOUBLE_EQ(rate_at(schedule, 50), 0.1);
  schedule.kind = Schedule::Kind::kLinear;
  EXPECT_DOUBLE_EQ(rate_at(schedule, 6), 0.775);
  EXPECT_DOUBLE_EQ(rate_at(schedule, 12), 0.1);
  schedule.kind = Schedule::Kind::kConstant;
  EXPECT_DOUBLE_EQ(rate_at(schedule, 1), 0.5);
  EXPECT_DOUBLE_EQ(rate_at(schedule, 12), 1.0);
  EXPECT_DOUBLE_EQ(rate_at({Schedule::Kind::kCosine, 1.0, 0, 0, 1}, 0), 1.0);
  EXPECT_FALSE(parse_schedule("cosin"));
}

TEST(EarlyStop, StopsAfterItsPatienceAndKnowsTheBest) {
  EarlyStop stop({EarlyStopOptions::Better::kLower, 2, 0});
  EXPECT_TRUE(stop.observe(10, 2.0).best);
  EXPECT_TRUE(stop.observe(20, 1.5).best);
  EXPECT_FALSE(stop.observe(30, 1.5).best);  // equal is not better
  const auto verdict = stop.observe(40, std::nan(""));
  EXPECT_FALSE(verdict.best);
  EXPECT_TRUE(verdict.stop);
  EXPECT_EQ(stop.best_step(), 20);
  EXPECT_EQ(stop.best_value(), 1.5);
}

TEST(EarlyStop, GoesOnFromItsState) {
  const EarlyStopOptions options{EarlyStopOptions::Better::kHigher, 3, 0.1};
  EarlyStop whole(options);
  whole.observe(1, 0.5);
  EXPECT_FALSE(whole.observe(2, 0.55).best);  // gains too little
  EarlyStop resumed(options);
  ASSERT_TRUE(resumed.restore(json::parse(json::dump(whole.state()))->as_object()));
  EXPECT_EQ(resumed.best_step(), 1);
  EXPECT_FALSE(resumed.observe(3, 0.4).stop);
  EXPECT_TRUE(resumed.observe(4, 0.4).stop);
  EXPECT_FALSE(resumed.restore(json::Object{{"since_best", -1}}));
  EarlyStop untouched(options);
  EXPECT_TRUE(resumed.restore(untouched.state()));
  EXPECT_FALSE(resumed.best_step());
}

TEST_F(Folder, CheckpointsOfAnotherRunAreNotTakenOver) {
  const std::string run = path_ + "/run";
  const auto folder = RunFolder::create(run, "rate: 1\n");
  ASSERT_TRUE(folder && folder->begin_checkpoint(5) && folder->finish_checkpoint(5));
  std::filesystem::remove(folder->config_path());
  EXPECT_THAT(RunFolder::create(run, "rate: 2\n").error().message, HasSubstr("config.yaml is gone"));
  EXPECT_FALSE(std::filesystem::exists(folder->config_path()));
}

TEST_F(Folder, KeepsCheckpointsWholeAndTheBestApart) {
  const std::string run = path_ + "/run";
  auto folder = RunFolder::create(run, "rate: 1\n");
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_THAT(RunFolder::create(run, "rate: 1\n").error().message, HasSubstr("holds a run already"));
  for (const int step : {5, 10, 15, 100}) {
    const auto path = folder->begin_checkpoint(step);
    ASSERT_TRUE(path);
    ASSERT_TRUE(write_file_atomic(*path + "/state", std::to_string(step)));
    ASSERT_TRUE(folder->finish_checkpoint(step));
  }
  ASSERT_TRUE(folder->begin_checkpoint(20));  // killed before it was finished
  EXPECT_THAT(*folder->checkpoints(), ElementsAre(5, 10, 15, 100));
  ASSERT_TRUE(folder->mark_best(10));
  ASSERT_TRUE(folder->mark_best(5));
  EXPECT_EQ(folder->best(), 5);
  EXPECT_EQ(*read_file(run + "/best/state"), "5");
  EXPECT_EQ(folder->mark_best(7).error().code, ErrorCode::kNotFound);
  const auto again = folder->begin_checkpoint(100);
  ASSERT_TRUE(write_file_atomic(*again + "/state", "new"));
  ASSERT_TRUE(folder->finish_checkpoint(100));
  EXPECT_EQ(*read_file(folder->checkpoint_path(100) + "/state"), "new");
  EXPECT_FALSE(fs::exists(folder->checkpoint_path(100) + ".tmp"));
  ASSERT_TRUE(folder->prune(1));
  EXPECT_THAT(*folder->checkpoints(), ElementsAre(5, 100));
}

TEST_F(Folder, GoesOnWithTheSameConfigurationOnly) {
  const std::string run = path_ + "/run";
  EXPECT_EQ(RunFolder::resume(run, "rate: 1\n").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(RunFolder::create(run, "rate: 1\nseed: 2\n"));
  EXPECT_TRUE(RunFolder::resume(run, "rate: 1\nseed: 2\n"));
  EXPECT_THAT(RunFolder::resume(run, "rate: 1\nseed: 3\n").error().message, HasSubstr("it was 'seed: 2', it is 'seed: 3'"));
}

TEST_F(Folder, LogsGoOnFromTheCheckpointWithoutAStepTwice) {
  const std::string log_path = path_ + "/log.jsonl", events_path = path_ + "/events";
  {
    auto log = RunLog::open(log_path, events_path, -1, clock_);
    ASSERT_TRUE(log);
    for (int step = 1; step <= 5; ++step) {
      clock_.advance(std::chrono::seconds(1));
      ASSERT_TRUE(log->append(step, {{"loss", 1.0 / step}, {"rate", 1e-5}}));
    }
    EXPECT_FALSE(log->append(5, {}));
  }
  const std::string whole_log = *read_file(log_path), whole_events = *read_file(events_path);
  ASSERT_TRUE(write_file_atomic(log_path, whole_log + R"({"step": 6, "time_us)"));  // killed within a line
  auto log = RunLog::open(log_path, events_path, 3, clock_);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(log->records().size(), 3u);
  EXPECT_TRUE(whole_log.starts_with(*read_file(log_path)));
  EXPECT_TRUE(whole_events.substr(60).starts_with(read_file(events_path)->substr(60)));  // the first record holds another time
  ASSERT_TRUE(log->append(4, {{"loss", std::nan("")}}));
  const auto records = read_log(log_path);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 4u);
  EXPECT_TRUE(std::isnan((*records)[3].values[0].second));
  EXPECT_EQ((*records)[0].values[1].second, 1e-5);
}

TEST_F(Folder, LogsThatAreDamagedAreNamed) {
  ASSERT_TRUE(write_file_atomic(path_ + "/log", "{\"step\": 1, \"time_us\": 3}\nx\n"));
  EXPECT_THAT(read_log(path_ + "/log").error().message, HasSubstr("/log:2: no record of a step"));
  ASSERT_TRUE(write_file_atomic(path_ + "/log", "{\"step\": 2, \"time_us\": 3}\n{\"step\": 2, \"time_us\": 3}\n"));
  EXPECT_THAT(read_log(path_ + "/log").error().message, HasSubstr("step 2 stands after step 2"));
}

TEST(EventFile, ChecksumsAreThoseOfTheStandard) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(masked_crc32c(std::string(32, '\0')), std::uint32_t((0x8a9136aau >> 15 | 0x8a9136aau << 17) + 0xa282ead8u));
}

/// Read by the `tensorboard` package 2.21.0: step 3, wall time 1.5, loss 0.25, kl -2 (steward/runs/README.md).
TEST(EventFile, IsWhatTensorBoardReads) {
  const std::string record = event_record({3, 1'500'000, {{"loss", 0.25}, {"kl", -2}}});
  EXPECT_EQ(hex({reinterpret_cast<const std::uint8_t*>(record.data()), record.size()}),
            "2500000000000000eabc36f309000000000000f83f10032a180a0b0a046c6f7373150000803e0a090a026b6c15000000c05f1f69cd");
}

TEST(Progress, SaysHowFastAndHowLong) {
  ManualClock clock;
  const Progress progress(stderr, Progress::Style::kLines, 100, 400, clock);
  clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(progress.line({110, 12345, 1.25, 1.5}), "step 110/400  28 %  1,235 tokens/s  loss 1.2500  validation 1.5000  4m50s left");
  EXPECT_EQ(progress.line({400, 1234567890, 1.25, {}}), "step 400/400  100 %  123,456,789 tokens/s  loss 1.2500");
}

TEST_F(Folder, ProgressIsPlainLinesWhereThereIsNoTerminal) {
  std::FILE* out = std::fopen((path_ + "/out").c_str(), "w");
  ASSERT_TRUE(out);
  EXPECT_EQ(Progress::style_of(out), Progress::Style::kLines);
  ManualClock clock;
  Progress progress(out, Progress::Style::kLines, 0, 4, clock);
  for (int step = 1; step <= 4; ++step) {
    clock.advance(std::chrono::seconds(6));
    progress.update({step, step * 100, 2.0, {}});
  }
  progress.finish();
  std::fclose(out);
  const std::string text = *read_file(path_ + "/out");
  EXPECT_THAT(text, HasSubstr("step 1/4"));
  EXPECT_THAT(text, Not(HasSubstr("step 2/4")));
  EXPECT_THAT(text, HasSubstr("step 3/4"));
  EXPECT_THAT(text, HasSubstr("step 4/4  100 %"));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
}

TEST(Report, ShowsPlotsAndSamplesAndEscapesEverything) {
  Report report;
  report.title = "sft <of> a & b";
  report.facts = {{"model", "<img src=x>"}};
  report.config = "rate: \"<1>\"\n";
  for (int step = 1; step <= 1000; ++step)
    report.records.push_back({step, 0, {{"loss", 2.0 / step}, {"kl", step == 7 ? std::nan("") : 0.01 * step}}});
  report.records.push_back({1001, 0, {{"validation/loss", 0.5}}});
  report.charts = standard_charts();
  report.samples = {{"<script>alert(1)</script>", {{"base", "a\nb"}, {"tuned", "</div>'\""}}}};
  const std::string html = render_report(report);
  EXPECT_THAT(html, HasSubstr("<title>sft &lt;of&gt; a &amp; b</title>"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_THAT(html, HasSubstr("&lt;/div&gt;&#39;&quot;"));
  EXPECT_THAT(html, HasSubstr("<h2>Loss</h2>"));
  EXPECT_THAT(html, HasSubstr("<h2>KL to the reference, nats</h2>"));
  EXPECT_THAT(html, Not(HasSubstr("<h2>Reward</h2>")));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  EXPECT_THAT(html, HasSubstr("<circle class=\"curve1\""));  // one validation only
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
}

TEST(Plot, SpansItsAxesWithRoundNumbers) {
  const std::string svg = plot_svg({{"x", {{0, 0.013}, {90, 0.98}}}});
  for (const char* tick : {">0<", ">0.2<", ">1<", ">80<"}) EXPECT_THAT(svg, HasSubstr(tick));
  EXPECT_THAT(svg, HasSubstr("points=\"64.0,"));
  EXPECT_THAT(plot_svg({{"flat", {{1, 3}, {2, 3}}}}), Not(HasSubstr("nan")));
  EXPECT_EQ(plot_svg({}), "");
}

}  // namespace
}  // namespace steward::runs
