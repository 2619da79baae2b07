#include <otp/gen_tcp.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include <otp/receive.h>

#include "io/descriptor_port.h"
#include "io/resolve.h"
#include "io/tcp_port.h"
#include "process/await_answer.h"

namespace otp {
namespace detail {

class ListenPort final : public DescriptorPort {
 public:
  ListenPort(Node& node, int descriptor, gen_tcp::Options options)
      : DescriptorPort(node, descriptor), options_(std::move(options)) {}

  const gen_tcp::Options& options() const noexcept { return options_; }

  void ready(std::uint32_t events) noexcept override {
    const std::lock_guard lock(mutex_);
    note_events(events);
    wake_first(readers_);
  }

  std::expected<int, InetError> accept(Process& self, Nanoseconds deadline) {
    Lock lock(mutex_);
    for (;;) {
      if (!wait(self, lock, readers_, deadline, [this] { return readable_; }))
        return std::unexpected(InetError::timeout());
      if (closed_) return closed_error();
      const int descriptor = accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor >= 0) {
        wake_first(readers_);  // there may be more
        return descriptor;
      }
      switch (const int error = last_errno()) {
        case EAGAIN:
          readable_ = false;
          break;
        // The peer has gone away while its connection waited: not our caller's business.
        case ECONNABORTED:
        case EPROTO:
        case EINTR:
          break;
        default:
          return std::unexpected(InetError::system(error));
      }
    }
  }

 private:
  gen_tcp::Options options_;
};

namespace {

using gen_tcp::Options;

std::unexpected<InetError> last_error() { return std::unexpected(InetError::system(last_errno())); }

void set_option(int descriptor, int level, int name, int value) noexcept {
  setsockopt(descriptor, level, name, &value, sizeof value);
}

std::expected<int, InetError> open_stream(const SystemAddress& address, const Options& options) {
  return open_socket(address, SOCK_STREAM, options.reuseaddr,
                     {.receive = options.recbuf, .send = options.sndbuf});
}

void set_stream_options(int descriptor, const Options& options) noexcept {
  if (options.nodelay) set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.keepalive) set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/// What has come to the former owner already goes to the new one.
template <class... M>
void forward(const gen_tcp::Socket& socket, Pid owner) {
  const auto of_socket = [&](const auto& message) { return message.socket == socket; };
  const auto each = [&]<class T>(std::type_identity<T>) {
    while (auto message = receive_value_if<T>(of_socket)) otp::send(owner, std::move(*message));
  };
  (each(std::type_identity<M>()), ...);
}

}  // namespace
}  // namespace detail

