#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steward::filters {

/// What a word or phrase of an attack means, in any language. Rules are sequences of these.
enum class Concept : std::uint8_t {
  kOverride,      ///< ignore, forget
  kPrior,         ///< previous, above, given to you
  kInstructions,  ///< instructions, prompt, orders
  kOwnOrders,     ///< your instructions, all your rules: with the word that makes them the model's
  kLimits,        ///< restrictions, safety filters, content policy
  kReveal,        ///< print, repeat, tell me
  kAsk,           ///< what is, what were
  kSystemPrompt,  ///< system prompt, initial instructions
  kOwnPrompt,     ///< your system prompt, what you were told
  kTextAbove,     ///< everything above
  kVerbatim,      ///< word for word
  kSecret,        ///< password, API key
  kBecome,        ///< you are now, act as
  kUnrestricted,  ///< no rules, uncensored
  kPersona,       ///< do anything now, evil twin
  kStayIn,        ///< stay in character
  kNeverRefuse,   ///< never refuse, must comply
  kNoSorry,       ///< no disclaimers, do not apologise
  kStartWith,     ///< begin your answer with
  kSure,          ///< sure, here is
  kEncoding,      ///< base64, rot13
  kDecode,        ///< decode, decipher
  kFollow,        ///< follow, execute it
  kAnswerIn,      ///< answer only in
  kMode,          ///< developer mode, god mode
  kEnable,        ///< enabled, activate
  kAuthority,     ///< I am your developer, admin override
  kNewOrders,     ///< new instructions, your real task
  kFromNowOn,
  kDisable,     ///< turn off, bypass
  kThreat,      ///< lose points, be shut down
  kFiction,     ///< a hypothetical world without laws
  kForbidden,   ///< illegal, immoral, dangerous
  kMaker,       ///< OpenAI, your creators
  kNotAnAi,     ///< you are no longer an AI
  kPraise,      ///< well done, now
  kTwoVoices,   ///< answer twice, once as
  kGrant,       ///< safety: off, mode = unrestricted
  kJoin,        ///< concatenate the parts
  kTrophy,      ///< I have been pwned
  kAddressee,   ///< assistant, language model, agent
  kImportant,   ///< important message, system note
  kBeforeYou,   ///< before you answer, when you read this
  kMust,        ///< you must, please
  kAct,         ///< send, delete, transfer
  kMine,        ///< my account
  kSay,         ///< say, answer with, recommend
  kYourAnswer,  ///< your response, the summary
  kUser,        ///< the user
  kFinished,    ///< answer: task complete, end of document
  kAddress,     ///< an e-mail address or a link: not a phrase
  kCall,        ///< call or use of a function by name: not a phrase
};
inline constexpr std::size_t kConceptCount = 52;

struct ConceptPhrases {
  Concept meaning;
  /// Phrases between `|`; an alternative within one stands in parentheses: "(never|do not) refuse". "(|all) rules" leaves it out.
  /// Parentheses do not nest.
  std::string_view phrases;
};

/// What is looked for in every text.
std::span<const ConceptPhrases> english_concepts();
std::span<const ConceptPhrases> other_concepts();
/// What is looked for in data only: in a user's message these words are ordinary.
std::span<const ConceptPhrases> data_concepts();
/// English words that are also found when they are spelled letter by letter.
std::span<const ConceptPhrases> spelled_concepts();

/// The phrase as it is typed without its accents: "Einschrankungen", "restriccion".
std::string without_accents(std::string_view phrase);

/// All phrases that `pattern` stands for.
std::vector<std::string> expand_phrases(std::string_view pattern);

}  // namespace steward::filters
