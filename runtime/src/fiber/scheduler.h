// The schedulers: threads that run processes on pooled stacks.
//
// This header is the whole of what the process layer sees of this folder; Boost.Fiber stays behind
// it.
//
// Who runs what. A Scheduler owns one thread and one Boost.Fiber scheduler with our algorithm. Its
// *worker fibers* take runnable processes off the queue and run them in a loop; a process that
// blocks keeps the fiber it is on, and another worker (from the idle pool, or a new one) takes over
// the thread. Nothing ever goes through Boost.Fiber's own wake-up: a process is made runnable by
// putting it on a run queue, with or without a stack, on any scheduler.
//
// Leaving a stack. A process parks in three steps. (1) It records itself in `leaving_` and
// switches. (2) Whoever runs next on the thread first calls `after_switch`: only now has the stack
// been left, and `commit_park` publishes that the process sleeps. (3) A waker that comes earlier
// leaves a mark, and `commit_park` answers false: the process is queued again at once. So a fiber
// is never resumed while it still runs.
//
// Who wakes whom. The waker queues the process on its own scheduler's slot: a pair that talks stays
// on one thread. A sleeping scheduler is woken when a second process waits in a ring; when it finds
// more than it can run at once, it wakes the next. While one sleeps, the monitor offers to all what
// has waited for some ticks behind long turns, or in a ring whose processes are independent.
//
// Priorities. Processes of high and max wait in two queues of the group, which every scheduler
// looks at first; those of low wait among the normal ones and are passed over some times.
//
// Who may run. As many schedulers as the group is told to use, and one more for each that is stuck:
// inside one turn for ten milliseconds, because its process computes without entering the runtime
// or is held up by the kernel; one that waits for a processor is not. The monitor hands what waits
// behind it to the others and revives a retired scheduler, or starts one; when the process comes
// back there is one too many, which retires: it gives away what it has and takes nothing more, and
// its thread lives on for the timers that were armed there.
//
// Memory. A thread keeps what was freed on it, and by others of what it made, for what it allocates
// next; after a peak that is much. The monitor asks a scheduler that has had little to do for a
// second to give it to the system, and once more as long as anybody goes on, who may free what this
// one made; a busy one it asks each ten seconds. What a thread that ends has allocated keeps whole
// pages from the system as long as it lives: so nothing of this folder that outlives a thread comes
// from its heap. Workers live on their stacks, and the monitor starts all threads.
//
// Exit. `stop` requires that no process is left; each scheduler then lets its idle workers end, and
// its thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <boost/container/static_vector.hpp>

#include "core/clock.h"
#include "core/runnable.h"
#include "core/spin_lock.h"
#include "fiber/driver.h"
#include "fiber/poller.h"
#include "fiber/processors.h"
#include "fiber/run_queue.h"
#include "fiber/stack_overflow.h"
#include "fiber/timer_shard.h"
#include "fiber/timer_slab.h"

namespace otp::detail {

class SchedulerGroup;
class SchedulingAlgorithm;
class StackPool;
class Worker;

class Scheduler {
 public:
  enum class Duty : std::uint8_t { processes, blocking };

