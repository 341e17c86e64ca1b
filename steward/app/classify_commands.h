#pragma once

#include "steward/app/command.h"

namespace steward::app {

// Parts of `steward classify` with a file of their own.
void add_classify_calibrate(CLI::App& group, CommandLine& line);
void add_classify_compare(CLI::App& group, CommandLine& line);

}  // namespace steward::app
