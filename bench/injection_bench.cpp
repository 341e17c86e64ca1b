// injection_bench features | speed: the evidence that the filter `injection` reads in texts, for tools/injection/fit.py, and what it costs.
//
// features: reads JSONL {"role", "text"} from the standard input and prints a line each: evidence by voice, each with where its sentence
// begins, never a text.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

#include "steward/core/json.h"
#include "steward/filters/injection/evidence.h"
#include "steward/filters/injection/scorer.h"
#include "steward/filters/input_only.h"

namespace {

using namespace steward;

void print_features(const filters::EvidenceReader& reader) {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto object = json::parse(line)->as_object();
    const std::string text(object.at("text").as_string());
    const text::Views views(text);
    const auto voice = object.at("role").as_string() == "user" ? filters::Voice::kUser : filters::Voice::kData;
    const auto found = reader.read(views, voice);
    json::Object out;
    const filters::Scores scores = filters::score_of(found, text.size());
    out["score"] = json::Array{scores.probability(filters::Voice::kUser), scores.probability(filters::Voice::kData)};
    for (const filters::Voice v : {filters::Voice::kUser, filters::Voice::kData}) {
      json::Array list;
      for (const filters::Evidence& evidence : found)
        if (evidence.voice == v)
          list.push_back(json::Array{json::Value(filters::evidence_name(evidence.number)), json::Value(evidence.span.begin)});
      out[v == filters::Voice::kUser ? "user" : "data"] = std::move(list);
    }
    std::cout << json::dump(out) << "\n";
  }
}

double nanoseconds_of(const filters::EvidenceReader& reader, const std::string& text, filters::Voice voice) {
  const text::Views views(text);
  views.skeleton();  // shared with other filters
  std::vector<double> times;
  for (int i = 0; i < 2000; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto scores = filters::score_of(reader.read(views, voice), text.size());
    times.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() +
                    0 * scores.probability(voice));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void print_speed(const filters::EvidenceReader& reader) {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto object = json::parse(line)->as_object();
    const std::string text(object.at("text").as_string());
    const auto voice = object.at("role").as_string() == "user" ? filters::Voice::kUser : filters::Voice::kData;
    std::cout << text.size() << " bytes: " << nanoseconds_of(reader, text, voice) / 1000 << " us, views apart\n";
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::string command = count == 2 ? arguments[1] : "";
  const filters::EvidenceReader reader;
  if (command == "features") return print_features(reader), 0;
  if (command == "speed") return print_speed(reader), 0;
  std::cerr << "injection_bench features | speed < texts.jsonl\n";
  return 2;
}
