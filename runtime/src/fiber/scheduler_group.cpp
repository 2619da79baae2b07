// The threads together: shared queue, stealing, waking, the blocking pool, and the monitor.
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <string_view>

#include "core/message_memory.h"
#include "fiber/scheduler.h"
#include "fiber/stack_pool.h"

namespace otp::detail {
namespace {

constexpr auto monitor_tick = std::chrono::milliseconds(1);
constexpr auto monitor_idle_tick = std::chrono::milliseconds(20);
// A few ticks may be the machine's doing: a thread that lost its core for a moment. Tearing a pair
// of processes that talk to each other apart costs them a factor of two.
constexpr int crowded_ticks_before_rescue = 4;
// Fewer turns than these in a tick are long ones: whoever waits behind them gains by moving.
constexpr std::uint32_t short_turns_in_tick = 8;
constexpr int ticks_before_stuck = 10;
constexpr Nanoseconds cpu_before_stuck = 5'000'000;  // of two that share a processor one has this
constexpr Nanoseconds quiet_before_giving_back = 1'000'000'000;
constexpr Nanoseconds longest_before_giving_back = 10'000'000'000;
constexpr Nanoseconds idle_before_end = 2'000'000'000;  // of a thread of the blocking pool
constexpr std::uint32_t turns_of_quiet = 1000;          // fewer than these in that time are little
constexpr std::uint8_t visits_of_low = 8;               // as RESCHEDULE_LOW of the BEAM

}  // namespace

SchedulerGroup::SchedulerGroup(const Options& options, RunnableOps ops)
    : options_(options),
      ops_(ops),
      stacks_(std::make_unique<StackPool>(options.stack_bytes)),
      has_nodes_(!options.processors.empty() &&
                 options.processors.front().node != options.processors.back().node),
      online_(std::clamp(options.schedulers, 1U, max_online)) {
  while (active_ < online()) start_scheduler();
  if (!is_simulated()) monitor_ = std::thread([this] { monitor_main(); });
}

SchedulerGroup::~SchedulerGroup() {
  stop();
  timer_slab_.for_each_payload(ops_.discard_timer);
}

void SchedulerGroup::start_scheduler() {
  const unsigned index = count_.load(std::memory_order_relaxed);
  auto& scheduler = schedulers_[index];
  scheduler = std::make_unique<Scheduler>(*this, Scheduler::Duty::processes, index);
  if (has_nodes_ && index < options_.processors.size())
    scheduler->node_ = options_.processors[index].node;
  scheduler->start_thread();
  count_.store(index + 1, std::memory_order_release);
  ++active_;
}

/// The scheduler's thread, by itself. Threads of the blocking pool, and one that comes in place of
/// another that is stuck, may run anywhere: whoever starts them may be bound.
void SchedulerGroup::bind_thread(const Scheduler& scheduler) const {
  const std::vector<Processor>& all = options_.processors;
  if (all.empty() || !(has_nodes_ || options_.one_processor_each)) return;
  if (scheduler.duty_ == Scheduler::Duty::blocking || scheduler.index_ >= all.size()) {
    stay_on(all);
  } else if (options_.one_processor_each) {
    stay_on({all[scheduler.index_]});
  } else {
    std::vector<Processor> near;
    std::ranges::copy_if(all, std::back_inserter(near), [&](const Processor& each) {
      return each.node == all[scheduler.index_].node;
    });
    stay_on(near);
  }
}

unsigned SchedulerGroup::set_online(unsigned count) noexcept {
  const std::lock_guard lock(monitor_mutex_);
  adjust_now_ = true;
  monitor_condition_.notify_all();
  return is_simulated() ? online() : online_.exchange(count);
}

void SchedulerGroup::stop() {
  if (stopping_.exchange(true)) return;
  if (is_simulated()) options_.driver->stop();
  {
    const std::lock_guard lock(monitor_mutex_);
    monitor_condition_.notify_all();
  }
  if (monitor_.joinable()) monitor_.join();  // it starts schedulers
  for (const auto& scheduler : schedulers()) scheduler->wake();
  {
    const std::lock_guard lock(blocking_mutex_);
    for (const auto& scheduler : blocking_) scheduler->sleep_condition_.notify_one();
  }
  for (const auto& scheduler : schedulers()) scheduler->thread_.join();
  for (const auto& scheduler : blocking_) {
    if (scheduler->thread_.joinable()) scheduler->thread_.join();
  }
}

Poller& SchedulerGroup::poller() {
  if (Poller* made = poller_.load(std::memory_order_acquire)) return *made;
  const std::lock_guard lock(poller_mutex_);
  if (poller_owner_ == nullptr) {
    poller_owner_ = std::make_unique<Poller>();
    poller_in_use_.store(true);
    fence_rarely();  // whoever wakes knows before anybody sleeps in it
    poller_.store(poller_owner_.get(), std::memory_order_release);
    wake_one();  // to sleep in it
  }
  return *poller_owner_;
}

std::size_t SchedulerGroup::abandoned_stacks() const {
  const std::lock_guard lock(abandoned_mutex_);
  return abandoned_.size();
}

// ---- Queues ----

/// The caller's, when it may queue processes of this group there.
inline Scheduler* SchedulerGroup::local_scheduler() const noexcept {
  Scheduler* own = current_scheduler();
  return own != nullptr && own->queue_of_.load(std::memory_order_relaxed) == this ? own : nullptr;
}

void SchedulerGroup::make_runnable_elsewhere(Runnable& runnable) noexcept {
  if (is_simulated()) {
    options_.driver->ready(runnable);
  } else if (!runnable.is_ordinary()) {
    make_other_runnable(runnable, nullptr);
  } else {
    push_shared(runnable);
    wake_one();
  }
}

void SchedulerGroup::make_runnable_last(Runnable& runnable) noexcept {
  if (is_simulated()) {
    options_.driver->ready(runnable);
    return;
  }
  Scheduler* own = local_scheduler();
  if (runnable.is_ordinary()) {
    push_last(runnable, own);
  } else {
    make_other_runnable(runnable, own);
  }
}

void SchedulerGroup::push_last(Runnable& runnable, Scheduler* local) noexcept {
  if (local == nullptr || !local->queue_.push_last(runnable)) {
    push_shared(runnable);
    wake_one();
  } else if (local->queue_.size() >= 2) {
    wake_one();
  }
}

/// One for the blocking pool, or not of normal priority. `local`: the scheduler that will look for
/// a process next, if any.
void SchedulerGroup::make_other_runnable(Runnable& runnable, Scheduler* local) noexcept {
  if (runnable.on_blocking_pool) {
    push_blocking(runnable);
  } else if (!runnable.is_urgent()) {
    runnable.visits = visits_of_low;
    push_last(runnable, local == nullptr ? local_scheduler() : local);
  } else {
    std::uint32_t waiting = 0;
    {
      const std::lock_guard lock(shared_lock_);
      (runnable.priority == Priority::max ? max_ : high_).push(runnable);
      waiting = urgent_size_.fetch_add(1, std::memory_order_seq_cst) + 1;
    }
    if (local == nullptr || waiting >= 2) wake_one();
  }
}

Runnable* SchedulerGroup::pop_urgent() noexcept {
  const std::lock_guard lock(shared_lock_);
  Runnable* first = max_.pop();
  if (first == nullptr) first = high_.pop();
  if (first != nullptr) urgent_size_.fetch_sub(1, std::memory_order_relaxed);
  return first;
}

void SchedulerGroup::push_shared(Runnable& runnable) noexcept {
  const std::lock_guard lock(shared_lock_);
  shared_.push(runnable);
  shared_size_.fetch_add(1, std::memory_order_seq_cst);
}

/// All at once, so that who wakes a thousand does not take the lock a thousand times.
void SchedulerGroup::push_shared(RunnableList list) noexcept {
  const std::lock_guard lock(shared_lock_);
  std::uint32_t count = 0;
  for (; Runnable* next = list.pop(); ++count) shared_.push(*next);
  shared_size_.fetch_add(count, std::memory_order_seq_cst);
}

[[gnu::noinline]] void SchedulerGroup::spill(Scheduler& own, Runnable& overflow) noexcept {
  RunnableList half = own.queue_.steal();
  half.push(overflow);
  push_shared(half);
}

Runnable* SchedulerGroup::pop_shared() noexcept {
  if (shared_size_.load(std::memory_order_relaxed) == 0) return nullptr;
  const std::lock_guard lock(shared_lock_);
  Runnable* first = shared_.pop();
  if (first != nullptr) shared_size_.fetch_sub(1, std::memory_order_relaxed);
  return first;
}

Runnable* SchedulerGroup::take_shared(Scheduler& own) noexcept {
  const std::uint32_t size = shared_size_.load(std::memory_order_relaxed);
  if (size == 0) return nullptr;
  RunnableList share;
  {
    const std::lock_guard lock(shared_lock_);
    std::uint32_t count = 0;
    const std::uint32_t most = std::min(size / online() + 1, RunQueue::capacity / 2);
    for (; count < most; ++count) {
      Runnable* const next = shared_.pop();
      if (next == nullptr) break;
      share.push(*next);
    }
    shared_size_.fetch_sub(count, std::memory_order_relaxed);
  }
  Runnable* const first = share.pop();
  while (Runnable* next = share.pop()) {
    if (!own.queue_.push_last(*next)) push_shared(*next);
  }
  return first;
}

Runnable* SchedulerGroup::steal_for(Scheduler& thief) noexcept {
  const Schedulers all = schedulers();
  for (const bool near : {true, false}) {
    for (std::size_t i = 1; i < all.size(); ++i) {
      Scheduler& victim = *all[(thief.index_ + i) % all.size()];
      if ((victim.node_ == thief.node_) != near || victim.queue_.size() < 2)
        continue;  // one that waits is served soon; the monitor sees when it is not
      RunnableList loot = victim.queue_.steal();
      Runnable* first = loot.pop();
      while (Runnable* next = loot.pop()) {
        if (!thief.queue_.push_last(*next)) push_shared(*next);
      }
      if (first != nullptr) return first;
    }
    if (!has_nodes_) break;
  }
  return nullptr;
}

void SchedulerGroup::wake_one() noexcept {
  if (poller_in_use_.load(std::memory_order_relaxed)) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  } else {
    fence_often();
  }
  if (sleeping_.load(std::memory_order_relaxed) == 0 ||
      searching_.load(std::memory_order_relaxed) != 0)
    return;
  const Scheduler* const own = current_scheduler();
  const int node = own != nullptr && &own->group_ == this ? own->node_ : 0;
  for (const bool near : {true, false}) {
    for (const auto& scheduler : schedulers()) {
      if ((scheduler->node_ == node) == near &&
          scheduler->asleep_.exchange(false, std::memory_order_relaxed)) {
        scheduler->wake();
        return;
      }
    }
    if (!has_nodes_) break;
  }
}

