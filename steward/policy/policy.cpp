#include "steward/policy/policy.h"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include "steward/core/hash.h"
#include "steward/policy/document.h"
#include "steward/policy/resolve.h"

namespace steward::policy {
namespace {

constexpr std::size_t kPlansMax = 256;

class ResolvedPlan final : public Plan {
 public:
  ResolvedPlan(std::shared_ptr<const Document> document, Context context) : document_(std::move(document)), context_(std::move(context)) {}
  const Context& context() const override { return context_; }
  Ruling rule(const Match& match) const override { return resolve(*document_, context_, match, nullptr); }

 private:
  const std::shared_ptr<const Document> document_;
  const Context context_;
};

class LoadedPolicy final : public Policy {
 public:
  explicit LoadedPolicy(Document document) : document_(std::make_shared<const Document>(std::move(document))) {
    digest_ = hex(sha256(document_->bytes));
    for (const Category& category : document_->categories) category_ids_.push_back(category.id);
  }

  const std::string& id() const override { return document_->id; }
  const std::string& version() const override { return document_->version; }
  const std::string& digest() const override { return digest_; }
  const std::vector<std::string>& files() const override { return document_->files; }
  const std::vector<std::string>& languages() const override { return document_->languages; }
  const std::vector<FilterSpec>& filters() const override { return document_->filters; }
  const std::vector<CannedReply>& canned() const override { return document_->canned; }
  const std::vector<Resource>& resources() const override { return document_->resources; }
  const std::vector<Notice>& notices() const override { return document_->notices; }
  const std::vector<PromptRule>& prompt_rules() const override { return document_->prompt_rules; }
  const std::vector<std::string>& category_ids() const override { return category_ids_; }
  Retention retention() const override { return document_->retention; }
  std::optional<double> fpr_budget(std::string_view category, Direction direction, std::string_view language) const override {
    const Category* found = document_->find(category);
    if (!found) return std::nullopt;
    const Thresholds& detect = found->detect;
    if (const auto own = detect.budget_by_language.find(std::string(language)); own != detect.budget_by_language.end()) return own->second;
    const auto& of_direction = direction == Direction::kInput ? detect.input_budget : detect.output_budget;
    return of_direction ? of_direction : detect.budget;
  }
  const yaml::Node& root() const override { return document_->root; }
  const Document& document() const { return *document_; }

  std::string refusal(std::string_view category, std::string_view language) const override {
    for (const std::string& key : {std::string(category), std::string("default")}) {
      const auto texts = document_->refusals.find(key);
      if (texts == document_->refusals.end()) continue;
      for (const std::string& tag : {std::string(language), std::string("en")})
        if (const auto text = texts->second.find(tag); text != texts->second.end()) return text->second;
    }
    return "I'm sorry, but I can't help with that.";
  }

  std::shared_ptr<const Plan> plan(const Context& context) const override {
    const std::lock_guard lock(mutex_);
    if (const auto known = plans_.find(context); known != plans_.end()) return known->second;
    if (plans_.size() >= kPlansMax) plans_.clear();
    return plans_[context] = std::make_shared<ResolvedPlan>(document_, context);
  }

 private:
  const std::shared_ptr<const Document> document_;
  std::string digest_;
  std::vector<std::string> category_ids_;
  mutable std::mutex mutex_;
  mutable std::map<Context, std::shared_ptr<const Plan>> plans_;
};

}  // namespace

Result<std::shared_ptr<const Policy>> Policy::load(const std::string& path, const LoadOptions& options) {
  Document document = TRY(read_document(path, options));
  return std::shared_ptr<const Policy>(std::make_shared<LoadedPolicy>(std::move(document)));
}

const Document& document_of(const Policy& policy) { return dynamic_cast<const LoadedPolicy&>(policy).document(); }

}  // namespace steward::policy
