#include "steward/net/client_connection.h"

#include <optional>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace steward::net {

namespace asio = boost::asio;
using asio::ip::tcp;

struct TlsContext {
  asio::ssl::context context{asio::ssl::context::tls_client};
};

namespace {

using Time = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::milliseconds;
using Code = boost::system::error_code;
constexpr std::size_t kBufferBytes = 16384;

class TcpClientConnection final : public ClientConnection, public std::enable_shared_from_this<TcpClientConnection> {
 public:
  TcpClientConnection(std::shared_ptr<Loop> loop, std::shared_ptr<const ClientShared> shared, std::weak_ptr<ConnectionOwner> owner)
      : loop_(std::move(loop)),
        shared_(std::move(shared)),
        owner_(std::move(owner)),
        socket_(loop_->context()),
        resolver_(loop_->context()),
        timer_(loop_->context()),
        reader_({shared_->options.header_bytes_max, shared_->options.body_bytes_max}) {}

  void send(std::string_view wire, std::shared_ptr<ConnectionUser> user) override {
    wire_ = wire;
    user_ = std::move(user);
    if (state_ == State::kNew) return connect();
    reader_.reset();
    write();
  }

  void close() override {
    if (state_ == State::kClosed) return;
    state_ = State::kClosed;
    const auto self = shared_from_this();
    user_.reset();
    timer_.cancel();
    resolver_.cancel();
    Code ignored;
    socket_.close(ignored);
    if (const auto owner = owner_.lock()) owner->gone(*this);
  }

 private:
  enum class State { kNew, kConnecting, kSending, kIdle, kClosed };

  // Connecting.

  void connect() {
    state_ = State::kConnecting;
    progress_ = CallProgress::kConnecting;
    const ClientOptions& options = shared_->options;
    expect_within(options.connect_timeout);
    Code literal;
    const auto address = asio::ip::make_address(options.host, literal);
    if (!literal) {
      socket_.async_connect({address, options.port}, [self = shared_from_this()](const Code& error) { self->connected(error); });
      return;
    }
    resolver_.async_resolve(options.host, std::to_string(options.port), tcp::resolver::numeric_service,
                            [self = shared_from_this()](const Code& error, const tcp::resolver::results_type& found) {
                              if (self->state_ == State::kClosed) return;
                              if (error) return self->connected(error);
                              asio::async_connect(self->socket_, found,
                                                  [self](const Code& failed, const tcp::endpoint&) { self->connected(failed); });
                            });
  }