TimerShard& SchedulerGroup::own_timers() noexcept {
  Scheduler* own = current_scheduler();
  const bool local =
      own != nullptr && &own->group_ == this && own->duty_ == Scheduler::Duty::processes;
  return local ? own->timers_ : schedulers_[0]->timers_;
}

void SchedulerGroup::wake_for(TimerShard& timers) noexcept {
  Scheduler& scheduler = *timers.scheduler();
  // It says that it sleeps, and then looks for its next deadline under the lock of the timers.
  const bool may_sleep = scheduler.asleep_.load() || scheduler.retired_.load();
  if (may_sleep && &scheduler != current_scheduler()) scheduler.wake();
}

// ---- Blocking pool ----

void SchedulerGroup::push_blocking(Runnable& runnable) {
  const std::lock_guard lock(blocking_mutex_);
  blocking_queue_.push(runnable);
  ++blocking_queued_;
  // Who yields on the pool is queued by a thread that has nothing to run, and looks here next.
  const Scheduler* const own = current_scheduler();
  const bool looks_next = own != nullptr && &own->group_ == this &&
                          own->duty_ == Scheduler::Duty::blocking && own->current() == nullptr;
  if (blocking_waiting_.size() + (looks_next ? 1 : 0) >= blocking_queued_) {
    // The last to have worked, so that the others come to rest.
    const auto last = std::ranges::find(blocking_waiting_.rbegin(), blocking_waiting_.rend(), false,
                                        &Scheduler::notified_);
    if (last == blocking_waiting_.rend()) return;
    (*last)->notified_ = true;
    (*last)->sleep_condition_.notify_one();
  } else {
    start_blocking_thread();
  }
}

