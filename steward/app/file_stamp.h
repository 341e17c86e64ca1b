#pragma once

#include <string>

namespace steward::app {

/// Place, size and time of change of a file: changes whenever it is written, without reading it.
std::string file_stamp(const std::string& path);

}  // namespace steward::app
