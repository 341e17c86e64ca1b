#include "steward/net/connection.h"

#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "steward/net/exchange.h"
#include "steward/net/request_reader.h"

namespace steward::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Time = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::milliseconds;
using ErrorCodeAsio = boost::system::error_code;

/// How long, and for how many bytes, a refused client may go on sending before the connection is reset under it:
/// a reset can destroy the answer before the client has read it.
constexpr Milliseconds kLingerTime{3'000};
constexpr std::size_t kLingerBytesMax = std::size_t{64} << 20;
/// Bytes of later requests that are kept while one is answered.
constexpr std::size_t kPipelinedBytesMax = std::size_t{64} << 10;
/// Most requests come whole in so many.
constexpr std::size_t kFirstBytes = 1536;

class TcpConnection final : public Connection, public ExchangeHost, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(std::shared_ptr<Loop> loop, std::shared_ptr<const ConnectionShared> shared, Peer peer,
                std::function<void(Connection*)> closed)
      : loop_(std::move(loop)),
        shared_(std::move(shared)),
        peer_(std::move(peer)),
        closed_callback_(std::move(closed)),
        socket_(loop_->context()),
        timer_(loop_->context()) {}

  void start() override {
    ErrorCodeAsio error;
    socket_.assign(peer_.v6 ? tcp::v6() : tcp::v4(), peer_.socket, error);
    if (error) return close();
    socket_.set_option(tcp::no_delay(true), error);
    socket_.non_blocking(true, error);
    expect_within(shared_->options.idle_timeout);
    wait_readable();
  }

  void drain() override {
    draining_ = true;
    if (exchange_) exchange_->no_keep_alive();
    const bool idle = state_ == State::kReading && !reader_ && input_.empty();
    if (idle) close();
  }

  void close() override {
    if (state_ == State::kClosed) return;
    const auto self = shared_from_this();
    state_ = State::kClosed;
    timer_.cancel();
    if (app_timer_) app_timer_->cancel();
    app_job_ = nullptr;
    ErrorCodeAsio ignored;
    socket_.close(ignored);
    reader_.reset();
    if (const auto exchange = std::move(exchange_)) exchange->disconnect();
    closed_callback_(this);
  }

  void wake() override {
    loop_->soon([self = shared_from_this()] { self->flush(); });
  }

  void arm(Milliseconds delay, std::function<void()> job) override {
    if (Loop::current() == loop_.get()) return start_app_timer(delay, std::move(job));
    loop_->post([self = shared_from_this(), delay, job = std::move(job)]() mutable { self->start_app_timer(delay, std::move(job)); });
  }

 private:
  enum class State { kReading, kAnswering, kLingering, kClosed };

  // Reading. The first bytes come into a small buffer of the connection, which is all that an idle one holds; a read costs no other system
  // call then, while waiting for "readable" would cost one more each time.

  void wait_readable() {
    if (waiting_readable_ || state_ == State::kClosed) return;
    if (state_ == State::kAnswering && input_.size() >= kPipelinedBytesMax) return;
    waiting_readable_ = true;
    socket_.async_read_some(asio::buffer(first_bytes_), [self = shared_from_this()](const ErrorCodeAsio& error, std::size_t size) {
      self->waiting_readable_ = false;
      if (error || self->state_ == State::kClosed) return self->close();  // also when the client closed its sending side: it has left
      self->take({self->first_bytes_.data(), size});
      if (size == self->first_bytes_.size()) self->read_rest();
      self->wait_readable();
    });
  }

  void read_rest() {
    static thread_local std::array<char, 65536> scratch;
    while (state_ != State::kClosed) {
      if (state_ == State::kAnswering && input_.size() >= kPipelinedBytesMax) return;
      ErrorCodeAsio error;
      const std::size_t size = socket_.read_some(asio::buffer(scratch), error);
      if (error == asio::error::would_block || error == asio::error::try_again) return;
      if (error) return close();
      take({scratch.data(), size});
      if (size < scratch.size()) return;
    }
  }

  void take(std::string_view bytes) {
    if (state_ == State::kLingering) {
      lingered_bytes_ += bytes.size();
      if (lingered_bytes_ > kLingerBytesMax) close();
      return;
    }
    input_.append(bytes);
    if (state_ == State::kReading) read_request();
  }

  void read_request() {
    if (input_.empty()) return;
    if (!reader_) {
      reader_ = std::make_unique<RequestReader>(ReadLimits{shared_->options.header_bytes_max, shared_->options.body_bytes_max});
      expect_within(shared_->options.header_timeout);
    }
    const RequestReader::State before = reader_->state();
    const RequestReader::State after = reader_->feed(input_);
    if (after == RequestReader::State::kFailed) return refuse(reader_->problem());
    if (after == RequestReader::State::kDone) return dispatch();
    if (after == RequestReader::State::kBody && before != after) {
      expect_within(shared_->options.body_timeout);
      if (reader_->head().expects_continue && input_.empty()) start_writing("HTTP/1.1 100 Continue\r\n\r\n");
    }
  }

  void dispatch() {
    const RequestHead& head = reader_->head();
    ExchangeTraits traits;
    traits.head_only = head.request.method == "HEAD";
    traits.http_1_1 = head.http_1_1;
    traits.keep_alive = head.keep_alive && !draining_;
    traits.outbound_bytes_max = shared_->options.outbound_bytes_max;
    Request request = reader_->take_request();
    reader_.reset();
    if (input_.empty()) input_ = std::string();  // an idle connection keeps no buffer
    request.remote_address = peer_.address;
    request.is_loopback = peer_.loopback;
    begin_exchange(traits);
    shared_->handler(std::move(request), make_responder(exchange_));
  }

  void begin_exchange(const ExchangeTraits& traits) {
    state_ = State::kAnswering;
    deadline_.reset();
    exchange_ = std::make_shared<Exchange>(traits, weak_from_this(), loop_);
  }

  void refuse(const HttpProblem& problem) {
    ExchangeTraits traits;
    traits.keep_alive = false;
    traits.outbound_bytes_max = shared_->options.outbound_bytes_max;
    linger_ = true;
    std::pair<Headers, std::string> answer{Headers{{"Content-Type", "text/plain; charset=utf-8"}}, problem.message + "\n"};
    if (shared_->options.refusal) answer = shared_->options.refusal(problem.status, problem.message);
    const int status = problem.status;
    reader_.reset();
    input_ = std::string();
    begin_exchange(traits);
    exchange_->send(status, answer.first, answer.second);
  }

  // Writing.

  void flush() {
    if (!exchange_ || state_ != State::kAnswering) return;
    if (exchange_->is_cut()) return close();  // even while the socket is full: it may stay so for ever
    if (writing_) return;
    Exchange::Output output = exchange_->take();
    answer_complete_ = output.complete;
    if (!output.bytes.empty()) return start_writing(std::move(output.bytes));
    if (answer_complete_) finish_exchange();
  }

  void start_writing(std::string bytes) {
    if (writing_) {  // the interim answer is still on its way
      output_ += bytes;
      return;
    }
    output_ = std::move(bytes);
    written_ = 0;
    writing_ = true;
    write();
  }

  void write() {
    while (written_ < output_.size()) {
      ErrorCodeAsio error;
      const std::size_t size = socket_.write_some(asio::buffer(output_.data() + written_, output_.size() - written_), error);
      if (error == asio::error::would_block || error == asio::error::try_again) {
        if (state_ == State::kAnswering) expect_within(shared_->options.write_timeout);
        socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const ErrorCodeAsio& wait_error) {
          if (self->state_ == State::kClosed) return;
          if (wait_error) return self->close();
          self->write();
        });
        return;
      }
      if (error) return close();
      written_ += size;
    }
    writing_ = false;
    const std::size_t size = output_.size();
    output_ = std::string();
    if (state_ != State::kAnswering) return;  // it was an interim answer
    deadline_.reset();
    if (exchange_) exchange_->written(size);
    if (answer_complete_) return finish_exchange();
    loop_->post([self = shared_from_this()] {
      self->flush();
    });  // through the loop: a fast writer neither starves the other connections nor deepens the stack
  }

  void finish_exchange() {
    const bool keep = exchange_->keep_alive() && !draining_;
    exchange_->disconnect_quietly();
    exchange_.reset();
    answer_complete_ = false;
    app_job_ = nullptr;
    if (!keep) return linger_ || !input_.empty() ? linger() : close();
    state_ = State::kReading;
    expect_within(shared_->options.idle_timeout);
    read_request();
    wait_readable();
  }

  void linger() {
    state_ = State::kLingering;
    ErrorCodeAsio error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    input_ = std::string();
    expect_within(kLingerTime);
    wait_readable();
  }

  // Deadlines. One timer, which is moved only when it must ring earlier than set.

  void expect_within(Milliseconds time) {
    deadline_ = std::chrono::steady_clock::now() + time;
    if (timer_set_ && timer_.expiry() <= *deadline_) return;
    set_timer(*deadline_);
  }

  void set_timer(Time when) {
    timer_set_ = true;
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](const ErrorCodeAsio& error) {
      const auto self = weak.lock();
      if (error || !self || self->state_ == State::kClosed) return;
      self->timer_set_ = false;
      if (!self->deadline_) return;
      if (std::chrono::steady_clock::now() < *self->deadline_) return self->set_timer(*self->deadline_);
      self->timed_out();
    });
  }

  void timed_out() {
    deadline_.reset();
    if (state_ == State::kReading && reader_) return refuse(HttpProblem{408, "the request did not arrive in time"});
    close();
  }

  /// The handler's deadline of each request, on a timer that goes on ringing for later requests: most are answered long before.
  void start_app_timer(Milliseconds delay, std::function<void()> job) {
    if (state_ != State::kAnswering) return;
    app_job_ = std::move(job);
    app_deadline_ = std::chrono::steady_clock::now() + delay;
    if (!app_timer_) app_timer_.emplace(loop_->context());
    if (app_timer_set_ && app_timer_->expiry() <= app_deadline_) return;
    set_app_timer();
  }

  void set_app_timer() {
    app_timer_set_ = true;
    app_timer_->expires_at(app_deadline_);
    app_timer_->async_wait([weak = weak_from_this()](const ErrorCodeAsio& error) {
      const auto self = weak.lock();
      if (error || !self || self->state_ == State::kClosed) return;
      self->app_timer_set_ = false;
      if (!self->app_job_) return;
      if (std::chrono::steady_clock::now() < self->app_deadline_) return self->set_app_timer();
      std::exchange(self->app_job_, nullptr)();
    });
  }

  const std::shared_ptr<Loop> loop_;  // shared with responders that outlive the server; the socket needs it to the end
  const std::shared_ptr<const ConnectionShared> shared_;
  const Peer peer_;
  const std::function<void(Connection*)> closed_callback_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::optional<asio::steady_timer> app_timer_;
  Time app_deadline_;
  std::function<void()> app_job_;  ///< of the request under way
  bool app_timer_set_ = false;
  State state_ = State::kReading;
  bool draining_ = false;
  bool linger_ = false;
  bool waiting_readable_ = false;
  bool writing_ = false;
  bool answer_complete_ = false;
  bool timer_set_ = false;
  std::optional<Time> deadline_;
  std::array<char, kFirstBytes> first_bytes_;
  std::size_t lingered_bytes_ = 0;
  std::size_t written_ = 0;
  std::string input_;
  std::string output_;
  std::unique_ptr<RequestReader> reader_;
  std::shared_ptr<Exchange> exchange_;  // shared with the handler's responder
};

}  // namespace

std::shared_ptr<Connection> make_connection(std::shared_ptr<Loop> loop, std::shared_ptr<const ConnectionShared> shared, Peer peer,
                                            std::function<void(Connection*)> closed) {
  return std::make_shared<TcpConnection>(std::move(loop), std::move(shared), std::move(peer), std::move(closed));
}

}  // namespace steward::net
