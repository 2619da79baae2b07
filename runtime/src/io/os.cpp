#include <otp/os.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

#include "io/descriptor_port.h"

namespace otp::detail {
namespace {

/// One more than the write end of each signal's pipe; 0: nobody receives it. For the handler.
std::array<std::atomic<int>, NSIG> pipes{};

void on_signal(int number) {
  const int saved = errno;
  const int pipe = pipes[static_cast<std::size_t>(number)].load();
  const char byte = 0;
  if (pipe != 0 && ::write(pipe - 1, &byte, 1) < 0) {
    // The pipe is full: as many signals wait as anybody needs to know of.
  }
  errno = saved;
}

/// The read end of a signal's pipe.
class SignalPort final : public DescriptorPort {
 public:
  SignalPort(Node& node, int read_end, int write_end, int number)
      : DescriptorPort(node, read_end), write_end_(write_end), number_(number) {}

  void ready(std::uint32_t) noexcept override {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    std::array<char, 64> bytes;
    ssize_t count = 0;
    while ((count = ::read(descriptor_, bytes.data(), bytes.size())) > 0) {
      for (ssize_t i = 0; i < count; ++i) node_.send(owner_, make_value(os::Signal{number_}));
    }
  }
  void catch_signal() {
    pipes[static_cast<std::size_t>(number_)].store(write_end_ + 1);
    struct sigaction action{};
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(number_, &action, &before_);
  }

 private:
  void closing() noexcept override {
    // The next receiver's, unless it is still this one.
    int ours = write_end_ + 1;
    if (pipes[static_cast<std::size_t>(number_)].compare_exchange_strong(ours, 0))
      sigaction(number_, &before_, nullptr);
    ::close(write_end_);
  }

  const int write_end_;
  const int number_;
  struct sigaction before_{};
};

std::mutex receivers_mutex;
std::map<int, std::pair<Pid, std::weak_ptr<SignalPort>>> receivers;

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

std::shared_ptr<SignalPort> take_receiver(int number, const Pid* of) {
  const std::lock_guard lock(receivers_mutex);
  const auto found = receivers.find(number);
  if (found == receivers.end() || (of != nullptr && found->second.first != *of)) return nullptr;
  auto port = found->second.second.lock();
  receivers.erase(found);
  return port;
}

}  // namespace
}  // namespace otp::detail

namespace otp::os {

std::expected<void, InetError> set_signal(int number) {
  const detail::Process& self = detail::require_process("os::set_signal");
  if (!detail::catchable(number)) return std::unexpected(InetError::system(EINVAL));
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return std::unexpected(InetError::system(errno));
  const auto port = std::make_shared<detail::SignalPort>(*self.node, ends[0], ends[1], number);
  if (const auto opened = port->open(self.pid()); !opened) {
    ::close(ends[1]);
    return opened;
  }
  if (const auto former = detail::take_receiver(number, nullptr)) former->close();
  port->catch_signal();
  const std::lock_guard lock(detail::receivers_mutex);
  detail::receivers[number] = {self.pid(), port};
  return {};
}

void reset_signal(int number) {
  const Pid self = detail::require_process("os::reset_signal").pid();
  if (const auto port = detail::take_receiver(number, &self)) port->close();
}

}  // namespace otp::os
