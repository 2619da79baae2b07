// A descriptor that processes wait for.
//
// Its state is behind a mutex that is never held while a process waits. Who waits enters itself and
// parks; what happens to the descriptor wakes who is entered, who looks again. So an exit signal or
// a deadline needs no care: who goes away takes itself out.
#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <sys/socket.h>

#include <otp/inet.h>

#include "fiber/poller.h"
#include "process/node.h"
#include "process/possessions.h"
#include "process/process_main.h"
#include "process/signals.h"

namespace otp::detail {

inline std::unexpected<InetError> closed_error() { return std::unexpected(InetError::closed()); }
/// Why the last system call of this thread has failed. Compilers take the address of `errno` to be
/// one for a whole function; in one that waits, and may go on on another thread, it is not.
[[gnu::noinline]] int last_errno() noexcept;

/// What becomes of active mode, and whether the owner is told that it is over.
struct ActiveStep {
  Active mode;
  bool passive = false;
};
/// A socket in mode `now` is asked for `wanted`: inet:setopts. `einval` when that is too much.
std::expected<ActiveStep, InetError> change_active(Active now, Active wanted);
/// The mode of a new socket.
Active first_active(Active wanted) noexcept;
/// One message has been sent in active mode.
ActiveStep after_message(Active now) noexcept;

class DescriptorPort : public Possession,
                       public Pollable,
                       public std::enable_shared_from_this<DescriptorPort> {
 public:
  DescriptorPort(Node& node, int descriptor) : node_(node), descriptor_(descriptor) {}
  ~DescriptorPort() override;
  DescriptorPort(const DescriptorPort&) = delete;
  DescriptorPort& operator=(const DescriptorPort&) = delete;

  /// From now on it is watched, and closed with its owner.
  std::expected<void, InetError> open(Pid owner);
  /// `not_owner` unless `self` owns it, `badarg` when `owner` is dead: nothing has changed then.
  std::expected<void, InetError> give_to(const Process& self, Pid owner);
  void close() noexcept;
  void owner_ended(Node&, Pid, std::uint64_t) noexcept override { close(); }
  std::expected<SocketAddress, InetError> local_address();

 protected:
  using Lock = std::unique_lock<std::mutex>;
  /// Most ports never have one.
  using Waiters = std::vector<Pid>;

  /// Nothing more may happen to it. Called once, under the lock.
  virtual void closing() noexcept {}
  void close_now(Lock& lock) noexcept;

  /// Waits until `ready` says so, under the lock, or the port is closed; false at the deadline.
  /// `self` comes from before the lock was taken: current_process() may leave this stack for ever
  /// when the process has been killed, and what it holds stays held.
  template <class F>
  bool wait(Process& self, Lock& lock, Waiters& waiters, Nanoseconds deadline, F ready);
  void wake_first(const Waiters& waiters) noexcept {
    if (!waiters.empty()) wake_process(node_, waiters.front());
  }
  void wake_all(const Waiters& waiters) noexcept {
    for (const Pid each : waiters) wake_process(node_, each);
  }
  void note_events(std::uint32_t events) noexcept;

  Node& node_;
  std::mutex mutex_;
  int descriptor_;  ///< -1 when closed
  Pid owner_;
  bool readable_ = true;  ///< as far as is known
  bool writable_ = true;  ///< likewise
  /// A read that returns less than there was room for may not have taken all.
  bool may_stop_short_ = false;
  bool closed_ = false;
  Waiters readers_;
  Waiters writers_;
};

template <class F>
bool DescriptorPort::wait(Process& self, Lock& lock, Waiters& waiters, Nanoseconds deadline,
                          F ready) {
  if (closed_ || ready()) return true;
  const Pid pid = self.pid();
  waiters.push_back(pid);
  /// An exit signal leaves by exception.
  struct Entry {
    DescriptorPort& port;
    Lock& lock;
    Waiters& waiters;
    Pid pid;
    ~Entry() {
      if (!lock.owns_lock()) lock.lock();
      const bool first = waiters.front() == pid;
      std::erase(waiters, pid);
      if (first) port.wake_first(waiters);  // what was for this one may be for the next
    }
  } const entry{*this, lock, waiters, pid};
  lock.unlock();
  struct Context {
    Lock& lock;
    const DescriptorPort& port;
    F& ready;
  } context{lock, *this, ready};
  const auto done = [](void* address) {
    auto& [lock, port, ready] = *static_cast<Context*>(address);
    lock.lock();
    const bool over = port.closed_ || ready();
    if (!over) lock.unlock();
    return over;
  };
  return wait_for(self, WakeOn::signal, deadline, done, &context);
}

/// A buffer of this thread, larger than any datagram: not to be kept while a process may wait.
[[gnu::noinline]] std::span<char> thread_buffer() noexcept;

/// Of the socket itself, or of its peer.
std::expected<SocketAddress, InetError> address_of(int descriptor, bool peer);
SocketAddress to_socket_address(const sockaddr_storage& storage);

}  // namespace otp::detail