  void connected(const Code& error) {
    if (state_ == State::kClosed) return;
    if (error) return fail(ErrorCode::kUnavailable, "no connection to the server: " + error.message());
    Code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    buffer_.resize(kBufferBytes);
    if (!shared_->tls) return ready();
    tls_.emplace(socket_, shared_->tls->context);
    const std::string& host = shared_->options.host;
    asio::ip::make_address(host, ignored);
    if (ignored) SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());  // only names are sent (RFC 6066, section 3)
    tls_->set_verify_callback(asio::ssl::host_name_verification(host), ignored);
    tls_->async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](const Code& failed) {
      if (self->state_ == State::kClosed) return;
      if (failed) return self->fail(ErrorCode::kUnavailable, "no TLS with the server: " + failed.message());
      self->ready();
    });
  }

  void ready() {
    write();
    if (state_ != State::kClosed) read();
  }

  // Writing: head and body in one piece.

  void write() {
    state_ = State::kSending;
    progress_ = CallProgress::kSent;
    expect_within(shared_->options.first_byte_timeout);
    writing_ = true;
    if (tls_) {
      asio::async_write(*tls_, asio::buffer(wire_),
                        [self = shared_from_this(), user = user_](const Code& error, std::size_t) { self->written(error); });
      return;
    }
    Code error;
    const std::size_t size = socket_.write_some(asio::buffer(wire_), error);
    if (error && error != asio::error::would_block && error != asio::error::try_again) {
      // Not from within send(): its caller does not expect an end before it returns.
      asio::post(loop_->context(), [self = shared_from_this(), error] { self->written(error); });
      return;
    }
    if (size == wire_.size()) {
      writing_ = false;
      return;
    }
    asio::async_write(socket_, asio::buffer(wire_.substr(size)),
                      [self = shared_from_this(), user = user_](const Code& failed, std::size_t) { self->written(failed); });
  }

  void written(const Code& error) {
    writing_ = false;
    if (!error || state_ != State::kSending || progress_ == CallProgress::kReplying) return;  // a reply may come before the request is sent
    fail(ErrorCode::kUnavailable, "the connection to the server broke: " + error.message());
  }

  // Reading: always one read under way, so that an idle connection sees the server leave.

  void read() {
    const auto on_read = [self = shared_from_this()](const Code& error, std::size_t size) { self->have_read(error, size); };
    if (tls_)
      tls_->async_read_some(asio::buffer(buffer_), on_read);
    else
      socket_.async_read_some(asio::buffer(buffer_), on_read);
  }

  void have_read(const Code& error, std::size_t size) {
    if (state_ == State::kClosed) return;
    if (state_ == State::kIdle) return close();  // the server left, or speaks unasked
    if (error == asio::error::eof && progress_ == CallProgress::kReplying && reader_.end() == ReplyReader::State::kDone) return complete();
    if (error == asio::error::eof) return fail(ErrorCode::kUnavailable, "the server closed the connection before the end of its reply");
    if (error) return fail(ErrorCode::kUnavailable, "the connection to the server broke: " + error.message());
    progress_ = CallProgress::kReplying;
    const ReplyReader::State state = reader_.feed({buffer_.data(), size}, *user_);
    if (state == ReplyReader::State::kFailed) return fail(reader_.error().code, reader_.error().message);
    if (state == ReplyReader::State::kDone) {
      complete();
    } else {
      expect_within(shared_->options.idle_timeout);
    }
    if (state_ != State::kClosed) read();
  }

  void complete() {
    const auto user = std::move(user_);
    user_.reset();
    const auto owner = owner_.lock();
    if (owner && reader_.keep_alive() && !writing_) {
      state_ = State::kIdle;
      expect_within(shared_->options.keep_alive);
      owner->idle(shared_from_this());
    } else {
      close();
    }
    user->end({}, CallProgress::kReplying);
  }

  void fail(ErrorCode code, std::string message) {
    const auto user = std::move(user_);
    close();
    if (user) user->end(steward::fail(code, std::move(message)), progress_);
  }

  // Deadlines. One timer, which is moved only when it must ring earlier than set.

  void expect_within(Milliseconds time) {
    deadline_ = std::chrono::steady_clock::now() + time;
    if (timer_set_ && timer_.expiry() <= deadline_) return;
    set_timer();
  }

  void set_timer() {
    timer_set_ = true;
    timer_.expires_at(deadline_);
    timer_.async_wait([weak = weak_from_this()](const Code& error) {
      const auto self = weak.lock();
      if (error || !self || self->state_ == State::kClosed) return;
      self->timer_set_ = false;
      if (std::chrono::steady_clock::now() < self->deadline_) return self->set_timer();
      self->timed_out();
    });
  }

  void timed_out() {
    if (state_ == State::kIdle) return close();
    if (progress_ == CallProgress::kConnecting) return fail(ErrorCode::kDeadlineExceeded, "the server did not take the connection in time");
    if (progress_ == CallProgress::kSent) return fail(ErrorCode::kDeadlineExceeded, "the server did not answer in time");
    fail(ErrorCode::kDeadlineExceeded, "the server stopped within its reply");
  }

  const std::shared_ptr<Loop> loop_;                  // the socket needs it to the end
  const std::shared_ptr<const ClientShared> shared_;  // shared with the client and its other connections
  const std::weak_ptr<ConnectionOwner> owner_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  tcp::resolver resolver_;
  asio::steady_timer timer_;
  Time deadline_;
  bool timer_set_ = false;
  bool writing_ = false;
  State state_ = State::kNew;
  CallProgress progress_ = CallProgress::kWaiting;
  ReplyReader reader_;
  std::vector<char> buffer_;
  std::string_view wire_;
  std::shared_ptr<ConnectionUser> user_;  // shared with whoever waits for the reply
};

}  // namespace

Result<std::shared_ptr<TlsContext>> make_tls_context(const std::string& ca_file) {
  auto tls = std::make_shared<TlsContext>();
  Code error;
  tls->context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  tls->context.set_verify_mode(asio::ssl::verify_peer, error);
  if (ca_file.empty())
    tls->context.set_default_verify_paths(error);
  else
    tls->context.load_verify_file(ca_file, error);
  if (error)
    return steward::fail(ErrorCode::kInvalidInput,
                         fmt::format("the certificate authorities in '{}' cannot be used: {}", ca_file, error.message()));
  return tls;
}

std::shared_ptr<ClientConnection> make_client_connection(std::shared_ptr<Loop> loop, std::shared_ptr<const ClientShared> shared,
                                                         std::weak_ptr<ConnectionOwner> owner) {
  return std::make_shared<TcpClientConnection>(std::move(loop), std::move(shared), std::move(owner));
}

}  // namespace steward::net