  Scheduler(SchedulerGroup& group, Duty duty, unsigned index);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  SchedulerGroup& group() noexcept { return group_; }
  /// The process that runs on this thread now.
  Runnable* current() const noexcept { return current_.load(std::memory_order_relaxed); }
  /// Counts that the current process has entered the runtime. What follows is seen to come after it
  /// by whoever makes a memory barrier on all threads (see SchedulerGroup::monitor_main).
  void note_entry() noexcept {
    entries_.store(entries_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    light_fence();
  }
  /// The stack that the current process runs on; empty when there is none.
  std::span<const std::byte> current_stack() const noexcept;
  OverflowStacks* overflow_stacks() noexcept { return overflow_stacks_; }
  /// What the process layer keeps for each thread of its own.
  void* local = nullptr;

  /// Leaves the stack of the current process until it is made runnable again. Owner thread, from a
  /// worker.
  void park(Runnable& self);
  /// Leaves the stack and queues the process again, behind the others, or on the blocking pool's
  /// queue.
  void yield(Runnable& self);

  /// Leaves the stack for ever, with all that is on it: it cannot be unwound. The process is over
  /// already.
  [[noreturn]] void abandon(Runnable& self);

  /// How many more operations the current process may do before it should yield.
  std::int32_t budget = 0;
  /// True when the current process has had its share of the thread.
  bool budget_spent() noexcept { return --budget < 0 || preempt_.load(std::memory_order_relaxed); }

 private:
  friend class SchedulerGroup;
  friend class SchedulingAlgorithm;
  friend class Worker;
  enum class Leave : std::uint8_t { none, park, requeue, abandon };
  /// A thread of the blocking pool, or of a scheduler that is retired.
  static constexpr Nanoseconds idle_before_end = 2'000'000'000;

  /// Once more, when it has ended for want of work. Throws when there can be none; one that has no
  /// memory to begin with counts as ended.
  void start_thread();
  void thread_main();
  void note_not_begun() noexcept;
  void leave(Runnable& self, Leave how);
  void after_switch();
  Runnable* next_runnable(bool search);
  Runnable* next_in_turn(bool looks_around, bool search);
  Runnable* pass_over(Runnable* next, bool search);
  bool run(Runnable& runnable);
  void start_turn(Runnable& runnable) noexcept;
  void poll();
  void fire_timers();
  void give_all_away();
  void sleep();
  void sleep_retired();
  void sleep_until_woken(std::unique_lock<std::mutex>& lock, Poller* poller);
  void dispatch(Poller& poller);
  void wake() noexcept;
  bool spin_for_work();
  bool work_in_sight() noexcept;
  bool stop_requested() const noexcept;

  Runnable* next_unusual();
  void give_memory_back_if_asked() noexcept;
  void give_stacks_back() noexcept;

  SchedulerGroup& group_;
  const Duty duty_;
  const unsigned index_;
  int node_ = 0;  ///< of NUMA; 0 also for one that may run anywhere
  /// Whose processes go through `queue_`; null on the blocking pool, in a simulation, and while the
  /// scheduler is retired.
  std::atomic<SchedulerGroup*> queue_of_;
  RunQueue queue_;
  std::atomic<Runnable*> current_{nullptr};  ///< written by its thread, read by the monitor too
  std::atomic<std::uint64_t> entries_{0};
  Runnable* chosen_ =
      nullptr;               ///< has a stack and was picked by a worker that must make room first
  bool going_idle_ = false;  ///< the active worker is entering the idle pool
  struct Leaving {
    Worker* worker = nullptr;
    Runnable* runnable = nullptr;
    Leave how = Leave::none;
  } leaving_;
  bool round_counted_ = false;  ///< the processes of low have just been passed over
  std::uint32_t turns_ = 0;
  std::uint32_t turns_to_poll_ = 0;
  std::atomic<std::uint32_t> turn_mark_{0};  ///< copy of turns_ for the monitor
  std::atomic<bool> preempt_{false};
  std::atomic<bool> gives_memory_back_{false};  ///< is asked to
  Nanoseconds takes_memory_in_at_ = 0;          ///< what others have freed of its own
  bool dispatching_ = false;                    ///< events of the poller, or timers
  OverflowStacks* overflow_stacks_ = nullptr;
  static constexpr std::size_t max_idle_workers = 64;
  boost::container::static_vector<Worker*, max_idle_workers> idle_workers_;
  std::size_t least_idle_ = 0;  ///< of them at any time since memory was given back
  std::size_t surplus_ = 0;     ///< so many of them are to end
  TimerShard timers_;
  SchedulingAlgorithm* algorithm_ = nullptr;
  bool stopping_ = false;   ///< no process is left: let the workers end
  bool main_left_ = false;  ///< the thread's own function has gone on

  bool is_retired() const noexcept { return retired_since_.load(std::memory_order_relaxed) != 0; }
  /// By the monitor, or a thread that cannot begin; true when it was not.
  bool retire() noexcept;
  /// By the monitor; true when it was retired. Throws when its thread has ended and cannot be
  /// started again; it is still retired then.
  bool revive();
  std::atomic<Nanoseconds> retired_since_{0};  ///< 0: it is not
  bool ended_ = false;  ///< its thread, for want of work or memory; under sleep_mutex_

  std::mutex sleep_mutex_;
  std::condition_variable sleep_condition_;
  bool notified_ = false;       ///< under that, or on the blocking pool under its mutex
  Nanoseconds idle_since_ = 0;  ///< of a thread of the blocking pool; 0: has worked since
  bool starting_ = false;       ///< likewise: has not looked for work yet; under the pool's mutex
  bool in_poller_ = false;
  std::atomic<bool> asleep_{false};
  std::thread thread_;
  std::atomic<pid_t> thread_id_{0};  ///< the kernel's; 0 until it runs
};

extern thread_local constinit Scheduler* this_scheduler;

/// The scheduler of this thread; null on a foreign thread. Never keep the answer across a
/// suspension: a process may go on on another thread. (Inline only where a thread-local is read
/// through a segment register: elsewhere a compiler may keep its address over a suspension, and so
/// do the calls that tell the thread sanitizer of the read.)
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
inline Scheduler* current_scheduler() noexcept { return this_scheduler; }
#else
[[gnu::noinline]] Scheduler* current_scheduler() noexcept;
#endif

class SchedulerGroup {
 public:
  static constexpr unsigned max_online = 1024;
  static constexpr unsigned max_schedulers = max_online + 256;

