#include <gtest/gtest.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <thread>

#include "steward/core/files.h"
#include "steward/net/client.h"
#include "steward/net/test_server.h"

namespace steward::net {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

struct Identity {
  Key key;
  Certificate certificate;
};

void extend(X509* certificate, int extension, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension, value.c_str());
  X509_add_ext(certificate, made, -1);
  X509_EXTENSION_free(made);
}

/// Signed by `issuer`, or by itself: an authority.
Identity make_identity(const std::string& name, const std::string& alternatives, const Identity* issuer, long from_s = -60) {
  Identity out;
  out.key.reset(EVP_EC_gen("P-256"));
  out.certificate.reset(X509_new());
  X509* certificate = out.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer ? 2 : 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), from_s + 7200);
  X509_set_pubkey(certificate, out.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()),
                             -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer->certificate.get() : certificate));
  extend(certificate, NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
  if (!alternatives.empty()) extend(certificate, NID_subject_alt_name, alternatives);
  X509_sign(certificate, issuer ? issuer->key.get() : out.key.get(), EVP_sha256());
  return out;
}

std::string write_pem(const std::string& name, X509* certificate) {
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  const std::string path = ::testing::TempDir() + name + "-" + std::to_string(::getpid()) + ".pem";
  EXPECT_TRUE(write_file_atomic(path, {bytes, static_cast<std::size_t>(size)}));
  BIO_free(memory);
  return path;
}

/// A TLS server for one identity that answers every request on every connection with "ok".
class TlsServer {
 public:
  explicit TlsServer(const Identity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose client has left
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
    server_ = std::make_unique<testing::ScriptedServer>([this](testing::ServerPeer& peer, int) { serve(peer.socket()); });
  }
  std::uint16_t port() const { return server_->port(); }
  int connections() const { return server_->connections(); }

 private:
  void serve(int socket) {
    const std::unique_ptr<SSL, Deleter<SSL_free>> tls(SSL_new(context_.get()));
    SSL_set_fd(tls.get(), socket);
    if (SSL_accept(tls.get()) != 1) return;
    std::string input;
    char buffer[4096];
    for (int got; (got = SSL_read(tls.get(), buffer, sizeof buffer)) > 0;) {
      input.append(buffer, static_cast<std::size_t>(got));
      if (!input.ends_with("\r\n\r\nbody")) continue;
      input.clear();
      constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      SSL_write(tls.get(), kOk.data(), static_cast<int>(kOk.size()));
    }
  }

  const std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>> context_;
  std::unique_ptr<testing::ScriptedServer> server_;
};

class Collector final : public ReplyHandler {
 public:
  void on_head(ClientCall&, const ReplyHead&) override {}
  void on_body(ClientCall&, std::string_view bytes) override { body_ += bytes; }
  std::optional<std::chrono::milliseconds> retry_after(const Result<void>&, CallProgress) override { return std::nullopt; }
  void on_done(Result<void> result, CallProgress) override { done_.set_value(result ? body_ : "error: " + result.error().message); }
  std::string wait() { return done_.get_future().get(); }

 private:
  std::string body_;
  std::promise<std::string> done_;
};

class ClientTls : public ::testing::Test {
 protected:
  static std::string ask(Client& client) {
    const auto collector = std::make_shared<Collector>();
    EXPECT_TRUE(client.start({"POST", "/", "body"}, collector));
    return collector->wait();
  }
  static std::unique_ptr<Client> client_of(const TlsServer& server, const std::string& host, const std::string& ca_file) {
    ClientOptions options;
    options.host = host;
    options.port = server.port();
    options.security = ClientOptions::Security::kTls;
    options.ca_file = ca_file;
    return Client::open(options).value();
  }

  const Identity authority_ = make_identity("Test authority", "", nullptr);
  const std::string ca_file_ = write_pem("authority", authority_.certificate.get());
};

TEST_F(ClientTls, TrustsItsAuthorityAndKeepsTheConnection) {
  const TlsServer server(make_identity("x", "DNS:localhost,IP:127.0.0.1", &authority_));
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const auto client = client_of(server, host, ca_file_);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*client), "ok") << host;
  }
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientTls, AnUnknownAuthorityIsRefused) {
  const TlsServer server(make_identity("x", "DNS:localhost", &authority_));
  EXPECT_TRUE(ask(*client_of(server, "localhost", "")).starts_with("error: no TLS with the server")) << "the system does not know it";
  const Identity other = make_identity("Another authority", "", nullptr);
  EXPECT_TRUE(
      ask(*client_of(server, "localhost", write_pem("other", other.certificate.get()))).starts_with("error: no TLS with the server"));
}

TEST_F(ClientTls, AnotherNameIsRefused) {
  const TlsServer server(make_identity("localhost", "DNS:example.org,IP:127.0.0.2", &authority_));
  for (const char* host : {"localhost", "127.0.0.1"})
    EXPECT_TRUE(ask(*client_of(server, host, ca_file_)).starts_with("error: no TLS with the server")) << host;
}

TEST_F(ClientTls, AnOldCertificateIsRefused) {
  const TlsServer server(make_identity("x", "DNS:localhost", &authority_, -100'000));
  EXPECT_TRUE(ask(*client_of(server, "localhost", ca_file_)).starts_with("error: no TLS with the server"));
}

TEST_F(ClientTls, APlainServerIsRefused) {
  testing::ScriptedServer server([](testing::ServerPeer& peer, int) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    peer.hang();
  });
  ClientOptions options;
  options.host = "localhost";
  options.port = server.port();
  options.security = ClientOptions::Security::kTls;
  options.ca_file = ca_file_;
  const auto client = Client::open(options).value();
  EXPECT_TRUE(ask(*client).starts_with("error: no TLS with the server"));
}

TEST_F(ClientTls, AFileWithoutAuthoritiesIsAnErrorAtOnce) {
  ClientOptions options;
  options.host = "localhost";
  options.security = ClientOptions::Security::kTls;
  for (const char* file : {"/none.pem", "/dev/null"}) {
    options.ca_file = file;
    EXPECT_FALSE(Client::open(options)) << file;
  }
}

}  // namespace
}  // namespace steward::net
