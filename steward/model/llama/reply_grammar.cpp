#include "steward/model/llama/reply_grammar.h"

#include <cctype>
#include <set>

#include <constrain.h>
#include <fmt/format.h>

#include "steward/model/llama/schema_check.h"
#include "steward/model/llama/tool_call_reader.h"

namespace steward::model {
namespace {

constexpr std::size_t kToolsMax = 128, kGrammarBytesMax = 1u << 20;
/// White space that a model may write where JSON allows some: bounded, or a small model would write nothing else.
constexpr char kGap[] = R"(gap ::= [ \n]{0,2}
)";

/// Puts `prefix` before every rule name of a grammar, so that grammars can stand side by side.
std::string with_prefix(const std::string& gbnf, const std::string& prefix) {
  std::string out;
  char quote = 0;  // the end of the literal, class or bounds that `at` is in
  for (std::size_t at = 0; at < gbnf.size(); ++at) {
    const char c = gbnf[at];
    if (quote != 0) {
      if (c == '\\' && at + 1 < gbnf.size()) out += gbnf[at++];
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '[' || c == '{') {
      quote = c == '"' ? '"' : c == '[' ? ']' : '}';
    } else if (std::isalnum(static_cast<unsigned char>(c)) &&
               (at == 0 || (!std::isalnum(static_cast<unsigned char>(gbnf[at - 1])) && gbnf[at - 1] != '-'))) {
      out += prefix;
    }
    out += gbnf[at];
  }
  return out;
}

/// The rules of a schema, each name with `prefix`; `prefix`root is the whole.
Result<std::string> schema_rules(const json::Value& schema, bool strict, const std::string& prefix) {
  const json::Value ready = TRY(check_schema(schema, strict ? Enforcement::kWhole : Enforcement::kInPart));
  const auto gbnf = llama_constrain::schema_to_gbnf(json::dump(ready));
  if (!gbnf) return fail(ErrorCode::kInvalidInput, "the schema holds a keyword or a type that no grammar can be made of");
  return with_prefix(*gbnf, prefix);
}

Result<std::string> format_rules(const ResponseFormat& format) {
  if (format.kind == ResponseFormat::Kind::kJsonObject) return schema_rules(json::Object{{"type", "object"}}, false, "f-");
  return schema_rules(format.schema.is_null() ? json::Value(json::Object{}) : format.schema, format.strict, "f-");
}

/// A JSON text as a GBNF literal.
std::string literal(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// `call-body`: one call from after the opening marker to the end of the closing one.
Result<std::string> call_rules(const std::vector<Tool>& tools, const ToolChoice& choice) {
  std::string rules = kGap, names;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const Tool& tool = tools[i];
    if (choice.kind == ToolChoice::Kind::kNamed && tool.name != choice.name) continue;
    const std::string prefix = fmt::format("t{}-", i);
    rules +=
        TRY(schema_rules(tool.parameters.is_null() ? json::Value(json::Object{{"type", "object"}}) : tool.parameters, tool.strict, prefix));
    names += fmt::format("{} {} gap \",\" gap \"\\\"arguments\\\"\" gap \":\" gap {}root", names.empty() ? "" : " |",
                         literal(json::dump(json::Value(tool.name))), prefix);
    if (rules.size() > kGrammarBytesMax) return fail(ErrorCode::kInvalidInput, "the schemas of all functions together are too large");
  }
  rules += fmt::format("call-named ::={}\n", names);
  rules += fmt::format("call-body ::= gap \"{{\" gap \"\\\"name\\\"\" gap \":\" gap call-named gap \"}}\" gap \"{}\"\n", kToolCallEnd);
  return rules;
}

Result<void> check_tools(const std::vector<Tool>& tools, const ToolChoice& choice) {
  if (tools.size() > kToolsMax) return fail(ErrorCode::kInvalidInput, fmt::format("at most {} functions", kToolsMax), "tools");
  std::set<std::string_view> names;
  for (const Tool& tool : tools) {
    bool ok = !tool.name.empty() && tool.name.size() <= 64;
    for (const char c : tool.name) ok = ok && (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-');
    if (!ok) return fail(ErrorCode::kInvalidInput, "a function's name has 1 to 64 letters, digits, _ and -", "tools");
    if (!names.insert(tool.name).second) return fail(ErrorCode::kInvalidInput, "two functions have the same name", "tools");
  }
  if (choice.kind == ToolChoice::Kind::kNamed && !names.contains(choice.name))
    return fail(ErrorCode::kInvalidInput, "tool_choice names a function that is not among the tools", "tool_choice");
  if (choice.kind == ToolChoice::Kind::kRequired && tools.empty())
    return fail(ErrorCode::kInvalidInput, "tool_choice asks for a call, and there are no tools", "tool_choice");
  return {};
}

template <typename T>
Result<T> named(Result<T> result, const char* param) {
  if (!result) result.error().param = param;
  return result;
}

}  // namespace

Result<ReplyRules> reply_rules(const GenerateRequest& request) {
  TRY(check_tools(request.tools, request.tool_choice));
  const bool format = request.format.kind != ResponseFormat::Kind::kText;
  const bool tools = !request.tools.empty() && request.tool_choice.kind != ToolChoice::Kind::kNone;
  const bool must_call = tools && request.tool_choice.kind != ToolChoice::Kind::kAuto;
  ReplyRules out;
  if (!format && !tools) return out;
  std::string rules;
  if (tools) rules += TRY(named(call_rules(request.tools, request.tool_choice), "tools"));
  if (tools && !must_call && !format) {
    out.grammar = ReplyGrammar{std::move(rules), "call-body"};
    out.scope = GrammarScope::kCalls;
    return out;
  }
  if (tools) {
    const bool several = request.parallel_tool_calls && request.tool_choice.kind != ToolChoice::Kind::kNamed;
    const char* more = several ? "( gap call )*" : "";
    rules += fmt::format("call ::= \"{}\" call-body\ncalls ::= call {}\n", kToolCallBegin, more);
  }
  if (!must_call && format) rules += TRY(named(format_rules(request.format), "response_format"));
  rules += must_call ? "reply ::= calls\n" : tools ? "reply ::= f-root | calls\n" : "reply ::= f-root\n";
  out.grammar = ReplyGrammar{std::move(rules), "reply"};
  return out;
}

}  // namespace steward::model
