#include <otp/ssl.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <new>
#include <utility>

#include "io/tcp_port.h"
#include "process/await_answer.h"

namespace otp::ssl {

struct Context::Impl {
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{nullptr, &SSL_CTX_free};
};

namespace {

using detail::Nanoseconds;

/// What OpenSSL says about the last failure, and its queue of errors is empty.
std::string complaint() {
  std::string text;
  while (const unsigned long error = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(error);
    if (reason != nullptr && text.find(reason) == std::string::npos)
      text += (text.empty() ? "" : "; ") + std::string(reason);
  }
  return text.empty() ? "unknown error" : text;
}

/// OpenSSL's memory keeps for the life of a connection the most that it has held: no more than a
/// record at once.
constexpr std::size_t piece_size = std::size_t{16} * 1024;

std::string_view take_piece(std::string_view& bytes) {
  const std::string_view piece = bytes.substr(0, piece_size);
  bytes.remove_prefix(piece.size());
  return piece;
}

/// A connection's TLS over buffers in memory: the port moves the bytes.
class TlsCodec final : public detail::StreamCodec {
 public:
  explicit TlsCodec(const Context& context)
      : context_(context.impl()), ssl_(SSL_new(context_->context.get()), &SSL_free) {
    if (ssl_ == nullptr) throw std::bad_alloc();
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }

  SSL* ssl() noexcept { return ssl_.get(); }

  std::expected<bool, InetError> handshake(std::string_view arrived, std::string& output) override {
    do {
      receive(take_piece(arrived));
      ERR_clear_error();
      const int result = SSL_do_handshake(ssl_.get());
      take_output(output);
      if (result == 1) {
        receive(arrived);  // is decoded next
        return true;
      }
      if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ)
        return std::unexpected(failure());
    } while (!arrived.empty());
    return false;
  }

  std::expected<void, InetError> decode(std::string_view arrived, std::string& data,
                                        std::string& output) override {
    int error = SSL_ERROR_NONE;
    do {
      receive(take_piece(arrived));
      error = decode_received(data);
    } while (error == SSL_ERROR_WANT_READ && !arrived.empty());
    take_output(output);
    switch (error) {
      case SSL_ERROR_WANT_READ:
        return {};
      case SSL_ERROR_ZERO_RETURN:
        ended_ = true;
        return {};
      default:
        return std::unexpected(failure());
    }
  }

  std::expected<void, InetError> encode(std::string_view data, std::string& output) override {
    while (!data.empty()) {
      const std::string_view piece = take_piece(data);
      std::size_t written = 0;  // all of it
      ERR_clear_error();
      if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &written) != 1)
        return std::unexpected(failure());
      take_output(output);
    }
    return {};
  }

  bool ended() const noexcept override { return ended_; }
  void end(std::string& output) override {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    take_output(output);
  }

 private:
  void receive(std::string_view arrived) {
    std::size_t taken = 0;
    if (!arrived.empty() &&
        BIO_write_ex(SSL_get_rbio(ssl_.get()), arrived.data(), arrived.size(), &taken) != 1)
      throw std::bad_alloc();
  }
  /// Until OpenSSL needs more, or the end; why it has stopped.
  int decode_received(std::string& data) {
    std::array<char, piece_size> record;
    std::size_t count = 0;
    ERR_clear_error();
    int result = 0;
    while ((result = SSL_read_ex(ssl_.get(), record.data(), record.size(), &count)) == 1)
      data.append(record.data(), count);
    return SSL_get_error(ssl_.get(), result);
  }
  /// By reading: a reset would clear all that the memory has ever grown to.
  void take_output(std::string& output) {
    BIO* bio = SSL_get_wbio(ssl_.get());
    const std::size_t size = BIO_ctrl_pending(bio);
    if (size == 0) return;
    const std::size_t before = output.size();
    output.resize(before + size);
    std::size_t taken = 0;
    BIO_read_ex(bio, output.data() + before, size, &taken);
  }
  InetError failure() {
    const long verified = SSL_get_verify_result(ssl_.get());
    std::string text = complaint();
    if (verified != X509_V_OK) text += std::string(": ") + X509_verify_cert_error_string(verified);
    return InetError::other("tls_alert", std::move(text));
  }

  std::shared_ptr<const Context::Impl> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  bool ended_ = false;
};

InetError refused(const std::string& file) {
  return InetError::other("options", file + ": " + complaint());
}

