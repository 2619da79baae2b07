#include <otp/gen_udp.h>

#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "io/descriptor_port.h"
#include "io/resolve.h"
#include "process/await_answer.h"

namespace otp {
namespace detail {
namespace {

constexpr int datagrams_at_once = 64;  // then others' events are looked at

}  // namespace

class UdpPort final : public DescriptorPort {
 public:
  UdpPort(Node& node, int descriptor, Active active)
      : DescriptorPort(node, descriptor), active_(active) {}

  void ready(std::uint32_t events) noexcept override {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    note_events(events);
    if (writable_) wake_all(writers_);
    if (active_.left() != 0) {
      pump();
    } else if (readable_) {
      wake_first(readers_);
    }
  }

  std::expected<void, InetError> send(const SystemAddress& to, std::string_view data,
                                      Nanoseconds deadline) {
    Lock lock(mutex_);
    for (;;) {
      if (closed_) return std::unexpected(InetError::closed());
      const ssize_t sent =
          ::sendto(descriptor_, data.data(), data.size(), MSG_NOSIGNAL, to.get(), to.size);
      if (sent >= 0) return {};
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return std::unexpected(InetError::system(errno));
      writable_ = false;
      if (!wait(lock, writers_, deadline, [this] { return writable_; }))
        return std::unexpected(InetError::timeout());
    }
  }

  std::expected<gen_udp::Datagram, InetError> recv(Nanoseconds deadline) {
    Lock lock(mutex_);
    if (active_.left() != 0) return std::unexpected(InetError::system(EINVAL));
    for (;;) {
      if (closed_) return std::unexpected(InetError::closed());
      if (auto datagram = take()) {
        if (readable_) wake_first(readers_);
        return std::move(*datagram);
      }
      if (error_ != 0) return std::unexpected(InetError::system(std::exchange(error_, 0)));
      if (!wait(lock, readers_, deadline, [this] { return readable_; }))
        return std::unexpected(InetError::timeout());
    }
  }

  std::expected<void, InetError> set_active(Active active) {
    const std::lock_guard lock(mutex_);
    if (closed_) return std::unexpected(InetError::closed());
    if (active.tells() && active_.left() > 0)
      active = Active::times(static_cast<std::int16_t>(active_.left() + active.left()));
    active_ = active;
    pump();
    return {};
  }

 private:
  std::optional<gen_udp::Datagram> take() {
    if (!readable_) return std::nullopt;
    const std::span<char> buffer = thread_buffer();
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    ssize_t count = 0;
    do {
      count = ::recvfrom(descriptor_, buffer.data(), buffer.size(), 0,
                         reinterpret_cast<sockaddr*>(&from), &size);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
      readable_ = false;
      // An ICMP error about something that was sent: told once.
      if (errno != EAGAIN) error_ = errno;
      return std::nullopt;
    }
    return gen_udp::Datagram{to_socket_address(from),
                             std::string(buffer.data(), static_cast<std::size_t>(count))};
  }

  void pump() {
    const gen_udp::Socket handle(std::static_pointer_cast<UdpPort>(shared_from_this()));
    for (int taken = 0; active_.left() != 0; ++taken) {
      if (taken == datagrams_at_once) {
        node_.schedulers().poller().rearm(descriptor_);
        return;
      }
      auto datagram = take();
      if (!datagram) return;
      node_.send(owner_, make_value(gen_udp::Data{handle, std::move(datagram->from),
                                                  std::move(datagram->data)}));
      if (active_.left() < 0) continue;
      if (active_.left() > 1) {
        active_ = Active::times(static_cast<std::int16_t>(active_.left() - 1));
        continue;
      }
      if (active_.tells()) node_.send(owner_, make_value(gen_udp::Passive{handle}));
      active_ = Active::off();
    }
  }

  Active active_;
  int error_ = 0;
};

namespace {

std::unexpected<InetError> closed_handle() { return std::unexpected(InetError::closed()); }

}  // namespace
}  // namespace detail

namespace gen_udp {

using detail::closed_handle;

std::expected<Socket, InetError> open(std::uint16_t port, const Options& options) {
  const detail::Process& self = detail::require_process("gen_udp::open");
  const auto address = detail::literal_address(options.ip, port);
  if (!address) return std::unexpected(address.error());
  const auto descriptor = detail::open_socket(*address, SOCK_DGRAM, options.reuseaddr,
                                              {.receive = options.recbuf, .send = options.sndbuf});
  if (!descriptor) return std::unexpected(descriptor.error());
  const auto created = std::make_shared<detail::UdpPort>(*self.node, *descriptor, options.active);
  const int on = 1;
  if (options.broadcast) setsockopt(*descriptor, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  if (::bind(*descriptor, address->get(), address->size) != 0)
    return std::unexpected(InetError::system(errno));
  if (const auto opened = created->open(self.pid()); !opened)
    return std::unexpected(opened.error());
  return Socket(created);
}

std::expected<void, InetError> send(const Socket& socket, const SocketAddress& to,
                                    std::string_view data) {
  detail::require_process("gen_udp::send");
  if (!socket) return closed_handle();
  const auto addresses = detail::resolve(to.ip, to.port);
  if (!addresses) return std::unexpected(addresses.error());
  return socket.port()->send(addresses->front(), data, detail::never);
}

std::expected<Datagram, InetError> recv(const Socket& socket, Timeout timeout) {
  const detail::Process& self = detail::require_process("gen_udp::recv");
  if (!socket) return closed_handle();
  return socket.port()->recv(detail::deadline_of(self, timeout));
}

std::expected<void, InetError> set_active(const Socket& socket, Active active) {
  detail::require_process("gen_udp::set_active");
  return socket ? socket.port()->set_active(active) : closed_handle();
}

std::expected<void, InetError> controlling_process(const Socket& socket, Pid owner) {
  detail::require_process("gen_udp::controlling_process");
  return socket ? socket.port()->give_to(owner) : closed_handle();
}

void close(const Socket& socket) {
  detail::require_process("gen_udp::close");
  if (socket) socket.port()->close();
}

std::expected<SocketAddress, InetError> sockname(const Socket& socket) {
  return socket ? socket.port()->local_address() : closed_handle();
}

}  // namespace gen_udp
}  // namespace otp
