// ssl: TLS on sockets of gen_tcp.
//
//   auto secure = otp::ssl::Context::client().value();               // trusts the system's roots
//   auto socket = otp::ssl::connect("example.org", 443, secure);     // a gen_tcp::Socket
//
//   auto served =
//       otp::ssl::Context::server({.certfile = "cert.pem", .keyfile = "key.pem"}).value();
//   auto accepted = otp::gen_tcp::accept(listener).value();          // of a passive listener
//   if (!otp::ssl::handshake(accepted, served, 5s)) return;          // closed already
//
// - After its handshake a socket is used with gen_tcp's functions; active mode sends gen_tcp's
//   messages. A connection in the clear becomes one with TLS by `connect` or `handshake`
//   (STARTTLS). It has to be in passive mode, or what the peer says in the clear might pass for
//   data of TLS: listen with Active::off(), and set_active after the handshake.
// - Clients verify the server's chain and name; that can only be turned off by name.
// - The handshake runs in the process that asks for it, so that one slow peer holds up nobody
//   else: accept, give the socket to its own process, shake hands there.
// - Errors of TLS have the reason "tls_alert" and a text. The socket is closed, as after whatever
//   ends a handshake: `timeout`, `closed`, `einval` of a socket in active mode.
// - TLS 1.2 and 1.3, by OpenSSL; without renegotiation.
// Process only, but for making contexts. Source: ssl(3).
#pragma once

#include <expected>
#include <memory>
#include <string>

#include <otp/gen_tcp.h>

namespace otp::ssl {

struct ClientOptions {
  /// PEM files of who is trusted; empty: the system's.
  std::string cacertfile{};
  /// Shown to servers that ask for it.
  std::string certfile{};
  std::string keyfile{};
  /// The server may be anybody: for tests.
  bool verify_none = false;
};
struct ServerOptions {
  std::string certfile{};
  std::string keyfile{};
  /// Whose clients' certificates are trusted; empty: clients need none.
  std::string cacertfile{};
};

/// Keys, certificates and settings: made once, used for any number of connections. A value.
class Context {
 public:
  /// `options` with the file and the line of OpenSSL's complaint when a file cannot be used.
  static std::expected<Context, InetError> client(const ClientOptions& options = {});
  static std::expected<Context, InetError> server(const ServerOptions& options);

  struct Impl;
  const std::shared_ptr<const Impl>& impl() const noexcept { return impl_; }

 private:
  explicit Context(std::shared_ptr<const Impl> impl) noexcept : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

/// gen_tcp::connect and the handshake; the time is for both. `options.active` begins behind the
/// handshake.
std::expected<gen_tcp::Socket, InetError> connect(const std::string& host, std::uint16_t port,
                                                  const Context& context,
                                                  const gen_tcp::Options& options = {},
                                                  Timeout timeout = infinity);
/// The client's handshake on a connection; `server_name` is whose certificate it has to be. Of a
/// name that is nobody's (empty, with a NUL, of more than 255 bytes) `options`, and the socket is
/// closed; with verify_none it may be empty.
std::expected<void, InetError> connect(const gen_tcp::Socket& socket,
                                       const std::string& server_name, const Context& context,
                                       Timeout timeout = infinity);
/// The server's handshake.
std::expected<void, InetError> handshake(const gen_tcp::Socket& socket, const Context& context,
                                         Timeout timeout = infinity);

}  // namespace otp::ssl
