#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "steward/guard/filter.h"

namespace steward::guard::testing {

/// `inner` as a slow filter. `before` gets the text ahead of each scan and each step of a stream, on the thread that scans, which it may
/// block; it may be empty.
std::unique_ptr<Filter> make_slow(std::unique_ptr<Filter> inner, std::function<void(std::string_view text)> before);

/// Every filter of `factory` as a slow one.
FilterFactory make_all_slow(FilterFactory factory, std::function<void(std::string_view text)> before);

}  // namespace steward::guard::testing
