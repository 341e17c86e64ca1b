#pragma once

#include <string>
#include <vector>

#include "steward/filters/remote/service.h"

namespace steward::filters::remote::testing {

/// One service as its documentation describes it, for a local server: it finds "BAD".
struct FakeService {
  std::string name;
  std::string config;             ///< beside `service` and `url`
  std::string target;             ///< that it must be asked at
  std::string key;                ///< the line of the head that must hold the key
  std::vector<std::string> asks;  ///< what each request's body must hold
  std::string clean, flagged;     ///< answers
  std::string flagged_if;         ///< of several requests, the one whose body holds this is flagged
  std::string expected;           ///< the finding: "category.subtype severity score evidence"
};

const std::vector<FakeService>& fake_services();
/// The answer to a request.
std::string answer_of(const FakeService& service, const std::string& body);

}  // namespace steward::filters::remote::testing
