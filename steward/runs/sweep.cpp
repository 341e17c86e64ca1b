#include "steward/runs/sweep.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "steward/core/json.h"
#include "steward/core/random.h"
#include "steward/runs/plot.h"

namespace steward::runs {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<double> number_of(std::string_view text) {
  double out = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return out;
}

bool is_whole(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

bool reached(const Trial& trial, double share) { return trial.score && trial.share >= share - 1e-9; }

std::string joined(const Settings& settings) { return fmt::format("{}", fmt::join(settings, ", ")); }

}  // namespace

Result<SearchedKey> parse_searched(const std::string& text) {
  const auto wrong = [&] { return fail(ErrorCode::kInvalidInput, fmt::format("'{}' should look like optimizer.rate=[1e-5,1e-4]", text)); };
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return wrong();
  std::string_view list = trimmed(std::string_view(text).substr(equals + 1));
  if (list.size() < 2 || list.front() != '[' || list.back() != ']') return wrong();
  list = list.substr(1, list.size() - 2);
  SearchedKey out{text.substr(0, equals), {}};
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view value = trimmed(list.substr(0, comma));
    if (value.empty()) return wrong();
    out.values.emplace_back(value);
    if (comma == std::string_view::npos) return out;
    list.remove_prefix(comma + 1);
  }
}

std::vector<Settings> grid(const std::vector<SearchedKey>& keys) {
  std::vector<Settings> out = {{}};
  for (const SearchedKey& key : keys) {
    std::vector<Settings> longer;
    for (const Settings& settings : out) {
      for (const std::string& value : key.values) {
        longer.push_back(settings);
        longer.back().push_back(key.key + "=" + value);
      }
    }
    out = std::move(longer);
  }
  return out;
}

Result<std::vector<Settings>> random_settings(const std::vector<SearchedKey>& keys, std::size_t count, std::uint64_t seed) {
  std::vector<Settings> out(count);
  for (const SearchedKey& key : keys) {
    const auto low = number_of(key.values.front()), high = number_of(key.values.back());
    if (key.values.size() != 2 || !low || !high || *low <= 0 || *low >= *high)
      return fail(ErrorCode::kInvalidInput, fmt::format("{}: a range has two numbers above 0, the lower first", key.key));
    const bool whole = is_whole(key.values[0]) && is_whole(key.values[1]);
    Random random(hash64(key.key) ^ seed);
    for (Settings& settings : out) {
      const double value = *low * std::pow(*high / *low, random.uniform());
      settings.push_back(whole ? fmt::format("{}={}", key.key, std::llround(value)) : fmt::format("{}={:.4g}", key.key, value));
    }
  }
  return out;
}

double share_of_rung(const SweepOptions& options, std::size_t rung) {
  return std::pow(options.survivors, static_cast<double>(options.rungs - 1 - std::min(rung, options.rungs - 1)));
}

std::vector<Trial> ranked(const SweepOptions& options, std::vector<Trial> trials) {
  std::stable_sort(trials.begin(), trials.end(), [&](const Trial& a, const Trial& b) {
    if (a.score.has_value() != b.score.has_value()) return a.score.has_value();
    if (!a.score) return false;
    if (a.share != b.share) return a.share > b.share;
    return options.higher_is_better ? *a.score > *b.score : *a.score < *b.score;
  });
  return trials;
}

std::vector<std::size_t> survivors(const SweepOptions& options, const std::vector<Trial>& trials, double share) {
  std::vector<Trial> there;
  for (const Trial& trial : trials) {
    if (!reached(trial, share)) continue;
    there.push_back(trial);
    there.back().share = share;
  }
  const auto kept = static_cast<std::size_t>(std::ceil(options.survivors * static_cast<double>(there.size()) - 1e-9));
  std::vector<std::size_t> out;
  for (const Trial& trial : ranked(options, std::move(there)))
    if (out.size() < kept) out.push_back(trial.number);
  return out;
}

std::string print_trial(const Trial& trial) {
  json::Object out;
  out["trial"] = static_cast<std::int64_t>(trial.number);
  json::Array settings;
  for (const std::string& setting : trial.settings) settings.emplace_back(setting);
  out["settings"] = std::move(settings);
  out["share"] = trial.share;
  out["score"] = trial.score ? json::Value(*trial.score) : json::Value(nullptr);
  out["failure"] = trial.failure;
  return json::dump(out);
}

Result<Trial> read_trial(const std::string& line) {
  const auto broken = [] { return fail(ErrorCode::kInvalidInput, "a line of the sweep's journal is damaged"); };
  const json::Value value = TRY(json::parse(line));
  if (!value.is_object()) return broken();
  const json::Object& object = value.get_object();
  const auto number = TRY(json::get_integer(object, "trial"));
  const auto share = TRY(json::get_number(object, "share"));
  const json::Array* settings = TRY(json::get_array(object, "settings"));
  const auto failure = TRY(json::get_string(object, "failure"));
  if (!number || *number < 0 || !share || !settings || !failure) return broken();
  Trial out{static_cast<std::size_t>(*number), {}, *share, std::nullopt, *failure};
  for (const json::Value& setting : *settings) {
    if (!setting.is_string()) return broken();
    out.settings.emplace_back(setting.get_string());
  }
  if (const auto found = object.find("score"); found != object.end() && !found->value().is_null())
    out.score = TRY(json::get_number(object, "score"));
  return out;
}

std::string render_sweep(const std::string& title, const std::string& metric, const std::vector<Trial>& trials) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title>\n<style>:root{{color-scheme:light dark}}"
      "body{{font:15px system-ui,sans-serif;margin:2em}}td,th{{padding:.2em .8em;text-align:left;border-bottom:1px solid #8884}}</style>\n"
      "<h1>{0}</h1>\n<table>\n<tr><th>run</th><th>settings</th><th>share of its steps</th><th>{1}</th><th></th></tr>\n",
      escape_html(title), escape_html(metric));
  for (const Trial& trial : trials)
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{:.3g}</td><td>{}</td><td>{}</td></tr>\n", trial.number,
                       escape_html(joined(trial.settings)), trial.share, trial.score ? fmt::format("{:.5g}", *trial.score) : "–",
                       escape_html(!trial.failure.empty() ? trial.failure
                                   : trial.share < 1      ? "ended early"
                                                          : ""));
  return out + "</table>\n</html>\n";
}

}  // namespace steward::runs
