// The monitor: a thread that looks at every scheduler once a tick. One that is inside the same turn
// as a tick ago is asked to preempt at its process's next operation, and its timers are fired for
// it; after some more ticks it is stuck. One that has been crowded for some ticks offers what waits
// to the others: somebody waits there behind long turns, or its processes are independent of each
// other. A pair that talks in short turns is left together.
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "core/message_memory.h"
#include "fiber/scheduler.h"

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
constexpr std::uint32_t turns_of_quiet = 1000;  // fewer than these in that time are little

}  // namespace

/// How long the process on a scheduler's thread has computed without entering the runtime.
struct SchedulerGroup::Computing {
  const Runnable* runnable = nullptr;
  std::uint64_t entries = 0;
  int ticks = 0;        ///< since the last look at its time
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
  int ticks = 0;  ///< no more than make it stuck: it may last for months
  Nanoseconds cpu_before = 0;

  void look(Scheduler& scheduler, bool is_new) {
    if (is_new || scheduler.current() == nullptr) {
      ticks = 0;
    } else if (ticks < ticks_before_stuck && ++ticks == 1) {
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
  Runnable* runnable = scheduler.current();
  const std::uint64_t entries = scheduler.entries_.load(std::memory_order_relaxed);
  if (runnable == nullptr || runnable != seen.runnable || entries != seen.entries) {
    seen = {.runnable = runnable, .entries = entries};
    return;
  }
  if (++seen.ticks < ticks_between_looks) return;
  seen.ticks = 0;
  const Nanoseconds cpu = cpu_time_of(scheduler.thread_);
  if (seen.cpu == 0) seen.cpu = cpu;
  if (cpu - seen.cpu < grace) return;
  struct Look {
    Scheduler& scheduler;
    const Computing& seen;
  } look{scheduler, seen};
  ops_.stuck(
      *runnable,  // which may be over by now: its slot stays
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
  bool again = false;          ///< for what others have freed of its memory when they were asked
};

/// Asks for the memory of a scheduler that has little to do, when anybody has run since; and, less
/// often, of one that has much to do: it would never give back what a peak has left. True: it has
/// asked.
bool SchedulerGroup::watch_memory(Scheduler& scheduler, std::uint32_t turns, Quiet& seen,
                                  bool may_ask) noexcept {
  const Nanoseconds time = machine_now();
  seen.turns += turns;
  const bool all_quiet = activity_ == seen.activity;
  if (seen.turns >= turns_of_quiet || (all_quiet && !seen.again)) {
    seen.turns = 0;
    seen.since = time;
  }
  if (!may_ask || (time - seen.since < quiet_before_giving_back &&
                   (time - seen.gave_back < longest_before_giving_back || all_quiet)))
    return false;
  if (scheduler.index_ == 0) give_memory_back();  // of timers that the monitor has fired
  seen = {.since = time, .gave_back = time, .activity = activity_, .again = !all_quiet};
  scheduler.gives_memory_back_.store(true, std::memory_order_relaxed);
  scheduler.wake();
  if (scheduler.index_ != 0) return true;
  const std::lock_guard lock(blocking_mutex_);
  for (const auto& each : blocking_) {
    each->gives_memory_back_.store(true);
    each->sleep_condition_.notify_one();
  }
  return true;
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
  std::size_t first = 0;
  std::uint32_t looks = 0;
  while (!stopping_.load()) {
    {
      std::unique_lock lock(monitor_mutex_);
      const bool all_asleep = sleeping_.load() == active_;
      monitor_condition_.wait_for(lock, all_asleep ? monitor_idle_tick : monitor_tick,
                                  [this] { return stopping_.load() || look_now_; });
      look_now_ = false;
    }
    try {
      seen.resize(schedulers().size());
    } catch (const std::bad_alloc&) {  // it looks at those that it knows
    }
    unsigned stuck = 0;
    // One in a tick gives memory back, so that they do not wait for each other; another begins each
    // time, so that each comes to it.
    bool may_ask = true;
    ++first;
    for (std::size_t n = 0; n < seen.size(); ++n) {
      const std::size_t i = (first + n) % seen.size();
      Scheduler& scheduler = *schedulers_[i];
      const std::uint32_t turn = scheduler.turn_mark_.load(std::memory_order_relaxed);
      const std::uint32_t turns = turn - std::exchange(seen[i].turn, turn);
      const std::uint32_t displacements = scheduler.queue_.displacements();
      activity_ += turns + (scheduler.current() != nullptr ? 1 : 0);
      if (watch_memory(scheduler, turns, seen[i].quiet, may_ask)) may_ask = false;
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
    start_blocking_threads();
  }
}

/// Sees to it that as many schedulers serve as are wanted.
void SchedulerGroup::adjust(unsigned stuck) {
  const unsigned wanted = std::min(online() + stuck, max_schedulers);
  active_ = static_cast<unsigned>(
      std::ranges::count_if(schedulers(), [](const auto& each) { return !each->is_retired(); }));
  try {
    for (const auto& scheduler : schedulers()) {
      if (active_ >= wanted) break;
      if (!scheduler->revive()) continue;
      scheduler->wake();
      ++active_;
    }
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
    push_shared(waiting);
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
  push_shared(waiting);
  wake_one();
}

}  // namespace otp::detail
