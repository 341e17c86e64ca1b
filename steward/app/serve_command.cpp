#include <csignal>
#include <ctime>
#include <thread>

#include <fmt/format.h>

#include "steward/app/command.h"
#include "steward/app/service.h"
#include "steward/core/files.h"

namespace steward::app {
namespace {

struct Options {
  std::string listen;
  std::string ready_file;
  int io_threads = 2;
};

void print_welcome(const Product& product, const Service& service) {
  const Style style = terminal_style();
  const std::string url = "http://" + service.address();
  fmt::print("{}steward {}{} serves '{}' on {}{}{}\n", style.bold, STEWARD_VERSION, style.reset, product.name, style.cyan, url,
             style.reset);
  for (const auto& model : service.models()) {
    const model::ModelRecord& record = model->record();
    const std::string& kind = record.quantization.empty() ? record.path : record.quantization;
    fmt::print("  model    {:<10} {} ({}, licence {})\n", record.id, record.name, kind, record.license);
  }
  for (const std::string& name : service.profiles().names()) {
    const policy::Policy& policy = service.profiles().find(name)->policy();
    fmt::print("  policy   {:<10} {} {} ({})\n", name, policy.id(), policy.version(), policy.files().back());
  }
  if (product.ledger_path.empty())
    fmt::print("  ledger   {}NONE: what is asked, decided and answered here is recorded nowhere{} (`ledger: {{database: none}}`)\n",
               style.yellow, style.reset);
  else
    fmt::print("  ledger   {}\n", product.ledger_path);
  if (product.access.keys.empty()) {
    fmt::print("  access   {}no API keys are set: clients on this machine need none{}, others are refused (docs/formats/product.md)\n",
               style.yellow, style.reset);
  } else {
    fmt::print("  access   {} API keys\n", product.access.keys.size());
  }
  fmt::print(
      "\nTry:\n  curl {}/v1/chat/completions -H 'Content-Type: application/json' \\\n"
      "    -d '{{\"model\": \"{}\", \"messages\": [{{\"role\": \"user\", \"content\": \"What is water made of?\"}}]}}'\n\n"
      "Stop with Ctrl-C. Saving a policy file reloads it; SIGHUP reloads policies and API keys.\n",
      url, service.models().front()->record().id);
  std::fflush(stdout);
}

/// Waits for signals; looks for changed policy files and for events of training runs once a second, and for texts past their retention once
/// an hour.
void wait_for_end(Service& service, const sigset_t& signals) {
  constexpr std::chrono::hours kRetentionInterval{1};
  auto retention_due = std::chrono::steady_clock::now();
  for (;;) {
    if (std::chrono::steady_clock::now() >= retention_due) {
      service.keep_retention();
      retention_due += kRetentionInterval;
    }
    const timespec second{1, 0};
    const int signal = ::sigtimedwait(&signals, nullptr, &second);
    if (signal == SIGHUP) service.reload(Service::Reload::kAll);
    if (signal == SIGTERM || signal == SIGINT) return;
    if (signal < 0) {
      service.reload(Service::Reload::kChanged);
      service.take_up_spool();
    }
  }
}

Result<int> serve(const CommandLine& line, const Options& options) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread begins: only wait_for_end receives them
  std::signal(SIGPIPE, SIG_IGN);

  Product product = TRY(load_product(line.product_dir));
  if (!options.listen.empty()) TRY(set_listen(options.listen, product));
  const auto service = TRY(Service::start(product, options.io_threads));
  print_welcome(product, *service);
  if (!options.ready_file.empty()) TRY(write_file_atomic(options.ready_file, service->address()));
  wait_for_end(*service, signals);
  fmt::print("Stopping: answers under way may finish.\n");
  std::fflush(stdout);
  service->stop(std::chrono::seconds(20));
  return static_cast<int>(kExitOk);
}

}  // namespace

void add_serve_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("serve", "Serve the product: OpenAI-compatible HTTP, every turn guarded and in the ledger");
  auto options = std::make_shared<Options>();
  add_product_option(*command, line);
  command->add_option("--listen", options->listen, "HOST:PORT instead of product.yaml's; port 0: any free one");
  command->add_option("--ready-file", options->ready_file, "Written with HOST:PORT once requests are answered");
  command->add_option("--io-threads", options->io_threads, "Threads that serve connections")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->callback([&line, options] {
    const auto result = serve(line, *options);
    line.exit_code = result ? *result : report(result.error());
  });
}

}  // namespace steward::app
