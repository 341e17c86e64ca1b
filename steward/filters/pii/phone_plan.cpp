#include "steward/filters/pii/phone_plan.h"

#include <algorithm>

namespace steward::filters::pii::phone {
namespace {

struct Country {
  std::uint16_t code;
  std::uint32_t start;
};

#include "steward/filters/pii/phone_tables.inc"

}  // namespace

std::string_view source() { return kSource; }

const Region* find_region(std::string_view name) {
  const auto found = std::find_if(std::begin(kRegions), std::end(kRegions), [&](const Region& r) { return r.name == name; });
  return found == std::end(kRegions) ? nullptr : found;
}

std::span<const std::uint32_t> shapes(const Region& region) { return {kShapes + region.shapes_begin, kShapes + region.shapes_end}; }

CountryCode country_code(std::string_view digits) {
  std::uint16_t code = 0;
  for (std::size_t count = 1; count <= 3 && count <= digits.size(); ++count) {
    code = static_cast<std::uint16_t>(code * 10 + (digits[count - 1] - '0'));
    const auto found = std::lower_bound(std::begin(kCountries), std::end(kCountries), code,
                                        [](const Country& country, std::uint16_t wanted) { return country.code < wanted; });
    if (found == std::end(kCountries) || found->code != code) continue;
    const auto region = std::find_if(std::begin(kRegions), std::end(kRegions),
                                     [&](const Region& r) { return r.code == code && !r.national_prefix.empty(); });
    return {count, found->start, region == std::end(kRegions) ? std::string_view() : region->national_prefix};
  }
  return {};
}

std::uint32_t step(std::uint32_t state, char digit) {
  const std::uint32_t wanted = 1u << (digit - '0');
  for (std::uint32_t edge = kStates[state] >> 1; edge < kStates[state + 1] >> 1; ++edge) {
    if ((kEdges[edge] & wanted) != 0) return kEdges[edge] >> 10;
  }
  return kDead;
}

bool accepts(std::uint32_t state) { return (kStates[state] & 1) != 0; }

bool is_valid(std::uint32_t start, std::string_view national) {
  std::uint32_t state = start;
  for (std::size_t i = 0; i < national.size() && state != kDead; ++i) state = step(state, national[i]);
  return state != kDead && accepts(state);
}

}  // namespace steward::filters::pii::phone
