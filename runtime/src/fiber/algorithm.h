// Boost.Fiber's door into our scheduling: which fiber a thread runs next.
//
// A worker that leaves its stack for another asks here itself, `leave_worker`; Boost.Fiber asks
// `pick_next` when a fiber ends, and from its dispatcher. Every switch of the program passes
// `switch_to`. Fibers are launched with `launch::post` only: `dispatch` would switch past it.
#pragma once

#include <utility>

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/properties.hpp>

#include "fiber/scheduler.h"
#include "fiber/switch_hooks.h"

namespace otp::detail {

/// A fiber that runs processes: one at a time, for as long as they need no stack of their own. It
/// lives at the top of its stack.
class Worker final : public boost::fibers::fiber_properties {
 public:
  static constexpr std::size_t bytes_of_stack = 128;

  Worker() : fiber_properties(nullptr) { init_switch_state(state, false); }
  ~Worker() override { destroy_switch_state(state, false); }
  static void operator delete(void*) noexcept {}  // Boost.Fiber's, before it gives the stack back

  void main();
  /// First thing whenever it runs again.
  void arrived() noexcept {
    after_switch_to(state);
    if (attached) [[unlikely]]
      detach();
  }
  void detach() noexcept {
    attached = false;
    context->detach();
  }

  boost::fibers::context* context = nullptr;
  Runnable* assigned = nullptr;  ///< what it was picked for
  SwitchState state;
  bool attached = true;  ///< belongs to a thread's scheduler: see SchedulingAlgorithm::attach()
  bool ending = false;
  const void* frame = nullptr;  ///< of main()
};

class SchedulingAlgorithm final : public boost::fibers::algo::algorithm {
 public:
  explicit SchedulingAlgorithm(Scheduler& scheduler);
  ~SchedulingAlgorithm() override;

  void awakened(boost::fibers::context* context) noexcept override;
  boost::fibers::context* pick_next() noexcept override;
  bool has_ready_fibers() const noexcept override { return false; }
  void suspend_until(const std::chrono::steady_clock::time_point& time) noexcept override;
  void notify() noexcept override;
  /// The thread's own function goes on after its switch away.
  void main_resumed() noexcept;
  /// The worker that runs on this thread; null on the dispatcher and in the thread's own function.
  /// (Boost.Fiber's own answer is a call into its library.)
  Worker* running() const noexcept { return worker_; }
  /// Leaves the running worker, which is not on its way into Boost.Fiber's hands, for whatever runs
  /// next.
  void leave_worker() noexcept { switch_to(choose(false), false)->resume(); }
  /// A worker belongs to this thread's scheduler only while Boost.Fiber asks whose it is: when it
  /// begins, when the dispatcher goes to it, when it makes another, when it ends. At all other
  /// times any thread may resume it.
  void attach(Worker& worker) noexcept {
    if (!std::exchange(worker.attached, true)) main_->attach(worker.context);
  }

 private:
  /// A fiber to go to; the worker is null for the dispatcher and the thread's own.
  struct Fiber {
    boost::fibers::context* context = nullptr;
    Worker* worker = nullptr;
  };
  Fiber choose(bool from_dispatcher) noexcept;
  Fiber choose_other(bool from_dispatcher) noexcept;
  Fiber resume_or_assign(Runnable& runnable) noexcept;
  Fiber take_dispatcher() noexcept;
  boost::fibers::context* switch_to(Fiber next, bool leaves_for_ever) noexcept;
  Worker* idle_or_new_worker() noexcept;
  Worker* new_worker() noexcept;

  Scheduler& scheduler_;
  SwitchState main_state_;
  SwitchState dispatcher_state_;
  boost::fibers::context* const main_;
  Worker* worker_ = nullptr;
  SwitchState* state_ = &main_state_;                   ///< of the fiber that runs
  ExceptionGlobals& exceptions_ = exception_globals();  ///< of this thread
  void*& throw_notes_ = throw_notes();                  ///< likewise
  boost::fibers::context* dispatcher_ = nullptr;
  bool dispatcher_ready_ = false;
  bool dispatcher_left_ = true;  ///< the next pick_next on the dispatcher follows a switch to it
  std::uint32_t ended_workers_ = 0;
};

}  // namespace otp::detail
