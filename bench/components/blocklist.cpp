// The filter `lexicon` over a folded view, against bare Vectorscan with the same entries over the same folded text.
#include <hs/hs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/components/benches.h"
#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/filters/lexicon/entries.h"
#include "steward/filters/lexicon/lexicon.h"
#include "steward/filters/pii/pii.h"
#include "steward/text/view.h"

namespace steward::bench {
namespace {

namespace fs = std::filesystem;

/// Entries of the shipped English lists, then of the others, then their inflections: folded, each once.
std::vector<std::string> shipped_phrases(std::size_t count_max) {
  std::vector<fs::path> files;
  for (const auto& file : fs::recursive_directory_iterator(STEWARD_SOURCE_DIR "/policies/lexicons"))
    if (file.path().extension() == ".txt" && file.path().filename() != "safe.txt") files.push_back(file.path());
  const auto is_english = [](const fs::path& file) { return file.parent_path().filename() == "en"; };
  std::sort(files.begin(), files.end(), [&](const fs::path& a, const fs::path& b) {
    return std::pair(!is_english(a), a.string()) < std::pair(!is_english(b), b.string());
  });
  std::vector<std::string> phrases, out;
  for (const fs::path& file : files) {
    auto entries = filters::read_entries(file.string());
    STEWARD_CHECK(entries.has_value());
    for (const auto& entry : *entries) phrases.push_back(entry.phrase);
  }
  for (std::size_t i = 0, shipped = phrases.size(); i < shipped; ++i) {
    auto more = filters::inflections(phrases[i]);
    phrases.insert(phrases.end(), more.begin(), more.end());
  }
  std::set<std::string> seen;
  for (const std::string& phrase : phrases) {
    std::string folded = text::fold_text(phrase);
    if (out.size() < count_max && folded.size() > 1 && seen.insert(folded).second) out.push_back(std::move(folded));
  }
  return out;
}

std::unique_ptr<guard::Filter> make(const std::string& kind, const std::string& config, const std::string& folder) {
  policy::FilterSpec spec;
  spec.name = "bench";
  spec.kind = kind;
  spec.config = *yaml::parse(config, "bench");
  const guard::FilterEnvironment environment{folder, folder, nullptr};
  auto filter = kind == "pii" ? filters::make_pii(spec, environment) : filters::make_lexicon(spec, environment);
  STEWARD_CHECK(filter.has_value());
  return *std::move(filter);
}

std::unique_ptr<guard::Filter> make_list(const std::vector<std::string>& phrases) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("steward-bench-{}", ::getpid());
  fs::create_directories(folder);
  {
    std::ofstream file(folder / "list.txt");
    for (const std::string& phrase : phrases) file << phrase << '\n';
  }
  auto filter = make("lexicon", "lists: [{path: list.txt, category: c, view: folded}]", folder.string());
  fs::remove_all(folder);
  return filter;
}

/// Vectorscan's database of literals with its scratch space.
class Literals {
 public:
  explicit Literals(const std::vector<std::string>& phrases) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    std::vector<unsigned> flags(phrases.size(), 0), ids;
    for (const std::string& phrase : phrases) {
      ids.push_back(static_cast<unsigned>(ids.size()));
      texts.push_back(phrase.data());
      sizes.push_back(phrase.size());
    }
    hs_compile_error_t* error = nullptr;
    STEWARD_CHECK(hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(), static_cast<unsigned>(texts.size()),
                                       HS_MODE_BLOCK, nullptr, &database_, &error) == HS_SUCCESS);
    STEWARD_CHECK(hs_alloc_scratch(database_, &scratch_) == HS_SUCCESS);
  }
  Literals(const Literals&) = delete;
  Literals& operator=(const Literals&) = delete;
  ~Literals() {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  std::size_t matches(std::string_view text) const {
    std::size_t count = 0;
    const auto on_match = [](unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
      ++*static_cast<std::size_t*>(context);
      return 0;
    };
    STEWARD_CHECK(hs_scan(database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch_, on_match, &count) == HS_SUCCESS);
    return count;
  }

 private:
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

/// Fresh views with the folded one made, so many that their making stays outside of the measured time.
Work scan_of(const guard::Filter& filter, const std::string& text) {
  return [&filter, &text](std::int64_t times) {
    constexpr std::int64_t kAtOnce = 64;
    const guard::Scope scope;
    double ns = 0;
    for (std::int64_t done = 0; done < times; done += kAtOnce) {
      const std::int64_t count = std::min(kAtOnce, times - done);
      std::vector<text::Views> views;
      for (std::int64_t i = 0; i < count; ++i) views.emplace_back(text).folded();
      std::vector<guard::Finding> found;
      std::int64_t next = 0;
      ns += on_cpu([&] { STEWARD_CHECK(filter.scan(views[static_cast<std::size_t>(next++)], scope, found).has_value()); })(count);
    }
    return ns;
  };
}

/// A reply in a stream, its views included.
Work stream_of(const guard::Filter& filter, const std::string& text) {
  return on_cpu([&filter, &text] {
    constexpr std::size_t kDeltaBytes = 5;
    const guard::Scope scope;
    const auto stream = filter.open(scope);
    text::GrowingViews views;
    std::vector<guard::Finding> found;
    for (std::size_t at = 0; at < text.size(); at += kDeltaBytes) {
      views.append(std::string_view(text).substr(at, kDeltaBytes));
      STEWARD_CHECK(stream->advance(views, found).has_value());
    }
  });
}

}  // namespace

void bench_blocklist(Table& table) {
  const std::string text = read_text("reply.txt");
  const std::string folded = text::fold_text(text);
  for (const std::size_t count : {std::size_t{2'600}, std::size_t{10'000}}) {
    const std::vector<std::string> phrases = shipped_phrases(table.is_smoke() ? 300 : count);
    const auto filter = make_list(phrases);
    const Literals literals(phrases);
    table.faster_than({fmt::format("blocklist of {} phrases against Vectorscan", phrases.size()), Goal::kAtLeast, 0.9},
                      scan_of(*filter, text), on_cpu([&] { literals.matches(folded); }), static_cast<double>(text.size()));
    table.time_of({"  one delta of five bytes of a stream, with its folded view"}, stream_of(*filter, text),
                  static_cast<double>(text.size()) / 5);
  }
}

int serve_scans(const std::string& what, const std::string& path) {
  auto text = read_file(path);
  STEWARD_CHECK(text.has_value());
  const auto filter = what == "pii" ? make("pii", "category: privacy", ".") : make_list(shipped_phrases(2'600));
  const guard::Scope scope;
  const Work work = on_cpu([&] {
    const text::Views views(*text);
    std::vector<guard::Finding> found;
    STEWARD_CHECK(filter->scan(views, scope, found).has_value());
  });
  for (long long times = 0; std::scanf("%lld", &times) == 1;) {
    std::printf("%.1f\n", work(times) / static_cast<double>(times));
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace steward::bench
