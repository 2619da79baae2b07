// gen_tcp: streams over TCP, and over TLS (see <otp/ssl.h>).
//
//   auto listener = otp::gen_tcp::listen(7000, {.active = otp::Active::off()}).value();
//   otp::gen_tcp::Socket socket = otp::gen_tcp::accept(listener).value();
//   while (auto data = otp::gen_tcp::recv(socket)) otp::gen_tcp::send(socket, *data);
//
// - A socket belongs to the process that opened or accepted it, is closed when that one ends, and
//   can be given away with controlling_process. A handle is a value: copy it, send it; whoever has
//   one may send and, in passive mode, receive.
// - Active mode (the default, as in OTP): what arrives is sent to the owner as Data, Closed, Error
//   and Passive. A generated server gets them in handle_info. Passive mode: recv. Active::once()
//   and Active::times(n) are active mode with back-pressure: what the owner has not asked for stays
//   in the system's buffers, and the peer waits.
// - Every call looks as if it blocked: its process waits, its thread serves others. Exit signals
//   end the wait. Names are resolved on the blocking pool, and nothing cuts that short.
// - send returns when the system has taken the data or at most 8 KiB of it waits in the socket;
//   with more it waits until less than 4 KiB do (high_watermark, low_watermark). Data of one send
//   stays together whoever else sends.
// - close lets what waits go out first, as long as the peer takes some of it every 30 seconds. Who
//   waits in recv or send meanwhile gets `closed`.
// - A reset by the peer is an end as another, as OTP has it by default (show_econnreset): `closed`,
//   and in active mode Closed alone. So is whatever goes wrong in send.
// Process only. Source: gen_tcp(3), inet(3).
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include <otp/inet.h>
#include <otp/process.h>

namespace otp {

namespace detail {
class TcpPort;
class ListenPort;
}  // namespace detail

namespace gen_tcp {

/// How the stream is cut into what recv returns and active mode sends.
enum class Packet : std::uint8_t {
  raw,      ///< as it comes
  line,     ///< to each newline, which is part of it
  length1,  ///< each has its length before it, of 1, 2 or 4 bytes, most significant first;
  length2,  ///< send writes it, recv takes it off
  length4,
};

struct Options {
  /// Where to listen, or to connect from; empty: everywhere.
  std::string ip{};
  Active active = Active::on();
  Packet packet = Packet::raw;
  /// One that is longer closes the socket with `emsgsize`; a longer line is cut into pieces of this
  /// size. 0: any, and for lines 64 KiB.
  std::size_t packet_size = 0;
  bool reuseaddr = false;
  bool nodelay = false;
  bool keepalive = false;
  /// Of a listener: how many connections wait to be accepted.
  int backlog = 5;
  /// Bytes of the system's buffers; 0: as it likes.
  int recbuf = 0;
  int sndbuf = 0;
  std::size_t high_watermark = 8192;
  std::size_t low_watermark = 4096;
  /// How long send may take; then it returns `timeout`.
  Timeout send_timeout = infinity;
  /// And closes the socket.
  bool send_timeout_close = false;
};

/// A handle of a connection; the default one of none.
class Socket {
 public:
  Socket() = default;
  explicit Socket(std::shared_ptr<detail::TcpPort> port) noexcept : port_(std::move(port)) {}
  explicit operator bool() const noexcept { return port_ != nullptr; }
  friend bool operator==(const Socket&, const Socket&) = default;
  detail::TcpPort* port() const noexcept { return port_.get(); }

 private:
  std::shared_ptr<detail::TcpPort> port_;
};
class ListenSocket {
 public:
  ListenSocket() = default;
  explicit ListenSocket(std::shared_ptr<detail::ListenPort> port) noexcept
      : port_(std::move(port)) {}
  explicit operator bool() const noexcept { return port_ != nullptr; }
  friend bool operator==(const ListenSocket&, const ListenSocket&) = default;
  detail::ListenPort* port() const noexcept { return port_.get(); }

 private:
  std::shared_ptr<detail::ListenPort> port_;
};

// ---- What the owner of an active socket gets ----

struct Data {
  Socket socket;
  std::string data;
};
/// The peer has closed it, or it broke: the last message.
struct Closed {
  Socket socket;
};
/// Before Closed, when it broke otherwise than by a reset.
struct Error {
  Socket socket;
  InetError reason;
};
/// Active::times has run out.
struct Passive {
  Socket socket;
};

// ---- Operations ----

/// Port 0 takes a free one: see sockname. Connections inherit the options.
std::expected<ListenSocket, InetError> listen(std::uint16_t port, const Options& options = {});
/// The next connection; it belongs to the caller.
std::expected<Socket, InetError> accept(const ListenSocket& listener, Timeout timeout = infinity);
/// To a name or an address: to one address of a name after the other, with `options.ip` of its
/// family alone. The time is for all of them together; it does not cut the search for a name short.
/// `nxdomain` when there is no address.
std::expected<Socket, InetError> connect(const std::string& host, std::uint16_t port,
                                         const Options& options = {}, Timeout timeout = infinity);
std::expected<void, InetError> send(const Socket& socket, std::string_view data);
/// Of a raw socket exactly `length` bytes, or with 0 what there is; of others a packet, and
/// `length` must be 0. `einval` in active mode. This, send and shutdown_write return `ealready`
/// while the handshake of TLS is under way.
std::expected<std::string, InetError> recv(const Socket& socket, std::size_t length = 0,
                                           Timeout timeout = infinity);
/// Sends nothing more; what the peer sends can still be received. Waits until all has gone out, at
/// most for send_timeout; after `timeout` the end still follows what waits, and who asks again
/// waits again.
std::expected<void, InetError> shutdown_write(const Socket& socket);
/// Nothing happens when it is closed already.
void close(const Socket& socket);
void close(const ListenSocket& listener);

/// Gives the socket to another process, with what it has sent to the caller already. `not_owner`
/// unless the caller owns it; `badarg` when the other one is dead, and the caller keeps it.
std::expected<void, InetError> controlling_process(const Socket& socket, Pid owner);
std::expected<void, InetError> controlling_process(const ListenSocket& listener, Pid owner);

/// inet:setopts(Socket, [{active, ...}]). Any process.
std::expected<void, InetError> set_active(const Socket& socket, Active active);
std::expected<void, InetError> set_packet(const Socket& socket, Packet packet);

std::expected<SocketAddress, InetError> peername(const Socket& socket);
std::expected<SocketAddress, InetError> sockname(const Socket& socket);
std::expected<SocketAddress, InetError> sockname(const ListenSocket& listener);

}  // namespace gen_tcp
}  // namespace otp