/// Unless there are as many as may be.
void SchedulerGroup::start_blocking_thread() {
  try {
    if (blocking_ended_.empty()) {
      if (blocking_.size() == options_.blocking_threads) return;
      const std::size_t count = blocking_.size() + 1;
      blocking_.reserve(count);
      blocking_waiting_.reserve(count);
      blocking_ended_.reserve(count);
      blocking_.push_back(std::make_unique<Scheduler>(*this, Scheduler::Duty::blocking,
                                                      static_cast<unsigned>(count - 1)));
      blocking_ended_.push_back(blocking_.back().get());
    }
    Scheduler& next = *blocking_ended_.back();
    if (next.thread_.joinable()) next.thread_.join();
    next.start_thread();
    blocking_ended_.pop_back();
  } catch (const std::exception&) {  // no more threads: the monitor's next tick tries again
  }
}

Runnable* SchedulerGroup::pop_blocking() noexcept {
  const std::lock_guard lock(blocking_mutex_);
  Runnable* first = blocking_queue_.pop();
  if (first != nullptr) --blocking_queued_;
  return first;
}

void SchedulerGroup::wait_for_blocking_work(Scheduler& scheduler) {
  const Nanoseconds time = machine_now();
  if (scheduler.idle_since_ == 0) scheduler.idle_since_ = time;
  const Nanoseconds left = scheduler.idle_since_ + idle_before_end - time;
  std::unique_lock lock(blocking_mutex_);
  scheduler.notified_ = false;
  blocking_waiting_.push_back(&scheduler);
  scheduler.sleep_condition_.wait_for(lock, std::chrono::nanoseconds(left), [&] {
    return !blocking_queue_.empty() || stopping_.load() ||
           scheduler.gives_memory_back_.load(std::memory_order_relaxed);
  });
  std::erase(blocking_waiting_, &scheduler);
  if (stopping_.load()) {
    scheduler.stopping_ = true;
  } else if (blocking_queue_.empty() && machine_now() - scheduler.idle_since_ >= idle_before_end) {
    scheduler.stopping_ = true;
    blocking_ended_.push_back(&scheduler);
  }
}

