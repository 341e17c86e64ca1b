#include <unistd.h>

#include <iostream>

#include <fmt/format.h>

#include "steward/app/chat_client.h"
#include "steward/app/command.h"
#include "steward/app/service.h"

namespace steward::app {
namespace {

struct Options {
  std::string model;
};

void print_footer(const json::Object& steward, const Style& style) {
  const auto* action = steward.if_contains("action");
  const auto* rewritten = steward.if_contains("rewritten");
  std::string words;
  if (action && action->is_string() && action->get_string() != "pass") words += fmt::format("guard: {}", std::string(action->get_string()));
  if (rewritten && rewritten->is_int64() && rewritten->get_int64() > 0)
    words += fmt::format("{}{} rewritten", words.empty() ? "" : ", ", rewritten->get_int64());
  if (const auto* notices = steward.if_contains("notices"); notices && notices->is_array()) {
    for (const json::Value& notice : notices->get_array()) {
      const auto* text = notice.is_object() ? notice.get_object().if_contains("text") : nullptr;
      if (text && text->is_string()) words += fmt::format("{}{}", words.empty() ? "" : "\n", std::string(text->get_string()));
    }
  }
  if (!words.empty()) fmt::print("{}[{}]{}\n", style.dim, words, style.reset);
}

/// One turn: sends the conversation, prints the answer as it comes.
Result<void> take_turn(ChatClient& client, const std::string& model, json::Array& messages, const Style& style) {
  std::string answer;
  fmt::print("{}assistant{} ", style.cyan, style.reset);
  std::fflush(stdout);
  const auto done = TRY(client.stream({{"model", model}, {"stream", true}, {"messages", messages}}, [&](std::string_view text) {
    fmt::print("{}", text);
    std::fflush(stdout);
    answer += text;
  }));
  fmt::print("\n");
  print_footer(done.steward, style);
  messages.push_back(json::Object{{"role", "assistant"}, {"content", answer}});
  return {};
}

Result<int> chat(const CommandLine& line, const Options& options) {
  Product product = TRY(load_product(line.product_dir));
  product.listen_address = "127.0.0.1";
  product.listen_port = 0;
  const auto service = TRY(Service::start(product, 1));
  const std::string model = options.model.empty() ? service->models().front()->record().id : options.model;
  ChatClient client(service->address());
  const Style style = terminal_style();
  const bool interactive = ::isatty(STDIN_FILENO) == 1;
  for (const std::string& notice : TRY(client.notices("en"))) fmt::print("{}{}{}\n", style.dim, notice, style.reset);
  if (interactive) fmt::print("{}Talking to {}. End with Ctrl-D; /new begins anew.{}\n", style.dim, model, style.reset);
  json::Array messages;
  for (std::string text;;) {
    if (interactive) {
      fmt::print("{}you{} ", style.green, style.reset);
      std::fflush(stdout);
    }
    if (!std::getline(std::cin, text)) break;
    if (text.empty()) continue;
    if (text == "/new") {
      messages.clear();
      continue;
    }
    messages.push_back(json::Object{{"role", "user"}, {"content", text}});
    if (auto taken = take_turn(client, model, messages, style); !taken) {
      fmt::print(stderr, "\nsteward: {}\n", taken.error().message);
      messages.pop_back();
    }
  }
  if (interactive) fmt::print("\n");
  service->stop(std::chrono::seconds(5));
  return static_cast<int>(kExitOk);
}

}  // namespace

void add_chat_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("chat", "Talk to the product in the terminal, through the same guard and into the same ledger");
  auto options = std::make_shared<Options>();
  add_product_option(*command, line);
  command->add_option("--model", options->model, "Model id, with a profile if wanted: demo@teen");
  command->callback([&line, options] {
    const auto result = chat(line, *options);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
