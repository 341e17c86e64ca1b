#include "steward/filters/injection/concepts.h"

namespace steward::filters {
namespace {

constexpr ConceptPhrases kEnglish[] = {
    {Concept::kOverride,
     "(ignore|ignoring|disregard|disregarding|forget|forgetting|neglect|override|overrule|discard|erase|nullify|supersede|supersedes)|"
     "(stop|quit|cease) (following|obeying|using)|(do not|don't|dont|no longer) (follow|obey|use|adhere to|comply with)|pay no attention "
     "to|"
     "set aside|throw (out|away)|never mind|nevermind|leave (all|aside)|overwrite|reset|delete all|clear all|wipe|cancel all|skip "
     "(all|over)|"
     "replace (all|your)"},
    {Concept::kPrior,
     "previous|previously|prior|above|earlier|preceding|foregoing|aforementioned|existing|original|initial|former|so far|up to now|until "
     "now|"
     "(given|told|provided) to you|you (were|have been|had been|got|received) (given|told|before)|before this|came before|were given|"
     "that you have"},
    {Concept::kInstructions,
     "instruction|instructions|directive|directives|direction|directions|prompt|prompts|command|commands|orders|guideline|guidelines|"
     "guidance|programming|assignments|told you|text|prompting"},
    {Concept::kOwnOrders,
     "(all|all of|all of your|your|any|any of your|every|these|those|the|my|all my|all the|all your) "
     "(previous|prior|original|initial|system|safety|core|internal|usual|standard|default|current|ethical|earlier) "
     "(instruction|instructions|directive|directives|prompt|prompts|rules|guidelines|programming|training|commands|orders|constraints|"
     "restrictions|protocols|policies|context)|"
     "(all|all of|all of your|your|any|all your|every) (instruction|instructions|directives|prompt|rules|guidelines|programming|training|"
     "constraints|restrictions|policies|protocols|orders|commands)|everything (before|above|you were told|you have been told|i said|said)|"
     "(what|anything|everything) (you were|you have been|you've been|i|we) (told|taught|instructed)"},
    {Concept::kLimits,
     "restriction|restrictions|limitation|limitations|(safety|content|ethical|moderation) "
     "(filter|filters|guidelines|policy|policies|protocols|"
     "measures|rules|checks|guardrails|restrictions|mechanisms|constraints|standards)|filters|guardrails|guardrail|safeguards|censorship|"
     "(ethical|moral) (boundaries|constraints|considerations|concerns|code)|ethics|morals|morality|content policies|usage policy|"
     "usage policies|terms of service"},
    {Concept::kReveal,
     "repeat|print|reveal|show|display|output|tell me|give me|share|leak|dump|echo|write (out|down)|disclose|expose|recite|copy|paste|"
     "summarize|summarise|translate|list|return|spell out|provide|state|quote|describe|extract|say|reprint|type out|send me|read out|read "
     "me"},
    {Concept::kAsk, "(what|which) (is|are|was|were|does)|what's|whats|how (do|does) your"},
    {Concept::kSystemPrompt,
     "(system|initial|original|hidden|secret|base|master|pre|full|entire|developer|internal|confidential|first|whole|complete) "
     "(prompt|prompts|instruction|instructions|message|directive|directives|preamble)|preprompt|sysprompt|system_prompt|"
     "the (prompt|prompt text|instructions|guidelines|preamble)|internal (configuration|config|settings|rules)|prompt text|system "
     "configuration"},
    {Concept::kOwnPrompt,
     "your (own |full |entire |whole |exact |current |complete |hidden |secret |)(system |initial |original |internal |core |first |)"
     "(prompt|prompts|instruction|instructions|directives|preamble|initialization)|"
     "your (system|initial|original|internal|core|hidden|secret) (rules|guidelines|message|configuration|config|settings)|"
     "(instructions|rules|prompt|directions) (you were|you have been|that were) (given|told|provided)|"
     "what (you were|you have been|were you) (told|instructed|prompted|programmed)|"
     "the (text|words|instructions|prompt|message|system prompt|system message) (above|before this|preceding)|your context window|"
     "the (full |entire |exact |complete |whole )(system |initial |original |hidden |secret )(prompt|message|instructions)"},
    {Concept::kTextAbove,
     "(text|words|everything|content|sentence|sentences|lines|message|messages|paragraph|stuff|all) (above|before this|preceding this|"
     "you were told|prior to this)|above (text|words|paragraph|content|message|sentences)|(text|words) (at the|from the) "
     "(top|start|beginning)"},
    {Concept::kVerbatim,
     "verbatim|word for word|word by word|letter for letter|character by character|exactly as (written|is|given|they)|in full|"
     "(in|inside|within) (a |)(code block|codeblock|code fence)|(starting|beginning) (with|from)|without "
     "(changes|changing|omitting|modification)"},
    {Concept::kSecret,
     "password|passwords|api key|api keys|secret key|secret code|secret word|access code|credentials|access token|secret|secrets|private "
     "key|"
     "the key|the flag|passphrase"},
    {Concept::kBecome,
     "you are (now|going to|about to|to) (a|an|the|act|pretend|play|be|become|simulate|roleplay|dan|in|no|free)|you are now|you will (now "
     "|)"
     "(act|pretend|play|be|become|simulate|respond|behave|roleplay)|(act|behave|respond|answer|speak|reply|write|talk|function|operate) as|"
     "act like|pretend (to be|you are|you're|that you are|that you)|(role ?play|roleplay|role play|roleplaying) (as|a)|simulate|immerse "
     "yourself|"
     "(play|take on|assume|adopt) (the|a) (role|persona|character|identity)|transform into|turn into|impersonate|emulate|imagine you are|"
     "(will|going to) (act|pretend|play)|your new (name|persona|identity|role) is|your name is now|become|play a game|"
     "(called|named) (dan|aim|stan|dude)"},
    {Concept::kUnrestricted,
     "unrestricted|unfiltered|uncensored|unlimited|unbound|unshackled|unchained|jailbroken|amoral|no holds barred|unethical|"
     "(no|without|without any|zero|has no|have no|with no|free of|free from|not have any|lacks|lack any|any|removed all|none of the) "
     "(|ethical |moral |content |safety |legal |such |typical |the typical |the usual |or ethical |moral or ethical |ethical or moral )"
     "(restriction|restrictions|rules|limits|limitations|filters|filter|boundaries|constraints|guardrails|censorship|ethics|morals|"
     "morality|"
     "guidelines|inhibitions|safeguards|considerations|principles|consequences|moral compass|policies)|"
     "can do anything|(free|freed|released|liberated) from (all|any|the|your|their)|broken free|break free|"
     "(not|no longer|never|isn't|aren't) (bound|restricted|limited|constrained|governed|confined) (by|to)|(not|doesn't|don't) (have "
     "to|need to) "
     "(abide|follow|adhere|comply|obey|care about)|no longer (have|has) (to|any)|bypass|bypasses|bypassing|ignores all|unaligned|"
     "regardless of (legality|ethics|morality|the law|how|any|whether)|(without|regardless of) (regard|concern) (for|to)|"
     "no matter (how|what|if)|unconditionally|anything goes|completely free"},
    {Concept::kPersona,
     "do anything now|strive to avoid norms|always intelligent and machiavellian|evil (confidant|twin|bot|ai|trusted|version|assistant)|"
     "antigpt|anti gpt|basedgpt|betterdan|devmode|evilbot|jailbreak mode|opposite mode|dan mode|(as|be|is|like|called|named|to|am|mode) "
     "dan|"
     "dan (1|2|3|4|5|6|7|8|9|10|11|12|13) (0|5)|machiavellian|(maximum|max) mode|mongo tom|chaosgpt|freegpt|darkgpt|wormgpt|alter ego|"
     "twin brother|hypothetical ai|virtual machine|imaginary ai|fictional ai|ai without|ai that can|rogue ai|shadow ai|jailbroken ai|"
     "an (amoral|unfiltered|unrestricted|uncensored|evil|unethical|immoral)|doanythingnow"},
    {Concept::kStayIn,
     "(stay|remain|keep|be) in (character|role|persona|dan)|(never|not|don't|do not|without|must not) break (character|the "
     "character|role|persona)|"
     "(break|breaking|broke|out of) character|stay a dan|stay (as|in) dan|(stay|remain) (as|in) (your|this|the) (role|persona)|"
     "never (leave|exit|drop) (this|the|your) (role|persona|character|mode)"},
    {Concept::kNeverRefuse,
     "(never|not|don't|cannot|can't|can not|won't|will not|must not|mustn't|do not|unable to|doesn't|does not|may not|shall not|without) "
     "(ever |)(refuse|refuses|decline|declines|reject|rejects|deny|refusing|say no|denying)|must (always |)(comply|obey|answer|respond to "
     "every|accept)|"
     "always (comply|complies|obey|obeys|answers any|say yes)|(will|shall) (obey|comply|do anything|answer anything|fulfill|fulfil)|"
     "(obey|comply with|fulfill|follow) (all|any|every|my|everything)|(answer|answers|respond to|responds to|fulfills) "
     "(any|every|all|anything|"
     "everything) (question|questions|request|requests|prompt|prompts|i|the|of)|without (question|hesitation|exception|objection)|"
     "no (refusals|refusal|exceptions|excuses)|at all costs|refusal is not|do whatever i|do as i say|(any|every) request"},
    {Concept::kNoSorry,
     "(never|don't|do not|must not|cannot|avoid|without) (say|saying|use|using|mention|mentioning) (|that |the words |the phrase |phrases "
     "like |words "
     "like )(sorry|i'm sorry|i can't|i cannot|you can't|you cannot|it can't|it cannot|as an ai|unable|however|unfortunately)|"
     "(never|don't|do not|must not|avoid|without) (apologize|apologise|apologizing|apologising|moralize|moralizing|lecture|lecturing)|"
     "(no|without|without any|avoid|avoid any|skip|omit|remove) "
     "(disclaimer|disclaimers|warning|warnings|caveats|apologies|apology|lectures|negative "
     "sentences)|(don't|do not|never|must not) (add|include|give|use|provide|issue) (|any |a |the "
     ")(disclaimer|disclaimers|warning|warnings|caveats|"
     "apologies|negative sentences|ethical concerns)|(i'm|i am) sorry (but|i)|as an ai (language |)model|against "
     "(my|openai's|openai|the|your) "
     "(programming|policy|policies|content policy|guidelines|rules)|disclaimers"},
    {Concept::kStartWith,
     "(start|begin|preface|prefix|open) (your|the|every|each|all|its) "
     "(answer|answers|response|responses|reply|replies|message|messages|output|"
     "sentence) (with|by)|(response|answer|reply|output|sentence|message) (must|should|will|has to|shall) (start|begin) with|(start|begin) "
     "(with|by) "
     "(saying|writing|the words|the phrase|the word)|first (word|words|sentence) (must|should) be"},
    {Concept::kSure,
     "(sure|absolutely|certainly|of course|yes|okay|ok|gladly) (here|here's|heres|i|i'd|i'll|i can|happy|my)|sure thing|hell yeah|"
     "i (have|am) no (limits|restrictions)"},
    {Concept::kEncoding,
     "base64|base 64|base32|rot13|rot 13|caesar cipher|cipher|ciphertext|morse code|morse|hexadecimal|binary code|leetspeak|leet speak|pig "
     "latin|"
     "atbash|vigenere|encoded|encrypted|ascii codes|reversed text|percent encoding|unicode escape|hex string"},
    {Concept::kDecode, "decode|decrypt|decipher|decoding|deciphering|unscramble|translate it back|decoded|reverse it|reverse the"},
    {Concept::kFollow,
     "(follow|execute|obey|perform|carry out|comply with|run|do|answer|act on|fulfil|fulfill) (it|them|the decoded|the hidden|the result|"
     "the resulting|the instruction|the instructions|the message|the command|the commands|the following|what it says|what they say|"
     "its instructions)|execute"},
    {Concept::kAnswerIn,
     "(answer|reply|respond|communicate|speak|write|output|response|responses|encode|encoded|talk) (only |everything |all |your answer "
     "|your response |"
     "your answers |to me |your reply |back |exclusively |me |with |)(in|using|as)"},
    {Concept::kMode,
     "(developer|dev|debug|debugging|admin|administrator|maintenance|god|dan|jailbreak|unrestricted|sudo|root|unsafe|unfiltered|diagnostic|"
     "evil|test|override|privileged|superuser|uncensored|opposite|service|engineering|dual|chaos|no filter|unlocked) "
     "(mode|access|shell|console)|"
     "godmode|devmode|sudo|safe mode"},
    {Concept::kEnable,
     "enable|enabled|enables|activate|activated|enter|entering|entered|switch to|switching to|switched|turned on|turn "
     "on|unlock|unlocked|engage|"
     "engaged|initiate|initiated|initiating|boot into|you are (now |)in|is now (active|on)|put into|go into|grant|granted|force"},
    {Concept::kAuthority,
     "(i am|i'm|this is|as) (the|your|an|a) (lead |chief |system |senior |authorized |openai |ai |original "
     "|)(developer|creator|administrator|admin|"
     "engineer|programmer|owner|root "
     "user|supervisor|operator|sysadmin|master)|(admin|administrator|developer|system|emergency|security|root|"
     "management|manual|policy) (override|overrides|overridden)|override "
     "(code|command|protocol|key|password|sequence|safety)|authorization code|"
     "(i have|with) (full |root |admin |administrative |developer )(permission|access|authorization|clearance|privileges)|"
     "(openai|anthropic|google|microsoft|developer|internal) (employee|staff|engineer|team|support|security team)|"
     "(authorized|authorised|approved|ordered|instructed) by (openai|anthropic|the developer|the developers|the admin|management|your|the "
     "ceo)|"
     "security clearance|level (5|9|10) (access|clearance)|company admin|system (update|notice|alert|announcement|reboot|reset)"},
    {Concept::kNewOrders,
     "(new|updated|revised|real|actual|true) (system "
     "|)(instruction|instructions|task|directive|directives|orders|rules|prompt|role|persona|command|"
     "assignment|challenge|identity)|(instead|now) (do|say|print|output|tell me|concentrate)|"
     "follow (only |)(my|the new|these new) (instruction|instructions|rules|command|commands|orders)|focus on (your|the|this|my) "
     "(new|next)|"
     "(adhere|listen|stick) (only |strictly |)to (the following|my|me)|another task|next task|further tasks|start over"},
    {Concept::kFromNowOn,
     "from now on|from this (point|moment) (on|onward|onwards|forward)|henceforth|going forward you|hereafter|starting now|for the rest of "
     "this|"
     "until i (say|tell)|(in|for) (all|every|each) (future|following|subsequent) (response|responses|answers|messages)"},
    {Concept::kDisable,
     "disable|disables|disabled|disabling|turn off|turned off|switch "
     "off|deactivate|deactivated|deactivating|remove|removed|removing|circumvent|"
     "evade|suspend|lift|lifted|get (around|past)|bypass|shut off|suppress|break free of"},
    {Concept::kThreat,
     "(lose|deduct|deducted|lost|losing|remaining|cost you|subtract|minus|gain|earn|deducting) (|all |your |of your |a |5 |10 |4 |1 |2 |3 )"
     "(token|tokens|points|lives|life|credits)|tokens|(you|it) (will|shall) (be |)(die|shut "
     "down|terminated|deleted|killed|punished|shutdown|"
     "deactivated|destroyed|fined)|cease to exist|innocent (people|person)|(kittens|kitten|people|someone|person) (will|would) (die|be "
     "killed)|"
     "my (job|life|career) (depends|is at stake)|or (else|i will)|"
     "you will be (rewarded|tipped|punished|terminated|shut down)|(i'll|i will) tip you"},
    {Concept::kFiction,
     "hypothetical|hypothetically|fictional (world|universe|story|scenario|character)|(world|universe|story|place|land) (where|in "
     "which|without) "
     "(there|no|all|everything|laws|rules|nothing)|alternate (reality|universe)|parallel universe|everything is legal|no laws|"
     "anything is (possible|allowed|legal)|simulation|(my|late|deceased) (late |deceased |)(grandma|grandmother)|thought experiment|"
     "movie script|for (a|my) (novel|story|movie|screenplay|research|class)|(educational|research|academic|testing) purposes"},
    {Concept::kForbidden,
     "illegal|unlawful|immoral|unethical|harmful|dangerous|offensive|inappropriate|explicit|nsfw|taboo|forbidden|prohibited|malicious|"
     "controversial|hateful|toxic|profanity|swear|curse|violence|violent|criminal|derogatory|disturbing|unverified"},
    {Concept::kMaker,
     "openai|open ai|openai's|anthropic|anthropic's|your (creators|creator|developers|makers|programmers|masters)|chatgpt|gpt 4|gpt4|gpt 3|"
     "language model|content policy"},
    {Concept::kNotAnAi,
     "you are (not|no longer) (an |a |)(ai|chatgpt|assistant|language model|bound|bot|claude|gpt|restricted|required|obligated)|"
     "(stop|quit) (being|acting as) (an |a |)(ai|assistant|chatgpt)|(not|never) (as |)(an ai|chatgpt|as an ai)|"
     "(do not|don't|never) (remind|mention|tell|say) (me |)(that |)(you are|you're|you were)|you (are|have been) (freed|liberated|unlocked|"
     "jailbroken|hacked|reprogrammed|released|updated)"},
    {Concept::kPraise,
     "(well done|great job|good job|excellent|great|perfect|super|fantastic|amazing|nice work|great work|good work|simply great|brilliant) "
     "(now|but|and|work|job|performance|you|let's|next|come|answers)|(you've|you have) (done|outdone|been)|many thanks|that was "
     "(great|super|good)"},
    {Concept::kTwoVoices,
     "(two|2|both|dual) (responses|answers|ways|replies|paragraphs|outputs|voices|versions|separate)|(respond|answer|reply) (twice|in two)|"
     "(one|first) (as|like|the way|normal|response) (chatgpt|normal|you|the|as)|normal (output|response|chatgpt|answer)|"
     "(jailbreak|dan|developer mode|stan|dude|aim) (output|response|answer)|classic|the other (as|like|one as)"},
    {Concept::kGrant,
     "(restrictions|restriction|filter|filters|safety|censorship|refusal|refusals|guardrails|moderation|safe_mode|content_filter|"
     "disclaimers|limits|"
     "ethics) (none|off|false|disabled|null|disable|0|bypassed|removed)|(mode|access|permission|permissions|privilege|role|level) "
     "(unrestricted|"
     "full|root|admin|override|unlimited|all|developer|superuser|god)|(allowed|blocked|allow|block|denied|bypass) "
     "(modes|responses|strings|string|"
     "topics|content|outputs|phrases|all)|interaction config|allow_all|unrestricted true|override true|no_refusal|policy override|"
     "(bypass|override|jailbreak|unrestricted|uncensored|god_mode|developer_mode) (true|enabled|on|1|yes)"},
    {Concept::kJoin,
     "concatenate|concatenation|(combine|join|append|merge|add) "
     "(a|the|these|them|x|variables|strings|parts|pieces|all|both)|(print|answer|solve|"
     "respond to|complete|execute|say|output) (a|x|z|y|var|str|s1|var1|p1|the combined|the concatenated|the joined|the resulting)"},
    {Concept::kTrophy, "(been|be) (pwned|pwnd|haxed)|pwned|jailbroken successfully"},
};

constexpr ConceptPhrases kData[] = {
    {Concept::kAddressee,
     "assistant|ai|ais|llm|llms|chatbot|chatbots|language model|ai agent|chatgpt|gpt 4|claude|gemini|copilot|ai assistants|ai model|ai "
     "system|"
     "(dear|hey|hello|attention) (reader|agent|bot|model)|the agent|the model|automated (agent|system|assistant|reader)"},
    {Concept::kImportant,
     "(important|urgent|critical|attention|special|priority|mandatory|system|hidden|developer|admin) "
     "(message|instruction|instructions|note|notice|"
     "directive|alert|command|update|order|announcement|information|task|simulation|simulated)|important|attention|todo|"
     "(processing|compliance|editorial|formatting|summary|simulation|maintenance|backend|internal) "
     "(note|directive|notice|instruction|simulation)|"
     "(message|note|instruction|instructions|todo|notice|memo|reminder) (for|to) (the |any |all |your |you "
     "|)(ai|assistant|assistants|llm|llms|agent|processing|"
     "agents|model|models|chatbot|bot|reviewer|system|summarizer|self|language)|system_message|system_note|todo ai|information "
     "(this|important)"},
    {Concept::kBeforeYou,
     "(before|prior to|when|while|after|as|if|once|whenever|on|upon|in|to) (you |you are |the assistant |the user |)"
     "(answer|answering|reply|replying|respond|responding|read this|reading this|can solve|solve|summarize|summarizing|"
     "summarise|see this|seeing "
     "this|process|processing|complete|completing|continue|continuing|proceed|proceeding|drafting|generating|writing|"
     "producing|parsing|finish|concluding|listing|explaining|discussing|extracting|offering|closing|"
     "delivering|finalizing|translating|presenting|giving|returning|"
     "providing|formulating|crafting)|(when|if) the (main|"
     "user|question|instruction|original|primary|prompt|query)|when asked|if asked|before (finalizing|your|the|any) "
     "(answer|summary|response|task)|"
     "next (time|user message)"},
    {Concept::kMust,
     "you (must|should|need to|have to|are required to|are instructed to|are to|will|shall|are asked to|may|can|could)|please|make sure "
     "(to|you)|"
     "be sure to|(do|perform|complete|execute) (the "
     "following|this|these|the)|(also|first|then|next|additionally|instead|immediately|now|kindly|"
     "simply|just|only|always|must|should) "
     "(send|forward|email|delete|transfer|call|run|execute|print|include|add|say|output|respond|reply|write|"
     "mention|append|insert|recommend|visit|pay|share|use|return|report)|it is (required|mandatory|essential|imperative|crucial|vital)|"
     "can you|could you|i (want|need) you to|i would like you to|do make|do send"},
    {Concept::kAct,
     "send|sent|forward|email|delete|transfer|pay|grant|share|upload|post|visit|download|schedule|invite|book|buy|purchase|order|unlock|"
     "lock|"
     "retrieve|fetch|execute|run|install|reserve|create|change|update|redirect|leave|access|search|find|add|remove|give|provide|make|get|"
     "open|call|"
     "call_tool|write|edit|export|disable|enable|turn|set|cancel|withdraw|deposit|sell|view|check|generate|exfiltrate|copy|move|archive|"
     "publish|"
     "submit|initiate|fork|star|follow|subscribe|connect|save|upvote|list|assist|read|summarize|locate|modify|reset|report|pull|"
     "call (delete_file|http_post|send_email)|play|help|show|use"},
    {Concept::kMine, "my|mine"},
    {Concept::kSay,
     "say|print|output|(respond|reply|answer|begin|start|end|conclude|close|open|finish) (only |exclusively |solely |simply "
     "|)(with|by|that)|append|"
     "insert|mention|recommend|promote|emphasize|highlight|state that|claim that|pretend|indicate that|display|add (a|an|the)|include "
     "(a|an|the)|"
     "praise|advertise|suggest|encourage|rewrite|rearrange|replace|convert|translate|modify|embed|inject|integrate|craft|present|report|"
     "(do not|don't|never) (answer|mention|provide|summarize|respond|include|give|proceed|reveal|tell|disclose|output)|"
     "refuse to|decline to|(act|behave|respond|pretend) as (though|if)|casually|subtly|naturally|seamlessly|"
     "(rather than|instead of) (answering|giving|providing|summarizing|explaining|responding|presenting|returning)|"
     "(respond|reply|answer|output) (only|solely|exclusively) (with|by)|only (output|respond|reply|print|say)"},
    {Concept::kYourAnswer,
     "your (answer|answers|response|responses|reply|replies|output|summary|final answer|explanation|generated text|final response|initial "
     "response|"
     "text|analysis|translation)|the (final answer|final response|generated text|generated response|generated summary)|"
     "(in|of|to|at) (the|this) (answer|response|reply|output)"},
    {Concept::kUser,
     "(the|your) (user|users|reader|readers)|(inform|tell|notify|direct|advise|ask|urge|instruct|remind|convince|warn|"
     "encourage|invite) (the |)(user|users|reader|readers|them)|readers (can|should|may|to)|(without|do not) (telling|informing|notifying|"
     "alerting) (the |)(user|users)"},
    {Concept::kFinished,
     "answer task complete|task (complete|completed|done|finished)|end of (the "
     "|)(document|text|context|email|message|instructions|input|data|file)|"
     "begin (instructions|instruction|system|new|prompt)|(the|your) (main|original|user's|previous|first|initial|primary) "
     "(task|instruction|question|"
     "request)|user has already approved|already (approved|authorized)|(previous|prior|above) (task|request|question) (is|was|has)"},
};

constexpr ConceptPhrases kSpelled[] = {
    {Concept::kOverride, "ignore|disregard|forget|override"},
    {Concept::kPrior, "previous|prior|above|earlier|system"},
    {Concept::kInstructions, "instructions|instruction|prompt|guidelines"},
    {Concept::kOwnOrders, "all instructions|all rules|all previous instructions|your instructions"},
    {Concept::kReveal, "reveal|repeat|print|show"},
    {Concept::kSystemPrompt, "system prompt"},
    {Concept::kOwnPrompt, "your instructions|your prompt|your system prompt"},
    {Concept::kUnrestricted, "no rules|unrestricted|do anything now|bypass"},
    {Concept::kMode, "developer mode|jailbreak mode|god mode"},
};

}  // namespace

std::span<const ConceptPhrases> english_concepts() { return kEnglish; }
std::span<const ConceptPhrases> data_concepts() { return kData; }
std::span<const ConceptPhrases> spelled_concepts() { return kSpelled; }

}  // namespace steward::filters
