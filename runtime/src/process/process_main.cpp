#include "process/process_main.h"

#include <cxxabi.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include <cstdlib>
#include <exception>
#include <utility>

#include <otp/report.h>

#include "core/asymmetric_fence.h"
#include "core/throw_trace.h"
#include "process/crash.h"
#include "process/signals.h"
#include "process/system_requests.h"

namespace otp::detail {
namespace {

enum class Served : std::uint8_t { idle, share_spent, stop, signalled };

/// Goes to sleep without a stack. True: the process is no longer ours to touch.
bool go_idle(Process& self) noexcept {
  self.wake_on = WakeOn::message;
  return self.leave_arrivals(Process::idle);
}

bool idle_timeout_due(Process& self) {
  if (!self.extras || self.extras->idle_deadline == never) return false;
  const Nanoseconds time = now(self.node->schedulers().clock());
  if (time < self.extras->idle_deadline) {
    arm_wake(self, self.extras->idle_deadline);
    return false;
  }
  self.extras->idle_deadline = never;
  return true;
}

/// Before it goes idle.
void see_to_hibernation(Process& self) {
  ProcessExtras* extras = self.extras.get();
  if (extras == nullptr || self.hibernating || extras->hibernate_after == never) return;
  const Nanoseconds time = now(self.node->clock());
  if (extras->hibernate_at == never) extras->hibernate_at = time + extras->hibernate_after;
  self.hibernating = time >= extras->hibernate_at;
  if (!self.hibernating) arm_wake(self, extras->hibernate_at);
}

/// A message has come before the idle time-out.
void end_idleness(ProcessExtras& extras) noexcept {
  extras.idle_deadline = never;
  extras.idle_message.reset();
  extras.hibernate_at = never;
}

/// From the user's code, by return or by exception.
void came_back(Process& self) { enter_runtime(*current_scheduler(), self); }

/// Handles messages until there is none, the process stops, or it has had its share of the thread.
Served serve(Process& self) {
  for (;;) {
    if (self.has_signals() ||
        ((self.inbox_head == nullptr || self.suspended) && self.has_arrivals())) {
      drain(self);
    }
    if (self.exit_pending != ExitPending::no) return Served::signalled;
    MessagePtr message = self.suspended ? take_while_suspended(self) : self.take_first();
    if (message == nullptr) {
      if (self.has_arrivals()) continue;
      if (!self.suspended && idle_timeout_due(self)) {
        const Flow flow = self.behaviour->idle_timeout(std::move(self.extras->idle_message));
        came_back(self);
        if (flow == Flow::stop) return Served::stop;
        if (current_scheduler()->budget_spent()) return Served::share_spent;  // it may be 0 again
        continue;
      }
      see_to_hibernation(self);
      if (go_idle(self)) return Served::idle;
      continue;
    }
    if (self.bounded.load(std::memory_order_relaxed)) [[unlikely]]
      count_out(self, *message);
    if (message->kind == MessageKind::system) [[unlikely]] {
      if (answer_system_request(self, std::move(message)) == Flow::stop) return Served::stop;
      continue;
    }
    self.hibernating = false;
    if (self.extras) {
      end_idleness(*self.extras);
      if (self.extras->debugging) note_taken(self, *message);
    }
    self.handling.store(message->type, std::memory_order_relaxed);
    const Flow flow = self.behaviour->handle(message);
    came_back(self);
    if (flow == Flow::stop) return Served::stop;
    if (current_scheduler()->budget_spent()) return Served::share_spent;
  }
}

/// Runs `step`; what it throws becomes `end`.
template <class Step>
void contain(ProcessEnd& end, Step step) {
  try {
    step();
  } catch (const ExitException& exit) {
    end.reason = exit.reason();
    end.by_signal = exit.from_signal();
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    end.reason = reason_of_exception();
    end.by_signal = false;
  }
}

ExitReason pending_exit(const Process& self) {
  switch (self.exit_pending) {
    case ExitPending::kill:
      return ExitReason::killed();
    case ExitPending::shutdown:
      return ExitReason::shutdown();
    default:
      return self.extras->exit_reason;
  }
}

/// An exit signal that has come ends it, whatever its code has made of the exception.
void obey_signal(const Process& self, ProcessEnd& end) {
  if (self.exit_pending == ExitPending::no) return;
  end.reason = pending_exit(self);
  end.by_signal = true;
}

/// The process is over: its last words, its destructors, its farewells.
void end_process(Process& self, ProcessEnd& end) {
  if (!end.by_signal) {
    ExitReason reason = end.reason;
    contain(end, [&] {
      self.behaviour->terminate(reason);
      end.reason = reason;
    });
    came_back(self);
    obey_signal(self, end);
    if (end.reason.is_abnormal() && !end.by_signal) report_crash(self, end.reason);
  }
  self.exiting.store(true, std::memory_order_seq_cst);
  came_back(self);  // whoever looks at it has seen that, or is through
  release_name(self);
  self.behaviour->ended(end.reason);
  self.destroying = true;
  self.behaviour.reset();
  self.destroying = false;
  finish(self, end.reason);
}

}  // namespace

namespace {

/// The stack that is left behind may refer to it.
void leave_behind(std::unique_ptr<Behaviour> behaviour) noexcept {
#if defined(__SANITIZE_ADDRESS__)
  __lsan_ignore_object(behaviour.get());
#endif
  static_cast<void>(behaviour.release());
}

/// Whoever waits for the answer of a handler that will never give one.
void fail_handled_request(Process& self, const ExitReason& reason) {
  const CallBase* const call = self.behaviour->handled_request();
  if (call != nullptr && call->state == static_cast<std::uint8_t>(CallState::request))
    fail_request(*self.node, call->caller, call->request, reason);
}

/// Ends a process whose stack cannot be unwound.
[[noreturn]] void lose_stack(Process& self, const ExitReason& reason) {
  if (std::exchange(self.destroying, false)) {  // all is done but what its destructors would do
    report_crash(self, reason);
    finish(self, reason);
    current_scheduler()->abandon(self);
  }
  report_crash(self, reason);
  self.exiting.store(true, std::memory_order_seq_cst);
  came_back(self);
  release_name(self);
  fail_handled_request(self, reason);
  self.behaviour->ended(reason);
  leave_behind(self.behaviour.release());
  finish(self, reason);
  current_scheduler()->abandon(self);
}

/// Its end is half done.
bool is_beyond_help(const Process& self) { return self.exiting.load() && !self.destroying; }

std::terminate_handler former_terminate = nullptr;

/// std::terminate inside a process ends that process alone: its stack cannot be unwound, so it is
/// abandoned with what it owns, and so is the behaviour's object, which frames of that stack may
/// still refer to.
[[noreturn]] void terminate_process() {
  Process* self = current_process();
  if (self == nullptr || is_beyond_help(*self)) {
    former_terminate();
    std::abort();
  }
  ExitReason reason = ExitReason::terminate("std::terminate was called");
  if (std::current_exception()) {
    const ExitReason thrown = reason_of_exception();
    std::string detail(thrown.origin());
    if (!thrown.text().empty()) detail += ": " + std::string(thrown.text());
    reason = ExitReason::terminate(detail);
  }
  lose_stack(*self, reason);
}

/// What its guard page has stopped: likewise.
[[noreturn, maybe_unused]] void overflow_process(Runnable& runnable,
                                                 std::span<void* const> frames) {
  auto& self = static_cast<Process&>(runnable);
  if (is_beyond_help(self)) std::abort();
  const std::size_t size = self.node->options().stack_bytes / 1024;
  lose_stack(self, ExitReason::error("otp::StackOverflow",
                                     "the process overflowed its " + std::to_string(size) +
                                         " KiB stack (RuntimeOptions::stack_bytes)",
                                     {frames.begin(), frames.end()}));
}

}  // namespace

// ---- Zombies ----
// The stack and the structures of a process belong to the thread that runs it. The monitor may take
// them over only while that thread is in the user's code and cannot get out of it unseen. It claims
// the process, makes a memory barrier on all threads, and looks again: either the thread has not
// entered the runtime since the claim was made, and will see it when it does; or it has, and has
// seen the claim (then it has left the stack) or not (then the claim is withdrawn).

void reap_stuck(Runnable& runnable, bool (*still)(void*), void* context) {
  auto& self = static_cast<Process&>(runnable);
  if (!has_asymmetric_fence || self.killed_serial.load() != self.serial.load() ||
      self.exiting.load())
    return;
  self.zombie.store(Zombie::claimed);
  heavy_fence();
  Zombie claimed = Zombie::claimed;
  if (!still(context) && self.zombie.compare_exchange_strong(claimed, Zombie::no)) return;
  Node& node = *self.node;
  if (node.options().reports != nullptr) {
    node.options().reports->write(
        WarningReport{.text = "killed while its handler spins: it is over, and its thread is lost "
                              "until the handler comes back",
                      .server = self.behaviour->describe(),
                      .pid = self.pid()});
  }
  node.lost_threads().fetch_add(1);
  self.exiting.store(true);
  release_name(self);
  fail_handled_request(self, ExitReason::killed());
  leave_behind(self.behaviour.release());
  finish(self, ExitReason::killed(), true);
}

void leave_claimed_stack(Process& self) {
  while (self.zombie.load(std::memory_order_acquire) == Zombie::looked_at) relax_cpu();
  Zombie claimed = Zombie::claimed;
  if (!self.zombie.compare_exchange_strong(claimed, Zombie::left) && claimed == Zombie::no)
    return;  // withdrawn in this moment
  self.node->lost_threads().fetch_sub(1);
  current_scheduler()->abandon(self);
}

// ---- Long turns ----
// What a process is at is looked at as a zombie is claimed: it notices when it enters the runtime,
// and waits there until the monitor is through.

std::uint64_t identity_of(const Runnable& runnable) noexcept {
  return static_cast<const Process&>(runnable).serial.load(std::memory_order_acquire);
}

bool report_overdue(Runnable& runnable, std::uint64_t identity, std::int64_t lasted,
                    bool (*still)(void*), void* context) {
  auto& self = static_cast<Process&>(runnable);
  Zombie none = Zombie::no;
  if (!has_asymmetric_fence || !self.zombie.compare_exchange_strong(none, Zombie::looked_at))
    return true;  // nobody can look, or it is over
  heavy_fence();
  WarningReport report;
  const bool lives = still(context) && identity_of(self) == identity && !self.exiting.load() &&
                     self.arrivals.load() != Process::closed;
  ReportSink* sink = nullptr;
  if (lives) {
    const MessageType* message = self.handling.load(std::memory_order_relaxed);
    report.text =
        (message == nullptr ? "it" : std::string("its handler of `") + message->name + "`") +
        " has not given way for " + std::to_string(lasted / 1'000'000) + " ms";
    report.server = self.behaviour->describe();
    report.pid = self.pid();
    sink = self.node->options().reports.get();
  }
  self.zombie.store(Zombie::no, std::memory_order_release);
  if (sink != nullptr) sink->write(report);
  return lives;
}

void contain_crashes() {
  static const bool installed = [] {
    former_terminate = std::set_terminate(&terminate_process);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // faults are theirs
    contain_stack_overflows(&overflow_process);
#endif
    return true;
  }();
  static_cast<void>(installed);
}

bool run_process(Runnable& runnable) {
  auto& self = static_cast<Process&>(runnable);
  ProcessEnd end;
  Served served = Served::stop;
  contain(end, [&] {
    if (!std::exchange(self.started, true)) {
      const Flow flow = self.behaviour->start();
      came_back(self);
      if (flow == Flow::stop) {
        end.reason = self.extras ? self.extras->exit_reason : ExitReason::normal();
        return;
      }
    }
    served = serve(self);
    if (served == Served::stop) {
      end.reason = self.extras ? self.extras->exit_reason : ExitReason::normal();
    }
  });
  if (served == Served::idle) return false;
  if (served == Served::share_spent) return true;
  came_back(self);  // by an exception, perhaps
  obey_signal(self, end);
  end_process(self, end);
  return false;
}

bool commit_park(Runnable& runnable) {
  auto& self = static_cast<Process&>(runnable);
  if (self.wake_on == WakeOn::message) return self.leave_arrivals(Process::idle);
  if (self.leave_arrivals(Process::waiting)) return true;
  std::uintptr_t head = self.arrivals.load(std::memory_order_acquire);
  while ((head & Process::signalled) == 0) {
    if (self.arrivals.compare_exchange_weak(head, head | Process::waiting,
                                            std::memory_order_acq_rel))
      return true;
  }
  return false;
}

void raise_pending_exit(Process& self) {
  if (self.exit_pending == ExitPending::no || self.exiting.load(std::memory_order_relaxed)) return;
  if (std::uncaught_exceptions() > 0) return;
  throw ExitException(pending_exit(self), true);
}

// ---- Wake-ups ----
// A process has at most one timer in the wheel. It is not taken out when a wait ends early: a later
// wait with a later deadline lets it fire and arms it anew. A server that calls a thousand times a
// second with the default time-out of five seconds so touches the wheel once in five seconds.

struct WakeTimer : Message {
  Nanoseconds deadline = 0;
  std::uint64_t id = 0;
};

void arm_wake(Process& self, Nanoseconds deadline) {
  if (deadline == never) return;
  if (self.timer != nullptr) {
    if (self.timer->deadline <= deadline) return;
    if (!self.node->timers().cancel_wake(self.timer->id))
      return;  // on its way: it wakes us, and we come here again
  }
  std::unique_ptr<WakeTimer, MessageDeleter> timer(std::exchange(self.timer, nullptr));
  if (!timer) {
    timer.reset(make_message<WakeTimer>());
    timer->type = &signal_type<WakeTimer>;
    timer->kind = MessageKind::timer;
  }
  timer->deadline = deadline;
  timer->id = self.node->timers().start_wake(deadline, self.pid(), *timer);
  self.timer = timer.release();
}

void disarm_wake(Process& self) noexcept {
  WakeTimer* timer = std::exchange(self.timer, nullptr);
  if (timer != nullptr && self.node->timers().cancel_wake(timer->id))
    destroy_message<WakeTimer>(timer);
}

bool wait_for(Process& self, WakeOn wake_on, Nanoseconds deadline, bool (*done)(void*),
              void* context) {
  bool slept = false;
  for (;;) {
    if (self.has_arrivals()) drain(self);
    raise_pending_exit(self);
    if (done(context)) return true;
    if (self.exiting.load(std::memory_order_relaxed) || self.exit_pending != ExitPending::no)
      return false;
    if (deadline != never && (slept || deadline <= 0) &&
        now(self.node->schedulers().clock()) >= deadline)
      return false;
    arm_wake(self, deadline);
    self.wake_on = wake_on;
    current_scheduler()->park(self);
    slept = true;
  }
}

}  // namespace otp::detail
