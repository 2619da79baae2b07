// Descriptors that somebody waits for: one epoll for a group of schedulers.
//
// A scheduler that has nothing to run sleeps in it instead of on its condition variable, one at a
// time; one that has looks in from time to time, and the monitor does when nobody else has. A
// descriptor is registered once, for everything, edge-triggered: who owns it remembers that it is
// ready until the kernel says that it is not any more.
//
// An event that has been taken out of the kernel may be about a descriptor that is closed
// meanwhile, and open again as another: each registration has its serial number.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/reserved_array.h"
#include "core/spin_lock.h"

struct epoll_event;

namespace otp::detail {

class Pollable {
 public:
  virtual ~Pollable() = default;
  /// Something has happened to the descriptor since the last time: EPOLLIN, EPOLLOUT and so on. On
  /// a scheduler's thread, or the monitor's.
  virtual void ready(std::uint32_t events) noexcept = 0;
};

class Poller {
 public:
  static constexpr std::size_t batch = 256;  ///< events that are taken at once

  /// Throws std::system_error when the system has no descriptor left.
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// 0, or errno.
  int add(int descriptor, std::shared_ptr<Pollable> target);
  /// Events that are still so come again.
  void rearm(int descriptor) noexcept;
  /// Before it is closed.
  void remove(int descriptor) noexcept;

  /// The right to sleep in it; whoever gets it calls `leave`.
  bool try_enter() noexcept { return !entered_.exchange(true); }
  void leave() noexcept { entered_.store(false); }
  /// Sleeps until there is something, somebody interrupts, or the time has come (-1: never). What
  /// there is, up to `most` events, waits for `dispatch`. Only who has entered.
  void wait(Nanoseconds time, std::size_t most) noexcept;
  void dispatch() noexcept;
  /// Takes what there is. Nothing when another is at it.
  void look() noexcept;
  /// Lets who sleeps in it go on.
  void interrupt() noexcept;

  /// How often anybody has asked the kernel.
  std::uint32_t looks() const noexcept { return looks_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    SpinLock lock;
    std::uint32_t serial = 0;
    std::shared_ptr<Pollable> target;
  };
  static constexpr std::size_t slots_in_chunk = 1024;
  using Chunk = std::array<Slot, slots_in_chunk>;
  static constexpr std::size_t most_chunks = 4096;

  Slot* slot(int descriptor, bool make);
  int control(int operation, int descriptor, std::uint32_t serial) noexcept;
  std::shared_ptr<Pollable> target_of(std::uint64_t registration) noexcept;

  /// Closed with the poller, and when the rest of it does not come to be.
  class Descriptor {
   public:
    Descriptor(int descriptor, const char* made_by);
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return descriptor_; }

   private:
    const int descriptor_;
  };

  const Descriptor epoll_;
  const Descriptor interrupt_;
  std::atomic<bool> entered_{false};
  std::atomic<std::uint32_t> looks_{0};
  std::unique_ptr<epoll_event[]> events_;  // NOLINT(modernize-avoid-c-arrays)
  std::size_t taken_ = 0;
  /// Since Linux 5.11; old sandboxes and valgrind refuse it. Without it a sleep is of milliseconds.
  bool has_pwait2_ = true;
  /// They stay: straight from the system, so that they keep nothing else.
  const ReservedArray<std::atomic<Chunk*>> chunks_{most_chunks};
};

}  // namespace otp::detail