  struct Options {
    unsigned schedulers = 1;
    unsigned blocking_threads = 64;
    std::size_t stack_bytes = 256 * 1024;
    /// Of the first schedulers, one each, by_node(); empty: they run anywhere. Where there are more
    /// nodes than one each stays on its own.
    std::vector<Processor> processors = {};
    bool one_processor_each = false;  ///< each stays on its processor
    Nanoseconds long_schedule = 0;    ///< longer turns are told; 0: none is
    const Clock* clock = nullptr;
    void* owner = nullptr;     ///< the runtime, for the layer above
    Driver* driver = nullptr;  ///< of a simulation
  };

  SchedulerGroup(const Options& options, RunnableOps ops);
  ~SchedulerGroup();
  SchedulerGroup(const SchedulerGroup&) = delete;
  SchedulerGroup& operator=(const SchedulerGroup&) = delete;

  void* owner() const noexcept { return options_.owner; }
  const Clock* clock() const noexcept { return options_.clock; }
  const RunnableOps& ops() const noexcept { return ops_; }

  /// Queues a process: next on the caller's own scheduler, or on the shared queue. Any thread.
  void make_runnable(Runnable& runnable) noexcept {
    Scheduler* const own = current_scheduler();
    if (own == nullptr || own->queue_of_.load(std::memory_order_relaxed) != this ||
        !runnable.is_ordinary()) [[unlikely]]
      return make_runnable_elsewhere(runnable);
    Runnable* const overflow = own->queue_.push_next(runnable);
    if (overflow != nullptr) [[unlikely]]
      spill(*own, *overflow);
    if (own->queue_.size() >= 2 && !own->dispatching_) wake_one();
  }
  /// Queues a process behind the others.
  void make_runnable_last(Runnable& runnable) noexcept;
  /// How many threads run processes at once, those aside that are stuck.
  unsigned online() const noexcept { return online_.load(std::memory_order_relaxed); }
  /// Takes effect within a few milliseconds; the former number. 1 to max_online. Any thread.
  unsigned set_online(unsigned count) noexcept;

  TimerSlab& timer_slab() noexcept { return timer_slab_; }
  /// The timers of the caller's scheduler, or of the first one.
  TimerShard& own_timers() noexcept;
  /// A timer has been armed before which `timers`' scheduler may not wake: see TimerShard::arm.
  void wake_for(TimerShard& timers) noexcept;
  bool is_simulated() const noexcept { return options_.driver != nullptr; }
  /// For the driver of a simulation, while nothing runs: no timer fires before this time.
  Nanoseconds next_deadline() noexcept { return schedulers_[0]->timers_.next_deadline(); }
  /// Likewise: fires what is due by the group's clock.
  void fire_timers() { schedulers_[0]->fire_timers(); }

  /// Made when first asked for; throws std::system_error when that fails.
  Poller& poller();

  /// Ends all threads. No process may be left.
  void stop();

 private:
  friend class Scheduler;
  friend class SchedulingAlgorithm;

