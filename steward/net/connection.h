#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "steward/net/loop.h"
#include "steward/net/server.h"

namespace steward::net {

/// What all connections of a server share. Outlives them.
struct ConnectionShared {
  ServerOptions options;
  Handler handler;
};

struct Peer {
  int socket = -1;  ///< a connected, non-blocking TCP socket, which the connection owns from then on
  bool v6 = false;
  std::string address;
  bool loopback = false;
};

/// One client's connection. All calls on its loop's thread.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  /// No further requests: closes when idle, else after the running answer.
  virtual void drain() = 0;
  virtual void close() = 0;
};

/// `closed` is called once, on the loop's thread, when the connection is over.
std::shared_ptr<Connection> make_connection(std::shared_ptr<Loop> loop, std::shared_ptr<const ConnectionShared> shared, Peer peer,
                                            std::function<void(Connection*)> closed);

}  // namespace steward::net
