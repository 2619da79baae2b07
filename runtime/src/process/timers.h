// The timers of a node.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include <otp/timer.h>

#include "core/clock.h"
#include "fiber/timer_shard.h"

namespace otp::detail {

class Node;
struct Process;
struct TimerAction;

class TimerTable {
 public:
  explicit TimerTable(Node& node) : node_(node) {}

  /// Sends `message` to `target` at that time, unless it is dead by now or then. Consumes it,
  /// unless there is no memory for the timer: then std::bad_alloc or std::length_error. When `into`
  /// is not null, the reference is written there before the timer can fire.
  Ref start(Nanoseconds deadline, Pid target, Message* message, Ref* into);
  /// The time left when the timer had not fired.
  std::optional<Nanoseconds> cancel(std::uint64_t ref) noexcept;
  std::optional<Nanoseconds> read(std::uint64_t ref) noexcept;
  /// The target is dead.
  void drop_all_of(Process& target) noexcept;
  /// Those of a scheduler that are due.
  void fire(TimerShard& timers, Nanoseconds now) noexcept;

  /// From now on no timer starts a process: for the end of the node.
  void stop_starting() noexcept;

  /// A timer that its target itself takes out before it dies. Throws as start does.
  std::uint64_t start_wake(Nanoseconds deadline, Pid target, Message& message);
  /// True when its message is the caller's again, false when it is on its way.
  bool cancel_wake(std::uint64_t wake) noexcept;

 private:
  struct Home {
    TimerShard& timers;
    TimerIndex first;  ///< of the target's timers
  };
  enum class Link : std::uint8_t { done, dead, lost };

  TimerSlab& slab() const noexcept;
  Home lock_home(Process* target);
  Link link(const Home& home, TimerIndex timer, Message& message, Process& target) noexcept;
  void unlink(const TimerSlab& slab, Message& message, std::uint32_t target) noexcept;
  TimerShard* lock_timer(std::uint64_t id) noexcept;
  Message* take(TimerShard& timers, TimerIndex timer) noexcept;
  Message* fired(TimerShard& timers, TimerIndex timer) noexcept;
  void start_process(TimerAction& action);
  void deliver(Pid target, Message* message) noexcept;
  void report_lost(Pid target) const noexcept;

  Node& node_;
  std::atomic<int> starting_{0};  ///< processes at this moment; negative: none may be
};

}  // namespace otp::detail