std::expected<std::shared_ptr<Context::Impl>, InetError> make(const SSL_METHOD* method,
                                                              const std::string& certfile,
                                                              const std::string& keyfile) {
  auto impl = std::make_shared<Context::Impl>();
  impl->context.reset(SSL_CTX_new(method));
  SSL_CTX* context = impl->context.get();
  if (context == nullptr) return std::unexpected(refused("OpenSSL"));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // A renegotiation would have to wait for the peer before anything can be sent.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps none
  if (certfile.empty()) return impl;
  if (SSL_CTX_use_certificate_chain_file(context, certfile.c_str()) != 1)
    return std::unexpected(refused(certfile));
  const std::string& key = keyfile.empty() ? certfile : keyfile;
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return std::unexpected(refused(key));
  return impl;
}

/// Whose certificate it has to be. OpenSSL takes an empty name for any, and one with a NUL for what
/// is before it: neither is a name.
bool expect_name(SSL* ssl, const std::string& name) {
  if (name.empty() || name.find('\0') != std::string::npos)
    return SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE;
  in6_addr address{};
  if (inet_pton(AF_INET, name.c_str(), &address) == 1 ||
      inet_pton(AF_INET6, name.c_str(), &address) == 1)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  return SSL_set_tlsext_host_name(ssl, name.c_str()) == 1 && SSL_set1_host(ssl, name.c_str()) == 1;
}

std::expected<void, InetError> start(detail::Process& self, const gen_tcp::Socket& socket,
                                     const Context& context, Nanoseconds deadline,
                                     const std::string* server_name) {
  if (!socket) return detail::closed_error();
  auto codec = std::make_unique<TlsCodec>(context);
  if (server_name == nullptr) {
    SSL_set_accept_state(codec->ssl());
  } else {
    SSL_set_connect_state(codec->ssl());
    ERR_clear_error();
    if (!expect_name(codec->ssl(), *server_name)) {
      gen_tcp::close(socket);  // what follows is not meant to be in the clear
      return std::unexpected(refused("the server's name \"" + *server_name + '"'));
    }
  }
  return socket.port()->start_codec(self, std::move(codec), deadline);
}

}  // namespace

std::expected<Context, InetError> Context::client(const ClientOptions& options) {
  auto impl = make(TLS_client_method(), options.certfile, options.keyfile);
  if (!impl) return std::unexpected(impl.error());
  SSL_CTX* context = (*impl)->context.get();
  SSL_CTX_set_verify(context, options.verify_none ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  const bool trusted =
      options.cacertfile.empty()
          ? SSL_CTX_set_default_verify_paths(context) == 1
          : SSL_CTX_load_verify_locations(context, options.cacertfile.c_str(), nullptr) == 1;
  if (!trusted) return std::unexpected(refused(options.cacertfile));
  return Context(std::move(*impl));
}

std::expected<Context, InetError> Context::server(const ServerOptions& options) {
  if (options.certfile.empty())
    return std::unexpected(InetError::other("options", "a server needs a certfile"));
  auto impl = make(TLS_server_method(), options.certfile, options.keyfile);
  if (!impl) return std::unexpected(impl.error());
  SSL_CTX* context = (*impl)->context.get();
  // Without a name of who made them OpenSSL refuses sessions that a client with a certificate
  // resumes, and the connection with them.
  constexpr std::array<unsigned char, 3> maker{'o', 't', 'p'};
  SSL_CTX_set_session_id_context(context, maker.data(), maker.size());
  if (!options.cacertfile.empty()) {
    if (SSL_CTX_load_verify_locations(context, options.cacertfile.c_str(), nullptr) != 1)
      return std::unexpected(refused(options.cacertfile));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return Context(std::move(*impl));
}

std::expected<gen_tcp::Socket, InetError> connect(const std::string& host, std::uint16_t port,
                                                  const Context& context,
                                                  const gen_tcp::Options& options,
                                                  Timeout timeout) {
  detail::Process& self = detail::require_process("ssl::connect");
  const Nanoseconds deadline = detail::deadline_of(self, timeout);
  gen_tcp::Options at_first = options;
  at_first.active = Active::off();  // what anybody sends in the clear is for the handshake alone
  auto socket = gen_tcp::connect(host, port, at_first, timeout);
  if (!socket) return socket;
  if (const auto started = start(self, *socket, context, deadline, &host); !started)
    return std::unexpected(started.error());
  if (const auto set = gen_tcp::set_active(*socket, detail::first_active(options.active)); !set)
    return std::unexpected(set.error());
  return socket;
}

std::expected<void, InetError> connect(const gen_tcp::Socket& socket,
                                       const std::string& server_name, const Context& context,
                                       Timeout timeout) {
  detail::Process& self = detail::require_process("ssl::connect");
  return start(self, socket, context, detail::deadline_of(self, timeout), &server_name);
}

std::expected<void, InetError> handshake(const gen_tcp::Socket& socket, const Context& context,
                                         Timeout timeout) {
  detail::Process& self = detail::require_process("ssl::handshake");
  return start(self, socket, context, detail::deadline_of(self, timeout), nullptr);
}

}  // namespace otp::ssl
