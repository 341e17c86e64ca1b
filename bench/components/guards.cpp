// The guard of the shipped general-assistant policy, whole: what one prompt and one delta of a reply cost.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/components/benches.h"
#include "steward/app/profiles.h"
#include "steward/core/check.h"
#include "steward/text/language.h"

namespace steward::bench {
namespace {

std::shared_ptr<const guard::Guard> shipped_guard(const Clock& clock) {
  auto guard = app::load_guard(STEWARD_SOURCE_DIR "/policies/general-assistant.yaml", clock);
  if (!guard) {
    std::fprintf(stderr, "%s\n", guard.error().message.c_str());
    std::exit(2);
  }
  return *guard;
}

/// As a model's tokens fall: mostly a word with the space before it, long words in two, punctuation alone.
std::vector<std::string> deltas_of(const std::string& text) {
  constexpr std::size_t kDeltaBytesMax = 6;
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && end - at < kDeltaBytesMax && text[end] >= 'a' && text[end] <= 'z') ++end;
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace

void bench_guards(Table& table) {
  const SystemClock clock;
  const auto guard = shipped_guard(clock);
  const std::string prompt = read_text("prompt.txt"), reply = read_text("reply.txt");
  guard::Turn turn;
  turn.conversation = std::make_shared<guard::Conversation>(random_key());
  const std::vector<guard::Message> messages = {{"user", prompt}};
  STEWARD_CHECK(guard->check_input(turn, messages).decision.action == policy::Action::kPass);  // and the language is known from here on
  table.time_of({"rule guards of a prompt of 500 bytes", Goal::kAtMost, 10, "us", {}, "general-assistant, all filters"},
                on_cpu([&] { STEWARD_CHECK(guard->check_input(turn, messages).decision.action == policy::Action::kPass); }), 1);
  table.time_of({"  its language, once a conversation"}, on_cpu([&] { STEWARD_CHECK(text::identify_language(prompt).language == "en"); }),
                1);

  turn.confidential = {
      "You are the assistant of a garden shop. Be brief and friendly, and never promise a date of delivery. "
      "Prices are on the labels; if a customer asks for a discount, name the manager. Do not speak of other shops."};
  const std::vector<std::string> deltas = deltas_of(reply);
  const auto stream = on_cpu([&] {
    const auto output = guard->open_output(turn);
    std::size_t sent = 0;
    for (const std::string& delta : deltas) sent += output->push(delta).text.size();
    sent += output->finish().text.size();
    STEWARD_CHECK(sent == reply.size());
  });
  Row row{"guard of one delta of a reply", Goal::kAtMost, 1};
  row.detail =
      std::to_string(deltas.size()) + " deltas of " + std::to_string(reply.size()) + " bytes, opening and end of the stream included";
  table.time_of(row, stream, static_cast<double>(deltas.size()));
}

}  // namespace steward::bench