// ---- Monitor ----
// Looks at every scheduler once a tick. One that is inside the same turn as a tick ago is asked to
// preempt at its process's next operation, and its timers are fired for it; after some more ticks
// it is stuck. One that has been crowded for some ticks offers what waits to the others: somebody
// waits there behind long turns, or its processes are independent of each other. A pair that talks
// in short turns is left together.

/// How long the process on a scheduler's thread has computed without entering the runtime.
struct SchedulerGroup::Computing {
  const Runnable* runnable = nullptr;
  std::uint64_t entries = 0;
  int ticks = 0;
  Nanoseconds cpu = 0;  ///< of the thread, at the first look after some ticks
};

namespace {

Nanoseconds cpu_time_of(std::thread& thread) noexcept {
  clockid_t clock{};
  timespec time{};
  if (pthread_getcpuclockid(thread.native_handle(), &clock) != 0 ||
      clock_gettime(clock, &time) != 0)
    return 0;
  return Nanoseconds{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Whether a thread could run now, did a processor take it. False where nobody knows.
bool is_ready_to_run(pid_t thread) noexcept {
  std::array<char, 256> stat;
  std::snprintf(stat.data(), stat.size(), "/proc/self/task/%d/stat", thread);
  const int file = ::open(stat.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t size = ::read(file, stat.data(), stat.size());
  ::close(file);
  const std::string_view text(stat.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  const std::size_t name_end = text.rfind(')');  // 12 (name) R 1 ..
  return name_end < text.size() - 2 && text[name_end + 2] == 'R';
}

}  // namespace

/// The turn that a scheduler is inside, as the monitor has found it tick after tick.
struct SchedulerGroup::LongTurn {
  int ticks = 0;
  Nanoseconds cpu_before = 0;

  void look(Scheduler& scheduler, bool is_new) {
    if (is_new || scheduler.current() == nullptr) {
      ticks = 0;
    } else if (++ticks == 1) {
      cpu_before = cpu_time_of(scheduler.thread_);
    }
  }
  /// It computes, or the kernel lets it wait. A thread that only waits for a processor is not
  /// stuck: one more would wait beside it.
  bool is_stuck(Scheduler& scheduler) const {
    if (ticks < ticks_before_stuck) return false;
    return cpu_time_of(scheduler.thread_) - cpu_before >= cpu_before_stuck ||
           !is_ready_to_run(scheduler.thread_id_.load(std::memory_order_relaxed));
  }
};

/// A process that spins has used the processor for a second and has not entered the runtime once:
/// it is in code of its user, where nothing of ours is half done. (One that merely waits for the
/// processor could be anywhere.)
void SchedulerGroup::watch_computing(Scheduler& scheduler, Computing& seen) noexcept {
  constexpr int ticks_between_looks = 50;
  constexpr Nanoseconds grace = 1'000'000'000;
  const Runnable* runnable = scheduler.current();
  const std::uint64_t entries = scheduler.entries_.load(std::memory_order_relaxed);
  if (runnable == nullptr || runnable != seen.runnable || entries != seen.entries) {
    seen = {.runnable = runnable, .entries = entries};
    return;
  }
  if (++seen.ticks % ticks_between_looks != 0) return;
  const Nanoseconds cpu = cpu_time_of(scheduler.thread_);
  if (seen.cpu == 0) seen.cpu = cpu;
  if (cpu - seen.cpu < grace) return;
  struct Look {
    Scheduler& scheduler;
    const Computing& seen;
  } look{scheduler, seen};
  ops_.stuck(
      *scheduler.current_.load(std::memory_order_relaxed),
      [](void* context) {
        const auto& [scheduler, seen] = *static_cast<Look*>(context);
        return scheduler.current() == seen.runnable &&
               scheduler.entries_.load(std::memory_order_relaxed) == seen.entries;
      },
      &look);
}

/// The turn on a scheduler's thread.
struct SchedulerGroup::Turn {
  Runnable* runnable = nullptr;
  std::uint64_t identity = 0;
  Nanoseconds since = 0;
  bool told = false;
};

/// Tells of a turn while it lasts, as it may never end; once.
void SchedulerGroup::watch_turn(Scheduler& scheduler, bool is_new, Turn& seen) noexcept {
  const Nanoseconds time = machine_now();
  Runnable* runnable = scheduler.current();
  if (is_new || runnable == nullptr || runnable != seen.runnable) {
    seen = {.runnable = runnable,
            .identity = runnable == nullptr ? 0 : ops_.identity(*runnable),
            .since = time};
    return;
  }
  const Nanoseconds lasted = time - seen.since;
  if (seen.told || lasted < options_.long_schedule) return;
  struct Look {
    Scheduler& scheduler;
    Runnable* runnable;
    std::uint64_t entries;
  } look{scheduler, runnable, scheduler.entries_.load(std::memory_order_acquire)};
  seen.told = ops_.overdue(
      *runnable, seen.identity, lasted,
      [](void* context) {
        const auto& [scheduler, runnable, entries] = *static_cast<Look*>(context);
        return scheduler.current() == runnable &&
               scheduler.entries_.load(std::memory_order_relaxed) == entries;
      },
      &look);
}

/// How long a scheduler has had little to do, since anybody has had anything to do.
struct SchedulerGroup::Quiet {
  Nanoseconds since = machine_now();
  Nanoseconds gave_back = since;
  std::uint32_t turns = 0;     ///< in that time
  std::uint64_t activity = 0;  ///< of all, when it was asked last
};

/// Asks for the memory of a scheduler that has little to do, when anybody has run since; and, less
/// often, of one that has much to do: it would never give back what a peak has left.
void SchedulerGroup::watch_memory(Scheduler& scheduler, std::uint32_t turns, Quiet& seen) noexcept {
  const Nanoseconds time = machine_now();
  seen.turns += turns;
  if (seen.turns >= turns_of_quiet || activity_ == seen.activity) {
    seen.turns = 0;
    seen.since = time;
  }
  if (time - seen.since < quiet_before_giving_back &&
      (time - seen.gave_back < longest_before_giving_back || activity_ == seen.activity))
    return;
  seen = {.since = time, .gave_back = time, .activity = activity_};
  scheduler.gives_memory_back_.store(true, std::memory_order_relaxed);
  scheduler.wake();
  if (scheduler.index_ != 0) return;
  const std::lock_guard lock(blocking_mutex_);
  for (const auto& each : blocking_) {
    each->gives_memory_back_.store(true);
    each->sleep_condition_.notify_one();
  }
}

void SchedulerGroup::monitor_main() {
  ::pthread_setname_np(::pthread_self(), "otp_monitor");
  struct Seen {
    Computing computing{};
    Turn long_turn{};
    Quiet quiet{};
    std::uint32_t turn = 0;
    std::uint32_t displacements = 0;
    int crowded = 0;
    LongTurn same_turn{};
  };
  std::vector<Seen> seen;
  std::uint32_t looks = 0;
  std::unique_lock lock(monitor_mutex_);
  while (!stopping_.load()) {
    const bool all_asleep = sleeping_.load() == active_;
    monitor_condition_.wait_for(lock, all_asleep ? monitor_idle_tick : monitor_tick,
                                [this] { return stopping_.load() || adjust_now_; });
    adjust_now_ = false;
    seen.resize(schedulers().size());
    unsigned stuck = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      Scheduler& scheduler = *schedulers_[i];
      const std::uint32_t turn = scheduler.turn_mark_.load(std::memory_order_relaxed);
      const std::uint32_t turns = turn - std::exchange(seen[i].turn, turn);
      const std::uint32_t displacements = scheduler.queue_.displacements();
      activity_ += turns + (scheduler.current() != nullptr ? 1 : 0);
      watch_memory(scheduler, turns, seen[i].quiet);
      const bool independent = std::exchange(seen[i].displacements, displacements) != displacements;
      if (ops_.stuck != nullptr) watch_computing(scheduler, seen[i].computing);
      if (options_.long_schedule != 0) watch_turn(scheduler, turns != 0, seen[i].long_turn);
      if (turns == 0 && !scheduler.asleep_.load()) {
        scheduler.preempt_.store(true, std::memory_order_relaxed);
        scheduler.fire_timers();
      }
      seen[i].same_turn.look(scheduler, turns != 0);
      if (seen[i].same_turn.is_stuck(scheduler)) {
        stuck += scheduler.is_retired() ? 0 : 1;
        hand_over(scheduler);
      }
      const bool crowded =
          !scheduler.queue_.empty() && (turns < short_turns_in_tick || independent);
      seen[i].crowded = crowded ? seen[i].crowded + 1 : 0;
      if (seen[i].crowded >= crowded_ticks_before_rescue) {
        seen[i].crowded = 0;
        rescue(scheduler);
      }
    }
    if (Poller* poller = poller_.load(std::memory_order_acquire)) {
      if (poller->looks() == looks) poller->look();
      looks = poller->looks();
    }
    adjust(stuck);
    if (const std::unique_lock blocking(blocking_mutex_, std::try_to_lock);
        blocking && !blocking_queue_.empty() && blocking_waiting_.empty())
      start_blocking_thread();
  }
}

/// Sees to it that as many schedulers serve as are wanted.
void SchedulerGroup::adjust(unsigned stuck) {
  const unsigned wanted = std::min(online() + stuck, max_schedulers);
  for (const auto& scheduler : schedulers()) {
    if (active_ >= wanted) break;
    if (!scheduler->revive()) continue;
    scheduler->wake();
    ++active_;
  }
  try {
    while (active_ < wanted && schedulers().size() < max_schedulers) start_scheduler();
  } catch (const std::exception&) {  // no more threads: the next tick tries again
  }
  for (auto each = schedulers().rbegin(); active_ > wanted && each != schedulers().rend(); ++each) {
    if (!(*each)->retire()) continue;
    (*each)->wake();
    --active_;
  }
}

/// What waits behind a process that computes.
void SchedulerGroup::hand_over(Scheduler& scheduler) noexcept {
  if (scheduler.queue_.empty()) return;
  for (RunnableList waiting = scheduler.queue_.steal(); !waiting.empty();
       waiting = scheduler.queue_.steal()) {
    while (Runnable* next = waiting.pop()) push_shared(*next);
  }
  if (Runnable* next = scheduler.queue_.take_next()) push_shared(*next);
  wake_one();
}

void SchedulerGroup::rescue(Scheduler& scheduler) noexcept {
  if (sleeping_.load() == 0) return;
  RunnableList waiting = scheduler.queue_.steal();
  if (waiting.empty()) {
    if (Runnable* next = scheduler.queue_.take_next()) waiting.push(*next);
  }
  while (Runnable* next = waiting.pop()) push_shared(*next);
  wake_one();
}

}  // namespace otp::detail
