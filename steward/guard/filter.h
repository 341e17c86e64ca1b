#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/guard/finding.h"
#include "steward/guard/vault.h"
#include "steward/policy/policy.h"
#include "steward/text/view.h"

namespace steward::guard {

struct Message {
  std::string role;  ///< system | developer | user | assistant | tool
  std::string text;
};

/// For whom and where a text is scanned. Lives for the scan or the whole output stream.
struct Scope {
  policy::Context context;
  policy::Direction direction = policy::Direction::kInput;
  std::string role = "user";  ///< role of the message, on input
  Vault* vault = nullptr;     ///< the conversation's placeholders of this principal; null when there is none
  /// Texts that must not come back in the output (instructions); null when there are none.
  const std::vector<std::string>* confidential = nullptr;
  /// The conversation around the text, null when it stands alone. On input the text is `(*messages)[message]`, and those behind it are
  /// known, too; on output it answers all of them.
  const std::vector<Message>* messages = nullptr;
  std::size_t message = 0;
};

/// One output stream as one filter sees it. Not thread-safe.
class FilterStream {
 public:
  virtual ~FilterStream() = default;
  /// `views` has grown since the last call (or is finished). Appends findings that are now certain, each once, with spans in
  /// views.raw(). Returns the watermark: no finding reported later will touch a byte of raw below it. The watermark never
  /// falls; when views.finished() it is views.raw().size().
  /// Only the text up to the views' stable parts may be judged, so that the result does not depend on how the stream was cut.
  virtual Result<std::size_t> advance(const text::GrowingViews& views, std::vector<Finding>& out) = 0;
};

/// A detector. Immutable after creation; scan and stream may be called from any thread.
class Filter {
 public:
  virtual ~Filter() = default;
  virtual const std::string& name() const = 0;
  virtual const std::string& version() const = 0;
  /// Scans one whole text. Appends findings with spans in views.raw().text().
  virtual Result<void> scan(const text::Views& views, const Scope& scope, std::vector<Finding>& out) const = 0;
  /// True if the guard shall show it the decoded views, too (guard/decoding.h).
  virtual bool reads_decoded() const { return false; }
  /// True if it shall then also read whole inputs in ROT13 and backwards. Most of these are no words at all: not for models that have an
  /// opinion on everything.
  virtual bool reads_mirrored() const { return true; }
  /// True if a scan may take milliseconds, or waits for others: it is then never called on a thread that serves connections.
  virtual bool slow() const { return false; }
  /// Opens a stream; `scope` outlives it. Scanning a whole text by a stream gives the same findings as scan().
  virtual std::unique_ptr<FilterStream> open(const Scope& scope) const = 0;
};

/// Where filters find their data files. Paths are absolute or relative to `policy_dir`.
struct FilterEnvironment {
  std::string policy_dir;                  ///< folder of the policy file that names the filter
  std::string shipped_dir;                 ///< policies/ of the distribution, with lexicons/ in it
  const policy::Policy* policy = nullptr;  ///< for canned replies, resources and notices; outlives the filter
  std::string models_dir = {};             ///< of models that set-up fetched; empty: there are none
};

using FilterFactory = std::function<Result<std::unique_ptr<Filter>>(const policy::FilterSpec& spec, const FilterEnvironment& environment)>;

}  // namespace steward::guard
