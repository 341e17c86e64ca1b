#include "steward/net/client.h"

#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/net/client_pool.h"

namespace steward::net {
namespace {

/// The pools by loop. Shared with the loops, which say when they end.
struct Pools {
  std::mutex mutex;
  std::vector<std::shared_ptr<LoopPool>> list;
  bool closed = false;

  void forget(const LoopPool* pool) {
    const std::lock_guard lock(mutex);
    std::erase_if(list, [pool](const auto& known) { return known.get() == pool; });
  }
};

class TcpClient final : public Client {
 public:
  explicit TcpClient(std::shared_ptr<const ClientShared> shared)
      : shared_(std::move(shared)),
        gate_(std::make_shared<ClientGate>(shared_->options.connections_max, shared_->options.queued_requests_max)),
        pools_(std::make_shared<Pools>()) {
    const ClientOptions& options = shared_->options;
    const bool v6 = options.host.find(':') != std::string::npos;
    const std::uint16_t usual = options.security == ClientOptions::Security::kTls ? 443 : 80;
    fixed_ = fmt::format(" HTTP/1.1\r\nHost: {}{}\r\n", v6 ? "[" + options.host + "]" : options.host,
                         options.port == usual ? "" : fmt::format(":{}", options.port));
    for (const auto& [name, value] : options.headers.fields()) {
      STEWARD_CHECK(value.find_first_of("\r\n") == std::string::npos);  // else a value could forge a header
      fixed_.append(name).append(": ").append(value).append("\r\n");
    }
    fixed_ += "Content-Length: ";
  }
  ~TcpClient() override { close(); }

  Result<std::shared_ptr<ClientCall>> start(ClientRequest request, std::shared_ptr<ReplyHandler> handler) override {
    Loop* here = Loop::current();
    auto pool = TRY(pool_of(here));
    auto call = std::make_shared<PooledCall>(gate_, pool, wire(request), std::move(handler));
    const ClientGate::Entry entry = gate_->acquire(call);
    if (entry == ClientGate::Entry::kFull)
      return fail(ErrorCode::kResourceExhausted, "all connections are in use and the queue before them is full: try again later");
    if (here) {
      call->begin(entry);
    } else if (!pool->loop->post([call, entry] { call->begin(entry); })) {
      if (entry == ClientGate::Entry::kGo || !gate_->forget(*call)) gate_->release();
      return closed_error();
    }
    return std::shared_ptr<ClientCall>(std::move(call));
  }

  void close() override {
    std::vector<std::shared_ptr<LoopPool>> open;
    {
      const std::lock_guard lock(pools_->mutex);
      pools_->closed = true;
      open.swap(pools_->list);
    }
    for (const auto& pool : open) pool->loop->post([pool] { pool->close(); });
    if (own_loop_) own_loop_->finish();
    if (own_thread_.joinable()) own_thread_.join();
  }

 private:
  static tl::unexpected<Error> closed_error() { return fail(ErrorCode::kUnavailable, "the client has been closed"); }

  std::string wire(const ClientRequest& request) const {
    std::string out;
    out.reserve(request.method.size() + request.target.size() + fixed_.size() + request.body.size() + 32);
    out.append(request.method).append(" ").append(request.target).append(fixed_);
    out.append(std::to_string(request.body.size())).append("\r\n\r\n").append(request.body);
    return out;
  }

  /// `here`: the caller's loop, or null for the client's own.
  Result<std::shared_ptr<LoopPool>> pool_of(Loop* here) {
    const std::lock_guard lock(pools_->mutex);
    if (pools_->closed) return closed_error();
    if (!here) here = own_loop();
    for (const auto& pool : pools_->list)
      if (pool->loop.get() == here) return pool;
    auto pool = std::make_shared<LoopPool>(here->shared_from_this(), shared_);
    const auto at_end = [pools = pools_, weak = std::weak_ptr(pool)] {
      const auto ending = weak.lock();
      if (!ending) return;
      pools->forget(ending.get());
      ending->close();
    };
    if (here == Loop::current()) {
      if (!here->on_finish(at_end)) return fail(ErrorCode::kUnavailable, "the server is stopping");
    } else {
      here->post([here, at_end] { here->on_finish(at_end); });
    }
    pools_->list.push_back(pool);
    return pool;
  }

  Loop* own_loop() {
    if (!own_loop_) {
      own_loop_ = std::make_shared<Loop>();
      own_thread_ = std::thread([loop = own_loop_] { loop->run(); });
    }
    return own_loop_.get();
  }

  const std::shared_ptr<const ClientShared> shared_;  // shared with connections that outlive the client
  const std::shared_ptr<ClientGate> gate_;            // shared with calls that outlive the client
  const std::shared_ptr<Pools> pools_;                // shared with the loops
  std::string fixed_;                                 ///< of each request, between its target and its length
  std::shared_ptr<Loop> own_loop_;                    // shared with its thread and its connections
  std::thread own_thread_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::open(ClientOptions options) {
  auto shared = std::make_shared<ClientShared>();
  if (options.security == ClientOptions::Security::kTls) shared->tls = TRY(make_tls_context(options.ca_file));
  shared->options = std::move(options);
  return std::unique_ptr<Client>(std::make_unique<TcpClient>(std::move(shared)));
}

}  // namespace steward::net
