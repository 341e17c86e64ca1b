#include "steward/app/shadow_report.h"

#include <gtest/gtest.h>

namespace steward::app {
namespace {

ledger::StoredEvent decision(const std::string& turn, const std::string& meta) {
  ledger::StoredEvent out;
  out.event.id = "id of " + meta;
  out.event.kind = "decision";
  out.event.turn = turn;
  out.event.meta = json::parse(meta).value().as_object();
  return out;
}

constexpr char kBlocks[] = R"({"filter": "new", "category": "hate", "subtype": "slur", "action": "block"})";
constexpr char kLogs[] = R"({"filter": "new", "category": "hate", "subtype": "", "action": "log"})";
constexpr char kSupports[] = R"({"filter": "other", "category": "self_harm", "action": "canned", "supportive": true})";

std::string meta(const std::string& action, const std::string& shadow, const std::string& more = "") {
  return R"({"direction": "input", "action": ")" + action + R"(", "shadow": [)" + shadow + "]" + more + "}";
}

TEST(Shadow, ReportCountsTurnsByWhatTheyWouldHaveBeen) {
  ShadowReport report;
  report.add(decision("1", meta("pass", std::string(kBlocks) + ", " + kBlocks)));
  report.add(decision("1", meta("pass", kBlocks)));
  report.add(decision("2", meta("pass", kBlocks)));
  report.add(decision("3", meta("block", std::string(kBlocks) + ", " + kLogs)));
  report.add(decision("4", meta("block", kSupports)));
  report.add(decision("5", meta("canned", kBlocks, R"(, "supportive": true)")));
  report.add(decision("6", R"({"direction": "output", "action": "pass"})"));
  report.add(decision("", meta("pass", kLogs)));
  report.add(decision("", meta("pass", kLogs, R"(, "choice": 1)")));
  ledger::StoredEvent other = decision("7", meta("pass", kBlocks));
  other.event.kind = "turn_closed";
  report.add(other);
  EXPECT_EQ(report.text(),
            "filter               category                     direction action   would be     turns\n"
            "new                  hate                         input     block    =                1\n"
            "new                  hate                         input     pass     log              2\n"
            "new                  hate.slur                    input     block    =                1\n"
            "new                  hate.slur                    input     canned   =                1\n"
            "new                  hate.slur                    input     pass     block            2\n"
            "other                self_harm                    input     block    canned           1\n"
            "5 turns would have been decided otherwise; 9 decisions were read\n");
}

}  // namespace
}  // namespace steward::app
