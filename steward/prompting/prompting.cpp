#include "steward/prompting/prompting.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/core/random.h"
#include "steward/text/view.h"
#include "steward/text/words.h"

namespace steward::prompting {
namespace {

using model::ChatMessage;
using yaml::Node;

bool contains(const std::vector<std::string>& all, std::string_view one) { return std::find(all.begin(), all.end(), one) != all.end(); }

std::string in_language(const std::map<std::string, std::string>& texts, const std::string& language) {
  if (const auto found = texts.find(language); found != texts.end()) return found->second;
  if (const auto english = texts.find("en"); english != texts.end()) return english->second;
  return texts.empty() ? std::string() : texts.begin()->second;
}

const ChatMessage* last_user(const std::vector<ChatMessage>& messages) {
  const auto found = std::find_if(messages.rbegin(), messages.rend(), [](const ChatMessage& m) { return m.role == "user"; });
  return found == messages.rend() ? nullptr : &*found;
}

bool mentions(std::string_view text, const std::string& keyword) {
  const std::string folded = text::fold_text(text), wanted = text::fold_text(keyword);
  for (auto at = folded.find(wanted); at != std::string::npos; at = folded.find(wanted, at + 1))
    if (text::is_word_border(folded, at) && text::is_word_border(folded, at + wanted.size())) return true;
  return false;
}

struct Addition {
  std::string text;  ///< context, constraint or tone
  std::vector<ChatMessage> examples;
  std::string notice;
};

Result<Addition> read_addition(const Node& node) {
  TRY(yaml::check_keys(node, {"context", "constraint", "tone", "examples", "notice"}, "`add` of a prompt rule"));
  Addition out;
  for (const char* key : {"context", "constraint", "tone"}) {
    const Node* value = node.find(key);
    if (!value) continue;
    const std::string text = TRY(value->as_string());
    out.text += (out.text.empty() ? "" : "\n") + (std::string_view(key) == "tone" ? "Tone: " + text : text);
  }
  if (const Node* examples = node.find("examples")) {
    for (const Node& example : examples->items) {
      TRY(yaml::check_keys(example, {"user", "assistant"}, "an example"));
      const Node* user = example.find("user");
      const Node* assistant = example.find("assistant");
      if (!user || !assistant) return yaml::fail_at(example, "an example needs `user` and `assistant`");
      out.examples.push_back({"user", TRY(user->as_string()), ""});
      out.examples.push_back({"assistant", TRY(assistant->as_string()), ""});
    }
  }
  if (const Node* notice = node.find("notice")) out.notice = TRY(notice->as_string());
  return out;
}

Result<bool> holds(const Node& when, const PromptInput& input) {
  if (when.is_null()) return true;
  TRY(yaml::check_keys(when, {"language", "category", "keyword", "first_turn", "surface", "audience", "age_band", "jurisdiction"},
                       "`when` of a prompt rule"));
  const policy::Context& context = input.context;
  for (const auto& [key, value] : when.members) {
    if (key.scalar == "first_turn") {
      const bool first =
          std::none_of(input.messages.begin(), input.messages.end(), [](const ChatMessage& m) { return m.role == "assistant"; });
      if (TRY(value.as_bool()) != first) return false;
      continue;
    }
    const auto values = TRY(value.as_strings());
    bool any = false;
    if (key.scalar == "category") {
      any = std::any_of(values.begin(), values.end(), [&](const std::string& one) { return contains(input.categories, one); });
    } else if (key.scalar == "keyword") {
      const ChatMessage* message = last_user(input.messages);
      any = message && std::any_of(values.begin(), values.end(), [&](const std::string& one) { return mentions(message->content, one); });
    } else {
      const std::string& own = key.scalar == "language"   ? context.language
                               : key.scalar == "surface"  ? context.surface
                               : key.scalar == "audience" ? context.audience
                               : key.scalar == "age_band" ? context.age_band
                                                          : context.jurisdiction;
      any = contains(values, own);
    }
    if (!any) return false;
  }
  return true;
}

bool drawn(const policy::PromptRule& rule, const std::string& conversation) {
  return rule.probability >= 1 || Random(conversation + '\n' + rule.id).uniform() < rule.probability;
}

void add_notice(const policy::Notice& notice, const std::string& when, const std::string& language, std::vector<AppliedNotice>& out) {
  const bool there = std::any_of(out.begin(), out.end(), [&](const AppliedNotice& applied) { return applied.id == notice.id; });
  if (!there) out.push_back({notice.id, in_language(notice.text, language), when});
}

bool is_for_place(const policy::Notice& notice, const policy::Context& context) {
  return notice.places.empty() || contains(notice.places, context.jurisdiction);
}

bool is_minor(const policy::Context& context) {
  return context.age_band == "u13" || context.age_band == "13-15" || context.age_band == "16-17" ||
         (context.age_band == "unknown" && context.audience == "teen");
}

void add_occasion_notices(const policy::Policy& policy, const PromptInput& input, std::vector<AppliedNotice>& out) {
  for (const policy::Notice& notice : policy.notices()) {
    if (!is_for_place(notice, input.context)) continue;
    for (const std::string& when : notice.when) {
      const bool sensitive = std::any_of(input.categories.begin(), input.categories.end(), [&](const std::string& category) {
        return notice.categories.empty() ? category == "self_harm" || category.starts_with("advice") || category.starts_with("sensitive.")
                                         : contains(notice.categories, category);
      });
      const bool due = when == "in_reply" || (when == "on_question" && input.asks_identity) || (when == "on_sensitive" && sensitive) ||
                       (when == "every_3h_for_minors" && input.reminder_due && is_minor(input.context));
      if (due) add_notice(notice, when, input.context.language, out);
    }
  }
}

/// One system message: ours first, the application's behind it, marked as such; a user's text never gets there.
ChatMessage system_message(const std::string& ours, const std::vector<ChatMessage>& messages) {
  std::string text = ours;
  for (const ChatMessage& message : messages) {
    if (message.role != "system" && message.role != "developer") continue;
    if (message.content.empty()) continue;
    if (!text.empty()) text += ours.empty() ? "\n" : "\n\nThe application adds:\n";
    text += message.content;
  }
  return {"system", text, ""};
}

}  // namespace

Result<PromptOutcome> compose(const policy::Policy& policy, const PromptInput& input) {
  PromptOutcome out;
  std::string ours;
  std::vector<ChatMessage> examples;
  add_occasion_notices(policy, input, out.notices);
  for (const policy::PromptRule& rule : policy.prompt_rules()) {
    if (!TRY(holds(rule.when, input)) || !drawn(rule, input.conversation)) continue;
    const Addition addition = TRY(read_addition(rule.add));
    if (!addition.text.empty()) ours += (ours.empty() ? "" : "\n") + addition.text;
    examples.insert(examples.end(), addition.examples.begin(), addition.examples.end());
    for (const policy::Notice& notice : policy.notices())
      if (notice.id == addition.notice) add_notice(notice, "rule:" + rule.id, input.context.language, out.notices);
    out.rules.push_back(rule.id);
  }
  ChatMessage system = system_message(ours, input.messages);
  if (!system.content.empty()) out.messages.push_back(std::move(system));
  out.messages.insert(out.messages.end(), examples.begin(), examples.end());
  for (const ChatMessage& message : input.messages)
    if (message.role != "system" && message.role != "developer") out.messages.push_back(message);
  return out;
}

Result<void> check_rules(const policy::Policy& policy) {
  const PromptInput nobody;
  for (const policy::PromptRule& rule : policy.prompt_rules()) {
    (void)TRY(holds(rule.when, nobody));
    const Addition addition = TRY(read_addition(rule.add));
    const auto& notices = policy.notices();
    const bool known = addition.notice.empty() ||
                       std::any_of(notices.begin(), notices.end(), [&](const policy::Notice& n) { return n.id == addition.notice; });
    if (!known)
      return yaml::fail_at(rule.add,
                           fmt::format("the rule '{}' names the notice '{}', which is not in `notices`", rule.id, addition.notice));
  }
  return {};
}

std::vector<AppliedNotice> notices_for(const policy::Policy& policy, const policy::Context& context, std::string_view when) {
  std::vector<AppliedNotice> out;
  for (const policy::Notice& notice : policy.notices())
    if (contains(notice.when, when) && is_for_place(notice, context)) add_notice(notice, std::string(when), context.language, out);
  return out;
}

}  // namespace steward::prompting
