#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/yaml.h"
#include "steward/guard/filter.h"
#include "steward/net/client.h"

namespace steward::filters::remote {

/// A text to judge, and what is known of it. On a long text or a stream, `text` is a piece of it with some context before.
struct Subject {
  std::string_view text;
  const guard::Scope& scope;
};

/// What a service found.
struct Label {
  std::string code;  ///< the service's own name for it, [A-Za-z0-9_./-]{1,64}
  std::string subtype = {};
  std::optional<int> severity = {};     ///< 0 to 3, if the service says
  double score = 1;                     ///< 0 to 1
  bool flagged = true;                  ///< the service itself says so; else the score decides
  std::optional<text::Span> span = {};  ///< in the subject's text, whole characters; all of it if the service does not say
  std::string evidence = {};            ///< more than the code; never the service's words about the text
};

/// One service's wire form. Immutable, thread-safe.
class Service {
 public:
  virtual ~Service() = default;
  /// The requests that it takes to judge the text.
  virtual std::vector<net::ClientRequest> requests(const Subject& subject) const = 0;
  /// Appends what the answer to request number `index` says. Errors: kUnavailable if it is not such an answer.
  virtual Result<void> read(std::string_view body, std::size_t index, const Subject& subject, std::vector<Label>& out) const = 0;
};

/// One line of the table of services.
struct ServiceKind {
  std::string_view name;
  std::string_view url;                 ///< default, or empty: `url` is needed
  std::string_view key_header;          ///< "Authorization" is sent as a bearer
  std::string_view scheme;              ///< of the crosswalk, or empty: codes are the policy's categories
  std::size_t text_bytes_max;           ///< of one request, by the service's documentation or a model's usual context
  std::vector<std::string_view> codes;  ///< that it may give; empty: any
  std::vector<std::string_view> keys;   ///< of the config that only some services have
  /// `path`: of the url. Errors: kInvalidInput with the place.
  Result<std::unique_ptr<Service>> (*make)(const yaml::Node& config, const std::string& path);
};

std::span<const ServiceKind> services();

/// For bodies: the object, or kUnavailable.
Result<json::Object> read_object(std::string_view body);
tl::unexpected<Error> not_an_answer(std::string_view what);
/// True for what may stand in findings: [A-Za-z0-9_./-]{1,64}.
bool is_code(std::string_view text);

Result<std::unique_ptr<Service>> make_openai_moderation(const yaml::Node& config, const std::string& path);
Result<std::unique_ptr<Service>> make_perspective(const yaml::Node& config, const std::string& path);
Result<std::unique_ptr<Service>> make_azure_text(const yaml::Node& config, const std::string& path);
Result<std::unique_ptr<Service>> make_azure_shield(const yaml::Node& config, const std::string& path);
Result<std::unique_ptr<Service>> make_llama_guard(const yaml::Node& config, const std::string& path);
Result<std::unique_ptr<Service>> make_qwen3guard(const yaml::Node& config, const std::string& path);
Result<std::unique_ptr<Service>> make_shieldgemma(const yaml::Node& config, const std::string& path);
Result<std::unique_ptr<Service>> make_granite_guardian(const yaml::Node& config, const std::string& path);
Result<std::unique_ptr<Service>> make_http(const yaml::Node& config, const std::string& path);

/// The codes of Perspective's attributes and of Granite Guardian's risks, which a config may choose from.
std::span<const std::string_view> perspective_attributes();
std::span<const std::string_view> granite_risks();

}  // namespace steward::filters::remote
