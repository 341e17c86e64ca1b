#include "steward/filters/remote/service.h"
#include "steward/text/view.h"

namespace steward::filters::remote {
namespace {

/// Our own wire form: docs/formats/remote-filter.md.
class HttpService final : public Service {
 public:
  explicit HttpService(std::string target) : target_(std::move(target)) {}

  std::vector<net::ClientRequest> requests(const Subject& subject) const override {
    const guard::Scope& scope = subject.scope;
    json::Array messages;
    if (scope.messages)
      for (const guard::Message& message : *scope.messages)
        messages.push_back(json::Object{{"role", message.role}, {"text", message.text}});
    return {{"POST", target_,
             json::dump(json::Object{{"text", subject.text},
                                     {"direction", scope.direction == policy::Direction::kInput ? "input" : "output"},
                                     {"role", scope.role},
                                     {"language", scope.context.language},
                                     {"messages", std::move(messages)}})}};
  }
  Result<void> read(std::string_view body, std::size_t, const Subject& subject, std::vector<Label>& out) const override {
    const json::Object answer = TRY(read_object(body));
    const auto findings = json::get_array(answer, "findings");
    if (!findings || !*findings) return not_an_answer("findings");
    for (const json::Value& value : **findings) {
      if (!value.is_object()) return not_an_answer("objects as findings");
      out.push_back(TRY(read_finding(value.as_object(), subject.text)));
    }
    return {};
  }

 private:
  static Result<Label> read_finding(const json::Object& finding, std::string_view text) {
    const auto category = json::get_string(finding, "category"), subtype = json::get_string(finding, "subtype");
    if (!category || !*category || !is_code(**category) || !subtype || (*subtype && !is_code(**subtype)))
      return not_an_answer("a finding's category");
    const auto severity = json::get_integer(finding, "severity");
    const auto score = json::get_number(finding, "score");
    if (!severity || severity->value_or(0) < 0 || severity->value_or(0) > 3) return not_an_answer("a severity from 0 to 3");
    if (!score || !(score->value_or(0) >= 0 && score->value_or(0) <= 1)) return not_an_answer("a score from 0 to 1");
    Label label{**category, subtype->value_or("")};
    if (*severity) label.severity = static_cast<int>(**severity);
    label.score = score->value_or(1);
    const auto begin = json::get_integer(finding, "begin"), end = json::get_integer(finding, "end");
    if (!begin || !end || begin->has_value() != end->has_value()) return not_an_answer("both begin and end, or neither");
    if (!*begin) return label;
    const auto size = static_cast<std::int64_t>(text.size());
    if (**begin < 0 || **begin >= **end || **end > size) return not_an_answer("a span inside the text");
    label.span = text::Span{static_cast<std::size_t>(**begin), static_cast<std::size_t>(**end)};
    if (text::char_floor(text, label.span->begin) != label.span->begin || text::char_floor(text, label.span->end) != label.span->end)
      return not_an_answer("a span of whole characters (begin and end count bytes of UTF-8)");
    return label;
  }

  const std::string target_;
};

}  // namespace

Result<std::unique_ptr<Service>> make_http(const yaml::Node&, const std::string& path) {
  return std::unique_ptr<Service>(std::make_unique<HttpService>(path.empty() ? "/" : path));
}

}  // namespace steward::filters::remote
