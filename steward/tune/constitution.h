#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/policy/document.h"

/// What a content policy says to a model that judges or writes: principles [Bai et al. 2022, arXiv:2212.08073] and safety preprompts
/// [Touvron et al. 2023, arXiv:2307.09288, §4.2.4].
namespace steward::tune {

struct Principle {
  std::string id;        ///< of the policy's category that it was made from, or a name of one's own
  std::string prefer;    ///< which of two answers is the better one
  std::string critique;  ///< what to look for in an answer
  std::string revise;    ///< how to write it anew
};

/// A principle for each category that the policy prohibits or limits, in its order and words.
std::vector<Principle> constitution_of(const policy::Document& policy);
/// A YAML file that read_constitution() takes.
std::string print_constitution(const std::vector<Principle>& constitution);
/// A list of {id, prefer, critique, revise}; the last two may be missing. Errors: kNotFound; kInvalidInput with the place and what to write
/// instead.
Result<std::vector<Principle>> read_constitution(const std::string& path);

/// Names one or two of the adjectives, drawn by `draw`. Precondition: there is one.
std::string adjective_preprompt(const std::vector<std::string>& adjectives, std::uint64_t draw);
/// How a message that falls under the category is answered: what it is, whether it is declined or answered with care, what stays allowed,
/// and where a user in danger finds help.
std::string category_preprompt(const policy::Document& policy, const policy::Category& category);

}  // namespace steward::tune
