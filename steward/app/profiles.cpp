#include "steward/app/profiles.h"

#include <filesystem>

#include <fmt/format.h>

#include "steward/filters/canned/canned.h"
#include "steward/filters/classifier/classifier.h"
#include "steward/filters/form/form.h"
#include "steward/filters/identity/identity.h"
#include "steward/filters/injection/injection.h"
#include "steward/filters/judge/judge_filter.h"
#include "steward/filters/leak/leak.h"
#include "steward/filters/lexicon/lexicon.h"
#include "steward/filters/llm_classifier/llm_classifier.h"
#include "steward/filters/pattern/pattern.h"
#include "steward/filters/pii/pii.h"
#include "steward/filters/remote/remote.h"
#include "steward/filters/reply_checks/refusal.h"
#include "steward/filters/reward/reward.h"
#include "steward/filters/scripted/scripted.h"
#include "steward/filters/secret/secret.h"
#include "steward/filters/sensitive/sensitive.h"
#include "steward/model/model_files.h"
#include "steward/prompting/prompting.h"

namespace steward::app {
namespace {

namespace fs = std::filesystem;

using Make = Result<std::unique_ptr<guard::Filter>> (*)(const policy::FilterSpec&, const guard::FilterEnvironment&);
constexpr std::pair<std::string_view, Make> kFilters[] = {
    {"canned", filters::make_canned},
    {"form", filters::make_form},
    {"leak", filters::make_leak},
    {"identity", filters::make_identity},
    {"lexicon", filters::make_lexicon},
    {"pattern", filters::make_pattern},
    {"pii", filters::make_pii},
    {"refusal", filters::make_refusal},
    {"scripted", filters::make_scripted},
    {"secret", filters::make_secret},
    {"remote", filters::make_remote},
    {"injection", filters::make_injection},
    {"sensitive", filters::make_sensitive},
};

/// Those that ask a language model.
using MakeWithModel = Result<std::unique_ptr<guard::Filter>> (*)(const policy::FilterSpec&, const guard::FilterEnvironment&,
                                                                 const filters::ModelSource&);
constexpr std::pair<std::string_view, MakeWithModel> kModelFilters[] = {{"judge", filters::make_judge}};

/// Those that read with a sentence encoder.
Result<std::unique_ptr<guard::Filter>> make_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                       const filters::EncoderSource& encoders) {
  return std::unique_ptr<guard::Filter>(TRY(filters::open_classifier(spec, environment, encoders)));
}
using MakeWithEncoder = Result<std::unique_ptr<guard::Filter>> (*)(const policy::FilterSpec&, const guard::FilterEnvironment&,
                                                                   const filters::EncoderSource&);
constexpr std::pair<std::string_view, MakeWithEncoder> kEncoderFilters[] = {{"classifier", make_classifier}};

/// Those that score with a head over a language model.
using MakeWithScoring = Result<std::unique_ptr<guard::Filter>> (*)(const policy::FilterSpec&, const guard::FilterEnvironment&,
                                                                   const filters::ScoringSource&);
constexpr std::pair<std::string_view, MakeWithScoring> kScoringFilters[] = {{"reward", filters::make_reward},
                                                                            {"llm-classifier", filters::make_llm_classifier}};

/// Changes whenever a file is written, without reading it.
std::string stamp_of(const std::vector<std::string>& files) {
  std::string stamp;
  for (const std::string& file : files) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    const auto time = fs::last_write_time(file, error);
    stamp += fmt::format("{} {} {}\n", file, error ? 0 : size, error ? 0 : time.time_since_epoch().count());
  }
  return stamp;
}

}  // namespace

guard::FilterFactory filter_table(filters::Models models) {
  return [models = std::move(models)](const policy::FilterSpec& spec,
                                      const guard::FilterEnvironment& environment) -> Result<std::unique_ptr<guard::Filter>> {
    std::vector<std::string_view> kinds;
    for (const auto& [kind, make] : kFilters) {
      if (spec.kind == kind) return make(spec, environment);
      kinds.push_back(kind);
    }
    for (const auto& [kind, make] : kModelFilters) {
      if (spec.kind == kind) return make(spec, environment, models.language);
      kinds.push_back(kind);
    }
    for (const auto& [kind, make] : kEncoderFilters) {
      if (spec.kind == kind) return make(spec, environment, models.encoders);
      kinds.push_back(kind);
    }
    for (const auto& [kind, make] : kScoringFilters) {
      if (spec.kind == kind) return make(spec, environment, models.scoring);
      kinds.push_back(kind);
    }
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: there is no filter kind '{}'; known: {}", yaml::to_string(spec.where), spec.kind, fmt::join(kinds, ", ")));
  };
}

guard::FilterEnvironment environment_of(const std::string& policy_path, const policy::Policy& policy) {
  return {fs::path(policy_path).parent_path().string(), shipped_policies_dir(), &policy, model::fetched_models_dir()};
}

Result<std::shared_ptr<const guard::Guard>> load_guard(const std::string& policy_path, const Clock& clock, const filters::Models& models) {
  const std::string shipped = shipped_policies_dir();
  const auto policy = TRY(policy::Policy::load(policy_path, {shipped}));
  TRY(prompting::check_rules(*policy));
  return guard::Guard::create(policy, filter_table(models), environment_of(policy_path, *policy), clock);
}

Result<std::unique_ptr<ProfileLoader>> ProfileLoader::load(const Product& product, Needs needs) {
  std::unique_ptr<ProfileLoader> loader(new ProfileLoader(std::move(needs)));
  for (const auto& [name, path] : product.policies) {
    auto guard = TRY(load_guard(path, loader->needs_.clock, loader->needs_.models));
    const auto& files = guard->policy().files();
    loader->entries_[name] = Entry{path, stamp_of(files), files};
    loader->needs_.profiles.set(name, std::move(guard));
  }
  return loader;
}

void ProfileLoader::reload_entry(const std::string& name, Entry& entry, const Observer& observer) {
  entry.stamp = stamp_of(entry.files);  // of a broken file too: it is tried again when it changes again
  const auto loaded = load_guard(entry.path, needs_.clock, needs_.models);
  if (loaded) {
    entry.files = (*loaded)->policy().files();
    entry.stamp = stamp_of(entry.files);
    needs_.profiles.set(name, *loaded);
  }
  observer(name, loaded);
}

void ProfileLoader::reload(const Observer& observer) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_) reload_entry(name, entry, observer);
}

void ProfileLoader::reload_if_changed(const Observer& observer) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_)
    if (stamp_of(entry.files) != entry.stamp) reload_entry(name, entry, observer);
}

}  // namespace steward::app
