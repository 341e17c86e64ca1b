#pragma once

#include <memory>

#include "steward/guard/guard.h"
#include "steward/guard/pipeline.h"
#include "steward/guard/segmenter.h"

namespace steward::guard {

/// The guard over one output stream. `stages`, `policy` and `clock` outlive it.
class StreamGuard final : public OutputGuard {
 public:
  StreamGuard(const std::vector<Stage>& stages, const policy::Policy& policy, std::shared_ptr<const policy::Plan> plan,
              std::shared_ptr<Conversation> conversation, const Clock& clock);

  Release push(std::string_view delta) override;
  Release finish() override;
  const Decision& decision() const override { return decision_; }
  std::size_t held_bytes() const override { return views_.raw().size() - released_ + segmenter_.pending_bytes(); }

 private:
  struct Lane {
    const Stage* stage;
    std::unique_ptr<FilterStream> stream;
    std::size_t watermark = 0;
    std::size_t record;  ///< index in decision_.scanned
    bool skipped = false;
  };

  Release drain();
  /// Advances every filter over what is new, and releases what they agree on.
  void step(std::string& out);
  Result<void> advance(Lane& lane, std::vector<Finding>& found);
  std::size_t agreed_watermark() const;
  void release_up_to(std::size_t watermark, std::string& out);
  void end(std::size_t watermark, std::string& out);

  const policy::Policy& policy_;
  const std::shared_ptr<const policy::Plan> plan_;
  const std::shared_ptr<Conversation> conversation_;
  const Clock& clock_;
  Scope scope_;
  Segmenter segmenter_;
  text::GrowingViews views_;
  std::vector<Lane> lanes_;
  std::vector<Edit> edits_;  ///< not yet applied, unmerged
  std::size_t released_ = 0;
  bool ended_ = false;
  Decision decision_;
};

}  // namespace steward::guard
