// The timers that were armed on one scheduler: its part of the slab, its wheel, and their lock.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/spin_lock.h"
#include "fiber/timer_slab.h"
#include "fiber/timer_wheel.h"

namespace otp::detail {

class Scheduler;

class TimerShard {
 public:
  /// `scheduler` is whose timers these are.
  TimerShard(TimerSlab& slab, Nanoseconds now, Scheduler* scheduler = nullptr);
  TimerShard(const TimerShard&) = delete;
  TimerShard& operator=(const TimerShard&) = delete;

  TimerSlab& slab() noexcept { return slab_; }
  Scheduler* scheduler() const noexcept { return scheduler_; }

  void lock() noexcept { lock_.lock(); }
  void unlock() noexcept;

  // Without the lock, any thread.
  /// Makes room for some thousand timers more. Throws std::bad_alloc or std::length_error.
  void grow();
  /// No timer fires before this time; `never` when there is none.
  Nanoseconds next_deadline() noexcept;
  /// Whether fire_timers has anything to do. One look every second keeps the wheel's time.
  bool is_due(Nanoseconds now) const noexcept;
  /// Only one thread at a time fires, so that timers fire in the order of their deadlines. False:
  /// another does.
  bool begin_firing() noexcept { return !firing_.exchange(true, std::memory_order_acquire); }
  void end_firing() noexcept { firing_.store(false, std::memory_order_release); }

  // Under the lock.
  bool has_room() const noexcept { return room_ != 0; }
  /// A timer that is not armed. There is room. Its id is new.
  TimerIndex allocate(void* payload, Nanoseconds deadline, std::uint32_t target) noexcept;
  /// Ends one that is not armed: its id means nothing any more.
  void release(TimerIndex timer) noexcept;
  /// True: the scheduler, if it sleeps, would sleep too long.
  bool arm(TimerIndex timer) noexcept;
  void disarm(TimerIndex timer) noexcept { wheel_.remove(timer); }
  /// Disarms the next timer that is due; 0: none is.
  TimerIndex take_due(Nanoseconds now) noexcept { return wheel_.take_due(now); }
  /// Nothing is due any more.
  void settle() noexcept;

 private:
  void add_room(std::uint32_t number) noexcept;
  void drop_room(std::uint32_t number) noexcept;

  TimerSlab& slab_;
  Scheduler* const scheduler_;
  SpinLock lock_;
  TimerWheel wheel_;
  std::uint32_t chunks_ = 0;      ///< how many it owns
  std::uint32_t room_ = 0;        ///< the first of the chunks that have room
  std::uint32_t empty_ = 0;       ///< how many of them have no timer: one is kept
  std::uint32_t given_back_ = 0;  ///< chunks that go when the lock is released
  std::atomic<bool> firing_{false};
  // For those who look without the lock. `event_` is never after the wheel's next event.
  std::atomic<std::uint64_t> event_{TimerWheel::no_tick};
  std::atomic<std::uint64_t> tick_;
};

}  // namespace otp::detail
