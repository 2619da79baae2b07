// What a scheduler runs: the part of a process that the fiber layer sees.
#pragma once

#include <cstdint>

#include <otp/priority.h>

#include "core/clock.h"

namespace otp::detail {

class TimerShard;

struct Runnable {
  Runnable* next_runnable = nullptr;  ///< link in a run queue; owned by the queue
  void* stack = nullptr;  ///< the suspended stack, while the process is blocked or ready to go on
  bool on_blocking_pool = false;         ///< goes on on a thread of the blocking pool
  Priority priority = Priority::normal;  ///< written by itself, or before it is made runnable first
  /// Of priority low, while it is queued: at which look at it, counted from now, it runs.
  std::uint8_t visits = 0;

  /// It goes where most do.
  bool is_ordinary() const noexcept {
    return (std::uint8_t{on_blocking_pool} | static_cast<std::uint8_t>(priority)) == 0;
  }
  bool is_urgent() const noexcept { return priority >= Priority::high; }
};

/// How the layer above runs and parks its runnables, and what its timers do.
struct RunnableOps {
  /// Runs on a pooled stack until the runnable needs none any more. True: it has more to do and is
  /// to be queued again, behind the others.
  bool (*run)(Runnable&);
  /// Called once the runnable's stack has really been left. True: it sleeps, and a waker will make
  /// it runnable. False: something came in meanwhile, it is to run again.
  bool (*commit_park)(Runnable&);
  /// The monitor's question about one that has computed for long on its thread without entering the
  /// runtime: it may be declared over, if `still(context)` after it has been made to notice.
  void (*stuck)(Runnable&, bool (*still)(void*), void* context);
  /// Its identity, for as long as it lives: any thread may ask.
  std::uint64_t (*identity)(const Runnable&);
  /// The monitor tells that one has run for so long, in nanoseconds, without giving way. It may be
  /// looked at when it is still the one with that identity, and `still(context)` after it has been
  /// made to notice. False: that was not so, ask again.
  bool (*overdue)(Runnable&, std::uint64_t identity, std::int64_t lasted, bool (*still)(void*),
                  void* context);
  /// Fires the timers of a scheduler that are due. On its thread, or the monitor's.
  void (*fire_timers)(void* owner, TimerShard& timers, Nanoseconds now);
  /// Frees what a timer carries that never fires: the group goes away.
  void (*discard_timer)(void* payload);
};

}  // namespace otp::detail
