#include "steward/guard/reply.h"

#include <algorithm>

namespace steward::guard {
namespace {

constexpr std::string_view kSlot = "{resources}";
constexpr std::int64_t kDayUs = 86'400'000'000;

const policy::CannedReply* any_supportive(const policy::Policy& policy) {
  const auto& all = policy.canned();
  const auto found = std::find_if(all.begin(), all.end(), [](const auto& entry) { return entry.supportive && !entry.reply.empty(); });
  return found == all.end() ? nullptr : &*found;
}

const std::string* in_language(const policy::CannedReply& entry, const std::string& language) {
  if (entry.reply.empty()) return nullptr;
  for (const std::string& choice : {language, std::string("en")})
    if (const auto found = entry.reply.find(choice); found != entry.reply.end()) return &found->second;
  return &entry.reply.begin()->second;
}

}  // namespace

const policy::CannedReply* find_canned(const policy::Policy& policy, std::string_view id) {
  const auto& all = policy.canned();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.id == id; });
  return found == all.end() ? nullptr : &*found;
}

std::string resource_lines(const policy::Policy& policy, std::string_view topic, std::string_view place, std::int64_t now_us) {
  const std::int64_t today = now_us / kDayUs;
  const auto lines = [&](std::string_view at, bool any_topic) {
    std::string out;
    for (const policy::Resource& resource : policy.resources()) {
      // An entry without a date that can be read counts as expired (-1): better none than a wrong number.
      const bool valid = parse_date_days(resource.expires) >= today;
      if (!valid || resource.place != at || (!any_topic && resource.topic != topic)) continue;
      if (!out.empty()) out += '\n';
      out += resource.name + ": " + resource.contact;
    }
    return out;
  };
  for (const bool any_topic : {false, true})
    for (const std::string_view at : {place, std::string_view("*")})
      if (std::string out = lines(at, any_topic); !out.empty()) return out;
  return {};
}

std::string canned_reply(const Pipeline& pipeline, const policy::Context& context, const RuledFinding& ruled) {
  const policy::CannedReply* entry = find_canned(pipeline.policy, ruled.ruling.reply);
  if (!entry && ruled.ruling.supportive) entry = any_supportive(pipeline.policy);
  const std::string* text = entry ? in_language(*entry, context.language) : nullptr;
  if (!text) return pipeline.policy.refusal(ruled.finding.category, context.language);
  std::string out = *text;
  const std::string resources = out.find(kSlot) == std::string::npos ? ""
                                                                     : resource_lines(pipeline.policy, ruled.finding.category,
                                                                                      context.jurisdiction, pipeline.clock.now_us());
  for (std::size_t at = 0; (at = out.find(kSlot, at)) != std::string::npos; at += resources.size())
    out.replace(at, kSlot.size(), resources);
  return out;
}

}  // namespace steward::guard
