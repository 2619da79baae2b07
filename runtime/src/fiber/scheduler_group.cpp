// The threads together: shared queue, stealing, waking, the blocking pool. The monitor is in
// monitor.cpp.
#include <algorithm>
#include <chrono>
#include <iterator>

#include "fiber/scheduler.h"
#include "fiber/stack_pool.h"

namespace otp::detail {
namespace {

constexpr std::uint8_t visits_of_low = 8;  // as RESCHEDULE_LOW of the BEAM

}  // namespace

SchedulerGroup::SchedulerGroup(const Options& options, RunnableOps ops)
    : options_(options),
      ops_(ops),
      stacks_(std::make_unique<StackPool>(options.stack_bytes)),
      has_nodes_(!options.processors.empty() &&
                 options.processors.front().node != options.processors.back().node),
      online_(std::clamp(options.schedulers, 1U, max_online)) {
  try {
    while (active_ < online()) start_scheduler();
    if (!is_simulated()) monitor_ = std::thread([this] { monitor_main(); });
  } catch (...) {
    stop();  // those that have begun
    throw;
  }
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
  if (is_simulated()) return online();
  const unsigned before = online_.exchange(count);
  wake_monitor();
  return before;
}

void SchedulerGroup::wake_monitor() noexcept {
  const std::lock_guard lock(monitor_mutex_);
  look_now_ = true;
  monitor_condition_.notify_all();
}

void SchedulerGroup::stop() {
  if (stopping_.exchange(true)) return;
  if (is_simulated()) options_.driver->stop();
  wake_monitor();
  if (monitor_.joinable()) monitor_.join();  // it starts schedulers
  for (const auto& scheduler : schedulers()) scheduler->wake();
  {
    const std::lock_guard lock(blocking_mutex_);
    for (const auto& scheduler : blocking_) scheduler->sleep_condition_.notify_one();
  }
  for (const auto& scheduler : schedulers()) {
    if (scheduler->thread_.joinable()) scheduler->thread_.join();
  }
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
  bool more = false;  // than this one can run now
  {
    const std::lock_guard lock(shared_lock_);
    std::uint32_t count = 0;
    const std::uint32_t most = std::min(size / online() + 1, RunQueue::capacity / 2);
    for (; count < most; ++count) {
      Runnable* const next = shared_.pop();
      if (next == nullptr) break;
      share.push(*next);
    }
    more = shared_size_.fetch_sub(count, std::memory_order_relaxed) > count || count > 1;
  }
  return keep_rest(own, share, more);
}

/// What a scheduler has found beyond the first goes behind what it has. `more`: there is work for
/// another, too, which goes on likewise: so the first wake-up reaches as many as are needed.
Runnable* SchedulerGroup::keep_rest(Scheduler& own, RunnableList found, bool more) noexcept {
  Runnable* const first = found.pop();
  while (Runnable* next = found.pop()) {
    if (!own.queue_.push_last(*next)) push_shared(*next);
  }
  if (more) wake_one();
  return first;
}

Runnable* SchedulerGroup::steal_for(Scheduler& thief) noexcept {
  const Schedulers all = schedulers();
  for (const bool near : {true, false}) {
    for (std::size_t i = 1; i < all.size(); ++i) {
      Scheduler& victim = *all[(thief.index_ + i) % all.size()];
      if ((victim.node_ == thief.node_) != near || victim.queue_.size() < 2)
        continue;  // one that waits is served soon; the monitor sees when it is not
      const RunnableList loot = victim.queue_.steal();
      // Of two the victim has kept one, which is served soon.
      if (!loot.empty()) return keep_rest(thief, loot, loot.head != loot.tail);
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
  const bool may_sleep = scheduler.asleep_.load() || scheduler.is_retired();
  if (may_sleep && &scheduler != current_scheduler()) scheduler.wake();
}

// ---- Blocking pool ----

void SchedulerGroup::push_blocking(Runnable& runnable) {
  std::unique_lock lock(blocking_mutex_);
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
  } else if (!blocking_ended_.empty() || blocking_.size() < options_.blocking_threads) {
    lock.unlock();
    wake_monitor();
  }
}

void SchedulerGroup::start_blocking_threads() {
  const std::lock_guard lock(blocking_mutex_);
  while (blocking_queued_ > blocking_waiting_.size() + blocking_starting_ &&
         start_blocking_thread()) {
  }
}

/// False when there are as many as may be, or as can be.
bool SchedulerGroup::start_blocking_thread() {
  try {
    if (blocking_ended_.empty()) {
      if (blocking_.size() == options_.blocking_threads) return false;
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
    next.starting_ = true;
    next.start_thread();
    blocking_ended_.pop_back();
    ++blocking_starting_;
    return true;
  } catch (const std::exception&) {  // no more threads: the next tick tries again
    return false;
  }
}

Runnable* SchedulerGroup::pop_blocking(Scheduler& own) noexcept {
  const std::lock_guard lock(blocking_mutex_);
  if (std::exchange(own.starting_, false)) --blocking_starting_;
  Runnable* first = blocking_queue_.pop();
  if (first != nullptr) --blocking_queued_;
  return first;
}

void SchedulerGroup::note_blocking_thread_not_begun(Scheduler& scheduler) noexcept {
  const std::lock_guard lock(blocking_mutex_);
  if (std::exchange(scheduler.starting_, false)) --blocking_starting_;
  blocking_ended_.push_back(&scheduler);
}

void SchedulerGroup::wait_for_blocking_work(Scheduler& scheduler) {
  const Nanoseconds time = machine_now();
  if (scheduler.idle_since_ == 0) scheduler.idle_since_ = time;
  const Nanoseconds left = scheduler.idle_since_ + Scheduler::idle_before_end - time;
  std::unique_lock lock(blocking_mutex_);
  scheduler.notified_ = false;
  blocking_waiting_.push_back(&scheduler);
  scheduler.sleep_condition_.wait_for(lock, std::chrono::nanoseconds(left), [&] {
    if (!blocking_queue_.empty() || stopping_.load() ||
        scheduler.gives_memory_back_.load(std::memory_order_relaxed))
      return true;
    scheduler.notified_ = false;  // somebody was faster: it can be woken again
    return false;
  });
  std::erase(blocking_waiting_, &scheduler);
  if (stopping_.load()) {
    scheduler.stopping_ = true;
  } else if (blocking_queue_.empty() &&
             machine_now() - scheduler.idle_since_ >= Scheduler::idle_before_end) {
    scheduler.stopping_ = true;
    blocking_ended_.push_back(&scheduler);
  }
}

}  // namespace otp::detail
