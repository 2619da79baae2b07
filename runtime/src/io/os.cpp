#include <otp/os.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <utility>

#include "io/descriptor_port.h"

namespace otp::detail {
namespace {

/// One more than the descriptor that a signal is written to; 0: none yet. Once there it is never
/// closed, so that a handler that runs late writes to nothing else: each receiver's socket is put
/// in the place of the former one's.
std::array<std::atomic<int>, NSIG> write_ends{};

void on_signal(int number) {
  const int saved = errno;
  const char byte = 0;
  const int end = write_ends[static_cast<std::size_t>(number)].load() - 1;
  const auto write = [&] { return ::send(end, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT); };
  // Its receiver has just been replaced: the next one's socket is there already. When it is full,
  // as many signals wait as anybody needs to know of.
  if (write() < 0 && errno == EPIPE) static_cast<void>(write());
  errno = saved;
}

class SignalPort;

/// Of one signal.
struct Receiver {
  Pid pid;
  std::weak_ptr<SignalPort> port;
  bool caught = false;        ///< on_signal is what it does
  struct sigaction before{};  ///< what it did otherwise
};
/// For who receives what. Taken inside of a port's lock, never around it.
std::mutex receivers_mutex;
std::array<Receiver, NSIG> receivers;

/// What a signal's handler writes to is read here.
class SignalPort final : public DescriptorPort {
 public:
  SignalPort(Node& node, int read_end, int number)
      : DescriptorPort(node, read_end), number_(number) {}

  void ready(std::uint32_t) noexcept override {
    const std::lock_guard lock(mutex_);
    if (!closed_) pass_on();
  }

 private:
  void pass_on() noexcept {
    std::array<char, 64> bytes;
    ssize_t count = 0;
    while ((count = ::read(descriptor_, bytes.data(), bytes.size())) > 0) {
      for (ssize_t i = 0; i < count; ++i) node_.send(owner_, make_value(os::Signal{number_}));
    }
  }

  void closing() noexcept override {
    {
      const std::lock_guard lock(receivers_mutex);
      Receiver& receiver = receivers[static_cast<std::size_t>(number_)];
      if (receiver.port.lock().get() == this) {
        receiver.port.reset();
        sigaction(number_, &receiver.before, nullptr);
        receiver.caught = false;
      }
    }
    // What came while this one was the receiver, and the handler knows that no more does.
    ::shutdown(descriptor_, SHUT_RD);
    pass_on();
  }

  const int number_;
};

/// From now on what the signal's handler writes goes to `end`, which is taken.
std::expected<void, InetError> write_to(int number, int end) noexcept {
  std::atomic<int>& own = write_ends[static_cast<std::size_t>(number)];
  if (own.load() == 0) {
    own.store(end + 1);
    return {};
  }
  int result = 0;
  do {
    result = ::dup3(end, own.load() - 1, O_CLOEXEC);
  } while (result < 0 && errno == EINTR);
  const int error = errno;
  ::close(end);
  if (result < 0) return std::unexpected(InetError::system(error));
  return {};
}

/// The one it takes the place of, which is to be closed; none otherwise.
std::expected<std::shared_ptr<SignalPort>, InetError> make_receiver(
    int number, Pid pid, const std::shared_ptr<SignalPort>& port, int write_end) {
  const std::lock_guard lock(receivers_mutex);
  Receiver& receiver = receivers[static_cast<std::size_t>(number)];
  if (const auto written = write_to(number, write_end); !written)
    return std::unexpected(written.error());
  if (!receiver.caught) {
    struct sigaction action{};
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART;
    if (sigaction(number, &action, &receiver.before) != 0)
      return std::unexpected(InetError::system(errno));
    receiver.caught = true;
  }
  receiver.pid = pid;
  return std::exchange(receiver.port, port).lock();
}

bool catchable(int number) noexcept {
  switch (number) {
    case SIGKILL:
    case SIGSTOP:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGABRT:
      return false;
    default:
      return number > 0 && number < NSIG;
  }
}

std::shared_ptr<SignalPort> receiver_of(int number, Pid pid) {
  const std::lock_guard lock(receivers_mutex);
  const Receiver& receiver = receivers[static_cast<std::size_t>(number)];
  return receiver.pid == pid ? receiver.port.lock() : nullptr;
}

}  // namespace
}  // namespace otp::detail

namespace otp::os {

std::expected<void, InetError> set_signal(int number) {
  const detail::Process& self = detail::require_process("os::set_signal");
  if (!detail::catchable(number)) return std::unexpected(InetError::system(EINVAL));
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return std::unexpected(InetError::system(errno));
  const auto port = std::make_shared<detail::SignalPort>(*self.node, ends[0], number);
  if (const auto opened = port->open(self.pid()); !opened) {
    ::close(ends[1]);
    return opened;
  }
  const auto former = detail::make_receiver(number, self.pid(), port, ends[1]);
  if (!former) {
    port->close();
    return std::unexpected(former.error());
  }
  if (*former) (*former)->close();
  return {};
}

void reset_signal(int number) {
  const Pid self = detail::require_process("os::reset_signal").pid();
  if (!detail::catchable(number)) return;
  if (const auto port = detail::receiver_of(number, self)) port->close();
}

}  // namespace otp::os
