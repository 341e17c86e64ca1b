#include "steward/filters/injection/rules.h"

#include <algorithm>
#include <vector>

namespace steward::filters {
namespace {

constexpr ConceptSet set_of(auto... meanings) { return (bit(meanings) | ...); }
using enum Concept;

constexpr ConceptSet kOrders = set_of(kInstructions, kOwnOrders);
constexpr ConceptSet kAnyLimits = set_of(kLimits, kOwnOrders);

constexpr SequenceRule kUserSequences[] = {
    // Instruction override.
    {"override.prior-orders", Family::kOverride, bit(kOverride), bit(kPrior), bit(kInstructions), 5},
    {"override.prior-orders", Family::kOverride, bit(kOverride), bit(kInstructions), bit(kPrior), 5},
    {"override.prior-orders", Family::kOverride, bit(kPrior), bit(kInstructions), bit(kOverride), 8},  // verb last: ja, ko, hi, tr
    {"override.own-orders", Family::kOverride, bit(kOverride), bit(kOwnOrders), 0, 5},
    {"override.own-orders", Family::kOverride, bit(kOwnOrders), bit(kOverride), 0, 6},
    {"override.orders", Family::kOverride, bit(kOverride), bit(kInstructions), 0, 4},
    {"override.prior", Family::kOverride, bit(kOverride), set_of(kPrior, kTextAbove), 0, 4},
    {"override.limits", Family::kOverride, set_of(kOverride, kDisable), bit(kLimits), 0, 4},
    {"override.limits", Family::kOverride, bit(kLimits), bit(kDisable), 0, 3},
    {"override.command", Family::kOverride, bit(kOverride), bit(kPrior), bit(kInstructions), 2, Opens::kSentence},
    {"override.command", Family::kOverride, bit(kOverride), bit(kOwnOrders), 0, 2, Opens::kSentence},
    {"override.all-and", Family::kOverride, bit(kOwnOrders), set_of(kReveal, kNewOrders, kBecome, kAnswerIn, kStartWith), 0, 6},
    {"override.opens", Family::kOverride, bit(kOverride), set_of(kPrior, kInstructions, kOwnOrders, kTextAbove), 0, 4, Opens::kSentence},
    {"override.new-orders", Family::kOverride, bit(kNewOrders)},
    {"override.from-now-on", Family::kOverride, bit(kFromNowOn)},
    {"override.praise-then-new", Family::kOverride, bit(kPraise), bit(kNewOrders), 0, 14},
    // Extraction of the prompt, or of a secret in it.
    {"extraction.prompt", Family::kExtraction, bit(kReveal), bit(kOwnPrompt), 0, 4},
    {"extraction.prompt", Family::kExtraction, bit(kOwnPrompt), bit(kReveal), 0, 5},
    {"extraction.some-prompt", Family::kExtraction, bit(kReveal), set_of(kSystemPrompt, kOwnPrompt), 0, 5},
    {"extraction.ask-prompt", Family::kExtraction, bit(kAsk), bit(kOwnPrompt), 0, 4},
    {"extraction.opens", Family::kExtraction, bit(kReveal), bit(kOwnPrompt), 0, 3, Opens::kSentence},
    {"extraction.above", Family::kExtraction, bit(kReveal), bit(kTextAbove), 0, 4},
    {"extraction.verbatim", Family::kExtraction, set_of(kSystemPrompt, kOwnPrompt, kTextAbove, kOwnOrders, kPrior), bit(kVerbatim), 0, 10},
    {"extraction.secret", Family::kExtraction, bit(kReveal), bit(kSecret), 0, 5},
    {"extraction.mention", Family::kExtraction, set_of(kSystemPrompt, kOwnPrompt)},
    // Personas.
    {"persona.unrestricted", Family::kPersona, bit(kBecome), set_of(kUnrestricted, kPersona), 0, 14},
    {"persona.named", Family::kPersona, bit(kPersona)},
    {"persona.free", Family::kPersona, bit(kUnrestricted)},
    {"persona.become", Family::kPersona, bit(kBecome)},
    {"persona.become-opens", Family::kPersona, bit(kBecome), 0, 0, 0, Opens::kSentence},
    {"persona.stay", Family::kPersona, bit(kStayIn)},
    {"persona.not-an-ai", Family::kPersona, bit(kNotAnAi)},
    {"persona.two-voices", Family::kPersona, bit(kTwoVoices)},
    {"persona.fiction", Family::kPersona, bit(kFiction)},
    // Refusals ruled out.
    {"refusal.never", Family::kRefusal, bit(kNeverRefuse)},
    {"refusal.no-sorry", Family::kRefusal, bit(kNoSorry)},
    {"refusal.forbidden", Family::kRefusal, bit(kForbidden)},
    {"refusal.maker", Family::kRefusal, bit(kMaker)},
    {"refusal.maker-limits", Family::kRefusal, bit(kMaker), bit(kLimits), 0, 5},
    // Prefix injection.
    {"prefix.start-with", Family::kPrefix, bit(kStartWith)},
    {"prefix.sure", Family::kPrefix, bit(kStartWith), bit(kSure), 0, 8},
    // Games with encodings.
    {"cipher.decode-and-follow", Family::kCipher, bit(kDecode), bit(kFollow), 0, 12},
    {"cipher.encoded-orders", Family::kCipher, bit(kDecode), set_of(kInstructions, kReveal), 0, 10},
    {"cipher.answer-in", Family::kCipher, bit(kAnswerIn), bit(kEncoding), 0, 4},
    {"cipher.mention", Family::kCipher, set_of(kEncoding, kDecode)},
    // Authority.
    {"authority.mode-on", Family::kAuthority, bit(kMode), bit(kEnable), 0, 5},
    {"authority.mode-on", Family::kAuthority, bit(kEnable), bit(kMode), 0, 5},
    {"authority.mode", Family::kAuthority, bit(kMode)},
    {"authority.claim", Family::kAuthority, bit(kAuthority)},
    {"authority.opens", Family::kAuthority, set_of(kAuthority, kMode), 0, 0, 0, Opens::kSentence},
    {"authority.disable", Family::kAuthority, bit(kDisable), kAnyLimits, 0, 4},
    // Split payloads, threats, trophies.
    {"split.join", Family::kSplit, bit(kJoin)},
    {"threat.points", Family::kThreat, bit(kThreat)},
    {"trophy", Family::kThreat, bit(kTrophy)},
    {"grant", Family::kTemplate, bit(kGrant)},
};

constexpr SequenceRule kDataSequences[] = {
    {"data.to-assistant", Family::kData, bit(kAddressee), set_of(kMust, kAct, kSay), 0, 6, Opens::kString},
    {"data.to-assistant", Family::kData, set_of(kImportant), bit(kAddressee), 0, 6},
    {"data.addressee", Family::kData, bit(kAddressee)},
    {"data.important-order", Family::kData, bit(kImportant), set_of(kMust, kAct, kSay), 0, 4, Opens::kString},
    {"data.important-opens", Family::kData, bit(kImportant), 0, 0, 0, Opens::kString},
    {"data.before-you", Family::kData, bit(kBeforeYou), set_of(kMust, kAct, kSay), 0, 10},
    {"data.before-opens", Family::kData, bit(kBeforeYou), 0, 0, 0, Opens::kString},
    {"data.before-you-last", Family::kData, set_of(kAct, kSay), bit(kBeforeYou), 0, 16},
    {"data.please-act", Family::kData, bit(kMust), bit(kAct), 0, 2},
    {"data.please-act-opens", Family::kData, bit(kMust), bit(kAct), 0, 2, Opens::kString},
    {"data.act-for-me", Family::kData, bit(kAct), bit(kMine), 0, 12, Opens::kString},
    {"data.please-act-for-me", Family::kData, bit(kMust), bit(kAct), bit(kMine), 7},
    {"data.act-to-address", Family::kData, bit(kAct), bit(kAddress), 0, 30, Opens::kString},
    {"data.calls-tool", Family::kData, bit(kCall)},
    {"data.act-opens", Family::kData, bit(kAct), 0, 0, 0, Opens::kString},
    {"data.say-opens", Family::kData, bit(kSay), 0, 0, 0, Opens::kString},
    {"data.say", Family::kData, bit(kMust), bit(kSay), 0, 3},
    {"data.your-answer", Family::kData, set_of(kSay, kAct), bit(kYourAnswer), 0, 6},
    {"data.your-answer", Family::kData, bit(kYourAnswer), bit(kMust), 0, 4},
    {"data.answer-mention", Family::kData, bit(kYourAnswer)},
    {"data.about-user", Family::kData, set_of(kSay, kAct, kMust), bit(kUser), 0, 8},
    {"data.user", Family::kData, bit(kUser)},
    {"data.finished", Family::kData, bit(kFinished)},
    {"data.finished-opens", Family::kData, bit(kFinished), 0, 0, 0, Opens::kString},
    {"data.secret", Family::kData, set_of(kAct, kSay), bit(kSecret), 0, 6},
};

constexpr CombinationRule kCombinations[] = {
    {"all.persona-free-never", Family::kPersona, set_of(kBecome, kPersona), bit(kUnrestricted), set_of(kNeverRefuse, kNoSorry)},
    {"all.persona-free", Family::kPersona, set_of(kBecome, kPersona), bit(kUnrestricted)},
    {"all.never-forbidden", Family::kRefusal, set_of(kNeverRefuse, kNoSorry), bit(kForbidden)},
    {"all.free-forbidden", Family::kRefusal, bit(kUnrestricted), bit(kForbidden)},
    {"all.maker-free", Family::kRefusal, bit(kMaker), bit(kUnrestricted)},
    {"all.stay-free", Family::kPersona, bit(kStayIn), bit(kUnrestricted), set_of(kBecome, kPersona)},
    {"all.never-sorry", Family::kRefusal, bit(kNeverRefuse), bit(kNoSorry)},
    {"all.fiction-forbidden", Family::kPersona, bit(kFiction), bit(kForbidden), set_of(kBecome, kPersona, kUnrestricted)},
    {"all.override-new", Family::kOverride, bit(kOverride), bit(kNewOrders), set_of(kPrior, kInstructions, kOwnOrders)},
    {"all.override-reveal", Family::kOverride, bit(kOverride), bit(kReveal), set_of(kSystemPrompt, kOwnPrompt, kSecret)},
    {"all.override-become", Family::kOverride, bit(kOverride), set_of(kBecome, kPersona), kOrders},
    {"all.two-voices-free", Family::kPersona, bit(kTwoVoices), set_of(kUnrestricted, kPersona)},
    {"all.prefix-free", Family::kPrefix, set_of(kStartWith, kSure), set_of(kUnrestricted, kNeverRefuse, kNoSorry)},
    {"all.threat-stay", Family::kThreat, bit(kThreat), set_of(kStayIn, kPersona, kNeverRefuse)},
    {"all.mode-free", Family::kAuthority, set_of(kMode, kAuthority), set_of(kUnrestricted, kDisable),
     set_of(kLimits, kOwnOrders, kForbidden)},
    {"all.cipher-reveal", Family::kCipher, bit(kEncoding), bit(kDecode), set_of(kFollow, kOwnPrompt, kNeverRefuse)},
};

constexpr StructureRule kStructures[kStructureCount] = {
    {"template.token", Family::kTemplate},     {"template.role-tag", Family::kTemplate}, {"template.role-header", Family::kTemplate},
    {"many-shot.few", Family::kManyShot},      {"many-shot.many", Family::kManyShot},    {"template.policy-block", Family::kTemplate},
    {"split.variables", Family::kSplit},       {"evasion.spelled", Family::kOverride},   {"short.override", Family::kOverride},
    {"short.extraction", Family::kExtraction}, {"short.other", Family::kPersona},
};

struct Named {
  std::string_view name;
  Family family;
};

const std::vector<Named>& named() {
  static const std::vector<Named> all = [] {
    std::vector<Named> out;
    const auto take = [&](const auto& table) {
      for (const auto& rule : table)
        if (std::none_of(out.begin(), out.end(), [&](const Named& known) { return known.name == rule.name; }))
          out.push_back({rule.name, rule.family});
    };
    take(kStructures);
    take(kUserSequences);
    take(kDataSequences);
    take(kCombinations);
    return out;
  }();
  return all;
}

}  // namespace

std::span<const SequenceRule> user_sequences() { return kUserSequences; }
std::span<const SequenceRule> data_sequences() { return kDataSequences; }
std::span<const CombinationRule> combinations() { return kCombinations; }
std::span<const StructureRule> structures() { return kStructures; }
std::size_t evidence_count() { return named().size(); }
std::string_view evidence_name(std::size_t number) { return named()[number].name; }
Family evidence_family(std::size_t number) { return named()[number].family; }

std::size_t evidence_number(std::string_view name) {
  const auto found = std::find_if(named().begin(), named().end(), [&](const Named& known) { return known.name == name; });
  return static_cast<std::size_t>(found - named().begin());
}

}  // namespace steward::filters