namespace gen_tcp {

using detail::closed_error;

std::expected<ListenSocket, InetError> listen(std::uint16_t port, const Options& options) {
  const detail::Process& self = detail::require_process("gen_tcp::listen");
  const auto address = detail::literal_address(options.ip, port);
  if (!address) return std::unexpected(address.error());
  const auto descriptor = detail::open_stream(*address, options);
  if (!descriptor) return std::unexpected(descriptor.error());
  const auto created = std::make_shared<detail::ListenPort>(*self.node, *descriptor, options);
  if (::bind(*descriptor, address->get(), address->size) != 0 ||
      ::listen(*descriptor, options.backlog) != 0)
    return detail::last_error();
  if (const auto opened = created->open(self.pid()); !opened)
    return std::unexpected(opened.error());
  return ListenSocket(created);
}

std::expected<Socket, InetError> accept(const ListenSocket& listener, Timeout timeout) {
  detail::Process& self = detail::require_process("gen_tcp::accept");
  if (!listener) return closed_error();
  const auto descriptor = listener.port()->accept(self, detail::deadline_of(self, timeout));
  if (!descriptor) return std::unexpected(descriptor.error());
  const Options& options = listener.port()->options();
  detail::set_stream_options(*descriptor, options);
  const auto created = std::make_shared<detail::TcpPort>(*self.node, *descriptor, options);
  if (const auto opened = created->open(self.pid()); !opened)
    return std::unexpected(opened.error());
  return Socket(created);
}

std::expected<Socket, InetError> connect(const std::string& host, std::uint16_t port,
                                         const Options& options, Timeout timeout) {
  detail::Process& self = detail::require_process("gen_tcp::connect");
  const detail::Nanoseconds deadline = detail::deadline_of(self, timeout);
  const auto local = detail::literal_address(options.ip, 0);
  if (!local) return std::unexpected(local.error());
  const auto addresses = detail::resolve(host, port);
  if (!addresses) return std::unexpected(addresses.error());
  InetError error =
      InetError::other("nxdomain", host + " has no address to reach from " + options.ip);
  for (const detail::SystemAddress& address : *addresses) {
    if (!options.ip.empty() && address.storage.ss_family != local->storage.ss_family) continue;
    const auto descriptor = detail::open_stream(address, options);
    if (!descriptor) {
      error = descriptor.error();
      continue;
    }
    const auto created = std::make_shared<detail::TcpPort>(*self.node, *descriptor, options);
    detail::set_stream_options(*descriptor, options);
    if (!options.ip.empty() && ::bind(*descriptor, local->get(), local->size) != 0)
      return detail::last_error();
    if (::connect(*descriptor, address.get(), address.size) != 0 &&
        detail::last_errno() != EINPROGRESS) {
      error = InetError::system(detail::last_errno());
      continue;
    }
    created->begin_connecting();
    if (const auto opened = created->open(self.pid()); !opened)
      return std::unexpected(opened.error());
    const auto connected = created->await_connected(self, deadline);
    if (connected) return Socket(created);
    created->close();
    error = connected.error();
    if (error == "timeout") break;
  }
  return std::unexpected(error);
}

std::expected<void, InetError> send(const Socket& socket, std::string_view data) {
  detail::Process& self = detail::require_process("gen_tcp::send");
  return socket ? socket.port()->send(self, data) : closed_error();
}

std::expected<std::string, InetError> recv(const Socket& socket, std::size_t length,
                                           Timeout timeout) {
  detail::Process& self = detail::require_process("gen_tcp::recv");
  if (!socket) return closed_error();
  return socket.port()->recv(self, length, detail::deadline_of(self, timeout));
}

std::expected<void, InetError> shutdown_write(const Socket& socket) {
  detail::Process& self = detail::require_process("gen_tcp::shutdown_write");
  return socket ? socket.port()->shutdown_write(self) : closed_error();
}

void close(const Socket& socket) {
  detail::require_process("gen_tcp::close");
  if (socket) socket.port()->close_gracefully();
}
void close(const ListenSocket& listener) {
  detail::require_process("gen_tcp::close");
  if (listener) listener.port()->close();
}

std::expected<void, InetError> controlling_process(const Socket& socket, Pid owner) {
  const detail::Process& giver = detail::require_process("gen_tcp::controlling_process");
  if (!socket) return closed_error();
  // Nothing new may overtake what has come already.
  if (const auto paused = socket.port()->pause(giver); !paused) return paused;
  struct Resume {
    detail::TcpPort& port;
    ~Resume() { port.resume(); }
  } const resume{*socket.port()};
  auto given = socket.port()->give_to(giver, owner);
  if (given && owner != giver.pid()) detail::forward<Data, Passive, Error, Closed>(socket, owner);
  return given;
}
std::expected<void, InetError> controlling_process(const ListenSocket& listener, Pid owner) {
  const detail::Process& giver = detail::require_process("gen_tcp::controlling_process");
  return listener ? listener.port()->give_to(giver, owner) : closed_error();
}

std::expected<void, InetError> set_active(const Socket& socket, Active active) {
  detail::require_process("gen_tcp::set_active");
  return socket ? socket.port()->set_active(active) : closed_error();
}
std::expected<void, InetError> set_packet(const Socket& socket, Packet packet) {
  detail::require_process("gen_tcp::set_packet");
  return socket ? socket.port()->set_packet(packet) : closed_error();
}

std::expected<SocketAddress, InetError> peername(const Socket& socket) {
  return socket ? socket.port()->peer_address() : closed_error();
}
std::expected<SocketAddress, InetError> sockname(const Socket& socket) {
  return socket ? socket.port()->local_address() : closed_error();
}
std::expected<SocketAddress, InetError> sockname(const ListenSocket& listener) {
  return listener ? listener.port()->local_address() : closed_error();
}

}  // namespace gen_tcp
}  // namespace otp
