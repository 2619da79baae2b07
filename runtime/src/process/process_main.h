// How a process runs on a stack and leaves it: the two operations the schedulers ask for.
#pragma once

#include "core/runnable.h"
#include "process/process.h"

namespace otp::detail {

/// The one place where an exception becomes an exit reason.
/// True: it has had its share of the thread and wants to go on.
bool run_process(Runnable& runnable);
/// Publishes that the process sleeps; false when something has come in meanwhile.
bool commit_park(Runnable& runnable);

/// For the monitor: a process that was sent `kill` and spins becomes a zombie. It is dead to
/// everyone, with reason `killed`, its name is free; its thread is lost until it enters the runtime
/// again, and then its stack is forgotten with all that is on it.
void reap_stuck(Runnable& runnable, bool (*still)(void*), void* context);

/// For the monitor too: reports a process that does not give way. See RunnableOps.
std::uint64_t identity_of(const Runnable& runnable) noexcept;
bool report_overdue(Runnable& runnable, std::uint64_t identity, std::int64_t lasted,
                    bool (*still)(void*), void* context);

/// From now on std::terminate, or a guard page below its stack, ends the process alone that has
/// reached it; outside of processes they do what they did.
void contain_crashes();

/// Throws the pending exit signal of a process that is about to wait or has just woken. Returns
/// without throwing when there is none, and while the process unwinds or is past unwinding: a wait
/// there gives up at once instead.
void raise_pending_exit(Process& self);
/// Sees to it that the process is woken at `deadline`, or before.
void arm_wake(Process& self, Nanoseconds deadline);
/// Takes back the wake-up of a process that ends.
void disarm_wake(Process& self) noexcept;

/// Blocks until `done(context)`, or the deadline (false). Exit signals interrupt it by exception.
bool wait_for(Process& self, WakeOn wake_on, Nanoseconds deadline, bool (*done)(void*),
              void* context);

struct WakeTimer;

}  // namespace otp::detail
