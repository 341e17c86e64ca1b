#include "steward/core/clock.h"

#include <charconv>
#include <ctime>

#include <fmt/format.h>

namespace steward {

std::int64_t SystemClock::now_us() const {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t steady_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

std::string format_utc(std::int64_t time_us) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds(time_us)};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> time{point - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

std::int64_t parse_date_days(std::string_view date) {
  if (date.size() != 10 || date[4] != '-' || date[7] != '-') return -1;
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = -1;
    const char* end = date.data() + at + length;
    const auto [rest, error] = std::from_chars(date.data() + at, end, value);
    return error == std::errc{} && rest == end ? value : -1;
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)), std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (number(0, 4) < 1970 || !day.ok()) return -1;
  return std::chrono::sys_days(day).time_since_epoch().count();
}

}  // namespace steward
