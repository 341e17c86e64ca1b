// Policy files: loaded, or refused with file and line.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/policy/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = "/tmp/steward-policy-fuzz-" + std::to_string(::getpid()) + ".yaml";
  STEWARD_CHECK(steward::write_file_atomic(path, std::string(reinterpret_cast<const char*>(data), size)).has_value());
  const auto policy = steward::policy::Policy::load(path, {STEWARD_SOURCE_DIR "/policies"});
  if (!policy) STEWARD_CHECK(!policy.error().message.empty());
  if (policy) {
    for (const std::string& category : (*policy)->category_ids())
      (void)(*policy)->plan({})->rule({category, "", 3, 1, steward::policy::Direction::kOutput});
  }
  std::remove(path.c_str());
  return 0;
}
