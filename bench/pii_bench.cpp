// CPU time of the filter `pii` for a prompt of about 500 bytes, with and without the types that need context.
//   ninja -C build/release pii_bench && build/release/pii_bench
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "steward/filters/pii/pii.h"

namespace {

constexpr int kRounds = 2000;
constexpr int kRepeats = 15;

constexpr const char* kOld = "email, phone, card, iban, national_id, passport";
constexpr const char* kNew = "email, phone, card, iban, national_id, passport, name, address, date_of_birth";

std::unique_ptr<steward::guard::Filter> make(const char* types) {
  steward::policy::FilterSpec spec;
  spec.name = "personal-data";
  spec.kind = "pii";
  const std::string config = std::string("{category: privacy, types: [") + types + "], regions: [US, GB, DE, FR, ES]}";
  spec.config = steward::yaml::parse(config, "bench").value();
  return steward::filters::make_pii(spec, {}).value();
}

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// The least of several means, in microseconds: what else runs on the machine only adds.
double scan_us(const steward::guard::Filter& filter, const std::string& prompt, bool decode_only) {
  double best = 1e9;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const double begin = cpu_us();
    for (int round = 0; round < kRounds; ++round) {
      const steward::text::Views views(prompt);
      if (views.folded().text().empty()) std::abort();
      std::vector<steward::guard::Finding> found;
      if (!decode_only && !filter.scan(views, {}, found)) std::abort();
    }
    best = std::min(best, (cpu_us() - begin) / kRounds);
  }
  return best;
}

}  // namespace

int main() {
  const std::string prose =
      "The Atlantic is the second largest ocean, and I would like to write a short text on it for my class. It covers about a fifth of the "
      "surface of the Earth, and separates the Old World of Africa, Europe and Asia from the New World. Sailors have crossed it for a "
      "thousand years; today more than 1,000 ships and 300 flights do so every day. Please explain in three paragraphs what moves its "
      "water, why that matters for the weather in Europe, and what has changed since 1990. Keep it simple and friendly, thanks.";
  const std::string personal =
      "Hello, my name is Jane Doe and I am writing about my order 2015550123. I live at 221B Baker Street, London NW1 6XE, and I was born "
      "on 3 May 1990. My husband Peter ordered it with the card 4111 1111 1111 1111 on 12 June. You can reach me at jane@example.com or "
      "+44 20 7946 0958 in the evening; our old address was Hauptstraße 5, 10115 Berlin, where Dr. Schulze lives now. Could you please "
      "check where the parcel is and write a friendly letter to Mr. Brown about it?\n\nBest regards,\nJane Doe, Customer since 2019";
  const auto before = make(kOld);
  const auto after = make(kNew);
  std::printf("microseconds of CPU a scan, without making the folded view, which all filters share\n");
  for (const auto& [name, prompt] : {std::pair("prose", prose), std::pair("personal data", personal)}) {
    const double view = scan_us(*before, prompt, true);
    const double old_us = scan_us(*before, prompt, false) - view;
    const double new_us = scan_us(*after, prompt, false) - view;
    for (const char* type : {"email", "phone", "card", "iban", "national_id", "passport", "name", "address", "date_of_birth"})
      std::printf("    %-14s alone %.2f\n", type, scan_us(*make(type), prompt, false) - view);
    std::printf("%-14s %zu bytes: view %.2f, without context types %.2f, with them %.2f\n", name, prompt.size(), view, old_us, new_us);
  }
}
