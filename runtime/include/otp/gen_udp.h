// gen_udp: datagrams.
//
//   auto socket = otp::gen_udp::open(0, {.active = otp::Active::off()}).value();
//   otp::gen_udp::send(socket, {"127.0.0.1", 5353}, "who is there?");
//   otp::gen_udp::Datagram answer = otp::gen_udp::recv(socket, 1s).value();
//
// Ownership, active mode and errors are gen_tcp's. A datagram that is not asked for waits in the
// system's buffer, and is lost when that is full. Process only. Source: gen_udp(3).
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include <otp/inet.h>
#include <otp/process.h>

namespace otp {

namespace detail {
class UdpPort;
}

namespace gen_udp {

struct Options {
  /// Where to receive; empty: everywhere.
  std::string ip{};
  Active active = Active::on();
  bool reuseaddr = false;
  bool broadcast = false;
  /// Bytes of the system's buffers; 0: as it likes.
  int recbuf = 0;
  int sndbuf = 0;
};

class Socket {
 public:
  Socket() = default;
  explicit Socket(std::shared_ptr<detail::UdpPort> port) noexcept : port_(std::move(port)) {}
  explicit operator bool() const noexcept { return port_ != nullptr; }
  friend bool operator==(const Socket&, const Socket&) = default;
  detail::UdpPort* port() const noexcept { return port_.get(); }

 private:
  std::shared_ptr<detail::UdpPort> port_;
};

struct Datagram {
  SocketAddress from;
  std::string data;
};

// ---- What the owner of an active socket gets ----

struct Data {
  Socket socket;
  SocketAddress from;
  std::string data;
};
/// Active::times has run out.
struct Passive {
  Socket socket;
};

/// Port 0 takes a free one: see sockname.
std::expected<Socket, InetError> open(std::uint16_t port, const Options& options = {});
/// `to.ip` is an address or a name; of a name the first address of the socket's own family.
std::expected<void, InetError> send(const Socket& socket, const SocketAddress& to,
                                    std::string_view data);
std::expected<Datagram, InetError> recv(const Socket& socket, Timeout timeout = infinity);
std::expected<void, InetError> set_active(const Socket& socket, Active active);
/// Gives it to another process; errors are gen_tcp's. Call it before anything arrives, or in
/// passive mode.
std::expected<void, InetError> controlling_process(const Socket& socket, Pid owner);
void close(const Socket& socket);
std::expected<SocketAddress, InetError> sockname(const Socket& socket);

}  // namespace gen_udp
}  // namespace otp
