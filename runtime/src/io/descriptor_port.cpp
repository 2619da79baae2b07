#include "io/descriptor_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include "core/reserved_array.h"

namespace otp {

InetError InetError::system(int error) {
  const char* name = strerrorname_np(error);
  std::string reason = name == nullptr ? "eunknown" : name;
  for (char& c : reason) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return {std::move(reason), error, {}};
}

std::string InetError::text() const {
  if (code_ != 0) return std::system_category().message(code_) + " (" + reason_ + ")";
  return detail_.empty() ? reason_ : reason_ + ": " + detail_;
}

namespace detail {

std::expected<ActiveStep, InetError> change_active(Active now, Active wanted) {
  if (!wanted.tells()) return ActiveStep{wanted};
  const std::int32_t sum = (now.tells() ? now.left() : 0) + wanted.left();
  if (sum > std::numeric_limits<std::int16_t>::max())
    return std::unexpected(InetError::system(EINVAL));
  if (sum <= 0) return ActiveStep{Active::off(), true};
  return ActiveStep{Active::times(static_cast<std::int16_t>(sum))};
}

Active first_active(Active wanted) noexcept {
  return wanted.tells() && wanted.left() <= 0 ? Active::off() : wanted;
}

ActiveStep after_message(Active now) noexcept {
  if (now.left() < 0) return {now};
  if (now.left() <= 1) return {Active::off(), now.tells()};
  return {Active::times(static_cast<std::int16_t>(now.left() - 1))};
}

int last_errno() noexcept { return errno; }

DescriptorPort::~DescriptorPort() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::expected<void, InetError> DescriptorPort::open(Pid owner) try {
  Poller& poller = node_.schedulers().poller();
  const std::lock_guard lock(mutex_);
  owner_ = owner;
  const int error =
      poller.add(descriptor_, std::static_pointer_cast<DescriptorPort>(shared_from_this()));
  if (error != 0) return std::unexpected(InetError::system(error));
  // The owner is the process that runs this: it cannot end meanwhile.
  node_.possessions().add(owner, shared_from_this());
  return {};
} catch (const std::system_error& error) {  // the first needs a poller, and there is none to be had
  return std::unexpected(InetError::system(error.code().value()));
}

std::expected<void, InetError> DescriptorPort::give_to(const Process& self, Pid owner) {
  const auto keep = shared_from_this();
  const Pid giver = self.pid();
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return closed_error();
    if (owner_ != giver) return std::unexpected(InetError::other("not_owner", {}));
  }
  if (owner == giver) return {};
  // For a moment it closes with either of them.
  if (!node_.possessions().add(owner, keep)) return std::unexpected(InetError::other("badarg", {}));
  bool given = false;
  {
    const std::lock_guard lock(mutex_);
    given = !closed_;
    if (given) owner_ = owner;
  }
  node_.possessions().remove(given ? giver : owner, *this);
  if (!given) return closed_error();
  return {};
}

void DescriptorPort::close_now(Lock& lock) noexcept {
  if (std::exchange(closed_, true)) return;
  closing();
  node_.schedulers().poller().remove(descriptor_);
  ::close(std::exchange(descriptor_, -1));
  wake_all(readers_);
  wake_all(writers_);
  const Pid owner = owner_;
  const auto keep = shared_from_this();
  lock.unlock();
  node_.possessions().remove(owner, *this);
  lock.lock();
}

void DescriptorPort::close() noexcept {
  Lock lock(mutex_);
  close_now(lock);
}

void DescriptorPort::note_events(std::uint32_t events) noexcept {
  constexpr std::uint32_t over = EPOLLHUP | EPOLLERR;
  // A read stops at urgent data, and before the end; what is behind has had its event already.
  if ((events & (EPOLLPRI | EPOLLRDHUP | over)) != 0) may_stop_short_ = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | over)) != 0) readable_ = true;
  if ((events & (EPOLLOUT | over)) != 0) writable_ = true;
}

std::expected<SocketAddress, InetError> DescriptorPort::local_address() {
  const std::lock_guard lock(mutex_);
  if (closed_) return closed_error();
  return address_of(descriptor_, false);
}

std::span<char> thread_buffer() noexcept {
  // Not of the heap's, where it would lie among what comes and goes as long as the thread lives.
  constexpr std::size_t bytes = std::size_t{64} * 1024;
  thread_local const ReservedArray<char> buffer(bytes);
  return {&buffer[0], bytes};
}

std::expected<SocketAddress, InetError> address_of(int descriptor, bool peer) {
  sockaddr_storage storage{};
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  socklen_t size = sizeof storage;
  const int failed =
      peer ? getpeername(descriptor, address, &size) : getsockname(descriptor, address, &size);
  if (failed != 0) return std::unexpected(InetError::system(errno));
  return to_socket_address(storage);
}

SocketAddress to_socket_address(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return {.ip = text, .port = ntohs(v6.sin6_port)};
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
  inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  return {.ip = text, .port = ntohs(v4.sin_port)};
}

}  // namespace detail
}  // namespace otp