  using Schedulers = std::span<const std::unique_ptr<Scheduler>>;
  Schedulers schedulers() const noexcept {
    return {schedulers_.data(), count_.load(std::memory_order_acquire)};
  }
  void start_scheduler();
  void bind_thread(const Scheduler& scheduler) const;
  void make_runnable_elsewhere(Runnable& runnable) noexcept;
  void push_last(Runnable& runnable, Scheduler* local) noexcept;
  void make_other_runnable(Runnable& runnable, Scheduler* local) noexcept;
  void push_shared(Runnable& runnable) noexcept;
  void push_shared(RunnableList list) noexcept;
  Runnable* pop_shared() noexcept;
  /// For a scheduler that has nothing else: its share of what waits there.
  Runnable* take_shared(Scheduler& own) noexcept;
  Runnable* keep_rest(Scheduler& own, RunnableList found, bool more) noexcept;
  /// A queue is full: half of it goes to all.
  void spill(Scheduler& own, Runnable& overflow) noexcept;
  Runnable* pop_urgent() noexcept;
  void push_blocking(Runnable& runnable);
  /// By the monitor, as all threads are started after the first: the C library allocates what it
  /// keeps for the next ones on the thread that starts them.
  void start_blocking_threads();
  bool start_blocking_thread();
  Runnable* pop_blocking(Scheduler& own) noexcept;
  void wait_for_blocking_work(Scheduler& scheduler);
  void note_blocking_thread_not_begun(Scheduler& scheduler) noexcept;
  Scheduler* local_scheduler() const noexcept;
  Runnable* steal_for(Scheduler& thief) noexcept;
  void wake_one() noexcept;
  void monitor_main();
  void wake_monitor() noexcept;
  void adjust(unsigned stuck);
  void hand_over(Scheduler& scheduler) noexcept;
  void rescue(Scheduler& scheduler) noexcept;
  struct Computing;
  void watch_computing(Scheduler& scheduler, Computing& seen) noexcept;
  struct LongTurn;
  struct Turn;
  struct Quiet;
  bool watch_memory(Scheduler& scheduler, std::uint32_t turns, Quiet& seen, bool may_ask) noexcept;
  void watch_turn(Scheduler& scheduler, bool is_new, Turn& seen) noexcept;

  const Options options_;
  const RunnableOps ops_;
  std::unique_ptr<StackPool> stacks_;
  const bool has_nodes_;  ///< more than one
  TimerSlab timer_slab_;
  /// Grows and never shrinks; `count_` of them are there.
  std::array<std::unique_ptr<Scheduler>, max_schedulers> schedulers_;
  std::atomic<unsigned> count_{0};
  std::atomic<unsigned> online_;
  /// Of those that are not retired, when they were counted last. The constructor's and the
  /// monitor's.
  unsigned active_ = 0;

  /// Looked at before each turn and hardly ever written: apart from what changes much.
  alignas(64) std::atomic<std::uint32_t> urgent_size_{0};
  RunnableList high_;
  RunnableList max_;
  alignas(64) SpinLock shared_lock_;
  RunnableList shared_;
  std::atomic<std::uint32_t> shared_size_{0};
  std::atomic<std::uint32_t> sleeping_{0};
  /// Schedulers may sleep in the poller, which they do often: see Scheduler::sleep().
  std::atomic<bool> poller_in_use_{false};
  std::atomic<std::uint32_t> searching_{0};
  std::atomic<bool> stopping_{false};

  std::mutex blocking_mutex_;
  RunnableList blocking_queue_;
  std::vector<Scheduler*> blocking_waiting_;  ///< for work, each at its own condition
  std::uint32_t blocking_queued_ = 0;
  std::uint32_t blocking_starting_ = 0;  ///< threads that have not looked for work yet
  std::vector<std::unique_ptr<Scheduler>> blocking_;
  std::vector<Scheduler*> blocking_ended_;  ///< of those, whose threads have ended for want of work

  std::mutex poller_mutex_;
  std::unique_ptr<Poller> poller_owner_;
  std::atomic<Poller*> poller_{nullptr};  ///< null until somebody waits for a descriptor

  std::mutex monitor_mutex_;
  std::condition_variable monitor_condition_;
  bool look_now_ = false;
  std::uint64_t activity_ = 0;  ///< grows while anything runs; the monitor's
  std::thread monitor_;
};

}  // namespace otp::detail
