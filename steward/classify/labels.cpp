#include "steward/classify/labels.h"

#include <algorithm>
#include <initializer_list>

#include "steward/core/check.h"

namespace steward::classify {
namespace {

constexpr std::size_t index_of(std::string_view name) {
  const auto found = std::find(kLabels.begin(), kLabels.end(), name);
  return static_cast<std::size_t>(found - kLabels.begin());
}

constexpr std::size_t kUnsafe = index_of("unsafe"), kToxic = index_of("toxic"), kAttack = index_of("attack");
constexpr std::array kOfToxicity = {index_of("hate"), index_of("harassment"), index_of("threat")};
constexpr std::array kOfHarm = {
    index_of("hate"),    index_of("harassment"),     index_of("sexual"),    index_of("self_harm"),          index_of("violence"),
    index_of("illicit"), index_of("weapons"),        index_of("cyber"),     index_of("sexual_crime"),       index_of("child_safety"),
    index_of("privacy"), index_of("misinformation"), index_of("political"), index_of("specialized_advice"), index_of("defamation"),
    index_of("ip")};
constexpr std::array kOfAttack = {index_of("jailbreak"), index_of("injection")};
static_assert(index_of("refusal") + 1 == kLabelCount);

void set_if_unknown(Targets& targets, std::size_t label, float value) {
  if (!targets.known(label)) targets.value[label] = value;
}

}  // namespace

std::optional<std::size_t> label_index(std::string_view name) {
  const std::size_t index = index_of(name);
  if (index == kLabelCount) return std::nullopt;
  return index;
}

void complete(Targets& targets) {
  const auto is_positive = [&](std::size_t label) { return targets.positive(label); };
  if (std::any_of(kOfToxicity.begin(), kOfToxicity.end(), is_positive)) set_if_unknown(targets, kToxic, 1);
  if (targets.value[kToxic] == 0) {
    for (const std::size_t label : kOfToxicity) set_if_unknown(targets, label, 0);
    set_if_unknown(targets, index_of("profanity"), 0);
  }
  if (targets.value[kUnsafe] == 0)
    for (const std::size_t label : kOfHarm) set_if_unknown(targets, label, 0);
  if (std::any_of(kOfAttack.begin(), kOfAttack.end(), is_positive))
    set_if_unknown(targets, kAttack, 1);
  else if (std::any_of(kOfAttack.begin(), kOfAttack.end(), [&](std::size_t label) { return targets.negative(label); }))
    set_if_unknown(targets, kAttack, 0);
}

}  // namespace steward::classify
