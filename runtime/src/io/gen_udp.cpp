#include <otp/gen_udp.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
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
  UdpPort(Node& node, int descriptor, sa_family_t family, Active active)
      : DescriptorPort(node, descriptor), family_(family), active_(first_active(active)) {}

  sa_family_t family() const noexcept { return family_; }

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

  std::expected<void, InetError> send(Process& self, const SystemAddress& to, std::string_view data,
                                      Nanoseconds deadline) {
    Lock lock(mutex_);
    for (;;) {
      if (closed_) return closed_error();
      const ssize_t sent =
          ::sendto(descriptor_, data.data(), data.size(), MSG_NOSIGNAL, to.get(), to.size);
      if (sent >= 0) return {};
      const int error = last_errno();
      if (error == EINTR) continue;
      if (error != EAGAIN) return std::unexpected(InetError::system(error));
      writable_ = false;
      if (!wait(self, lock, writers_, deadline, [this] { return writable_; }))
        return std::unexpected(InetError::timeout());
    }
  }

  std::expected<gen_udp::Datagram, InetError> recv(Process& self, Nanoseconds deadline) {
    Lock lock(mutex_);
    if (active_.left() != 0) return std::unexpected(InetError::system(EINVAL));
    for (;;) {
      if (closed_) return closed_error();
      if (auto datagram = take()) {
        if (readable_) wake_first(readers_);
        return std::move(*datagram);
      }
      if (error_ != 0) return std::unexpected(InetError::system(std::exchange(error_, 0)));
      if (!wait(self, lock, readers_, deadline, [this] { return readable_; }))
        return std::unexpected(InetError::timeout());
    }
  }

  std::expected<void, InetError> set_active(Active active) {
    const std::lock_guard lock(mutex_);
    if (closed_) return closed_error();
    const auto step = change_active(active_, active);
    if (!step) return std::unexpected(step.error());
    take_step(*step);
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
    } while (count < 0 && last_errno() == EINTR);
    if (count < 0) {
      readable_ = false;
      // An ICMP error about something that was sent: told once.
      if (const int error = last_errno(); error != EAGAIN) error_ = error;
      return std::nullopt;
    }
    return gen_udp::Datagram{to_socket_address(from),
                             std::string(buffer.data(), static_cast<std::size_t>(count))};
  }

  gen_udp::Socket handle() {
    return gen_udp::Socket(std::static_pointer_cast<UdpPort>(shared_from_this()));
  }
  void take_step(const ActiveStep& step) {
    active_ = step.mode;
    if (step.passive) node_.send(owner_, make_value(gen_udp::Passive{handle()}));
  }

  void pump() {
    for (int taken = 0; active_.left() != 0; ++taken) {
      if (taken == datagrams_at_once) {
        node_.schedulers().poller().rearm(descriptor_);
        return;
      }
      try {
        auto datagram = take();
        if (!datagram) return;
        node_.send(owner_, make_value(gen_udp::Data{handle(), std::move(datagram->from),
                                                    std::move(datagram->data)}));
      } catch (const std::bad_alloc&) {
        continue;  // lost, as when there is no room in the system
      }
      take_step(after_message(active_));
    }
  }

  const sa_family_t family_;
  Active active_;
  int error_ = 0;
};

}  // namespace detail

namespace gen_udp {

using detail::closed_error;

std::expected<Socket, InetError> open(std::uint16_t port, const Options& options) {
  const detail::Process& self = detail::require_process("gen_udp::open");
  const auto address = detail::literal_address(options.ip, port);
  if (!address) return std::unexpected(address.error());
  const auto descriptor = detail::open_socket(*address, SOCK_DGRAM, options.reuseaddr,
                                              {.receive = options.recbuf, .send = options.sndbuf});
  if (!descriptor) return std::unexpected(descriptor.error());
  const auto created = std::make_shared<detail::UdpPort>(
      *self.node, *descriptor, address->storage.ss_family, options.active);
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
  detail::Process& self = detail::require_process("gen_udp::send");
  if (!socket) return closed_error();
  const auto addresses = detail::resolve(to.ip, to.port);
  if (!addresses) return std::unexpected(addresses.error());
  // Of a name's addresses one that the socket can reach; of none such the system says why not.
  const auto fits = std::ranges::find(*addresses, socket.port()->family(),
                                      [](const auto& each) { return each.storage.ss_family; });
  const auto& address = fits == addresses->end() ? addresses->front() : *fits;
  return socket.port()->send(self, address, data, detail::never);
}

std::expected<Datagram, InetError> recv(const Socket& socket, Timeout timeout) {
  detail::Process& self = detail::require_process("gen_udp::recv");
  if (!socket) return closed_error();
  return socket.port()->recv(self, detail::deadline_of(self, timeout));
}

std::expected<void, InetError> set_active(const Socket& socket, Active active) {
  detail::require_process("gen_udp::set_active");
  return socket ? socket.port()->set_active(active) : closed_error();
}

std::expected<void, InetError> controlling_process(const Socket& socket, Pid owner) {
  const detail::Process& giver = detail::require_process("gen_udp::controlling_process");
  return socket ? socket.port()->give_to(giver, owner) : closed_error();
}

void close(const Socket& socket) {
  detail::require_process("gen_udp::close");
  if (socket) socket.port()->close();
}

std::expected<SocketAddress, InetError> sockname(const Socket& socket) {
  return socket ? socket.port()->local_address() : closed_error();
}

}  // namespace gen_udp
}  // namespace otp
