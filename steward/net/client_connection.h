#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "steward/net/client.h"
#include "steward/net/loop.h"
#include "steward/net/reply_reader.h"

namespace steward::net {

/// The authorities that a client trusts; OpenSSL's context.
struct TlsContext;
/// Errors: kInvalidInput if `ca_file` cannot be used.
Result<std::shared_ptr<TlsContext>> make_tls_context(const std::string& ca_file);

/// What all connections of a client share. Outlives them.
struct ClientShared {
  ClientOptions options;
  std::shared_ptr<TlsContext> tls;  // shared with connections that outlive the client; null: plain TCP
};

/// Who sent a request over a connection. `end` is called once, last.
class ConnectionUser : public ReplySink {
 public:
  virtual void end(Result<void> result, CallProgress progress) = 0;
};

class ClientConnection;

/// Who keeps a connection that waits for its next request.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void idle(std::shared_ptr<ClientConnection> connection) = 0;
  virtual void gone(const ClientConnection& connection) = 0;
};

/// One connection to the server. All calls on its loop's thread.
class ClientConnection {
 public:
  virtual ~ClientConnection() = default;
  /// Sends `wire`, which the user keeps until its end, over the connection, which is made first if need be. When the reply has come
  /// whole, the owner gets the connection back, before the user's end.
  virtual void send(std::string_view wire, std::shared_ptr<ConnectionUser> user) = 0;
  /// The user is not called any more.
  virtual void close() = 0;
};

std::shared_ptr<ClientConnection> make_client_connection(std::shared_ptr<Loop> loop, std::shared_ptr<const ClientShared> shared,
                                                         std::weak_ptr<ConnectionOwner> owner);

}  // namespace steward::net
