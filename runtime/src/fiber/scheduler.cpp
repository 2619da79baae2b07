#include "fiber/scheduler.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include <boost/context/stack_traits.hpp>
#include <boost/fiber/operations.hpp>

#include "core/message_memory.h"
#include "fiber/algorithm.h"
#include "fiber/stack_pool.h"

namespace otp::detail {
namespace {

constexpr std::int32_t turn_budget = 2000;  // operations, as the BEAM's 4,000 reductions
constexpr std::uint32_t turns_between_polls =
    61;  // prime, so that it falls into no rhythm of the program
constexpr Nanoseconds spin_before_sleep = 50'000;
constexpr Nanoseconds between_taking_in = 10'000'000;  // see take_freed_memory_in()
constexpr std::uint32_t worth_waking_for = 16;         // processes, at a few microseconds each
constexpr std::uint32_t least_events = 16;  // that a look takes, however long the queue is

}  // namespace

thread_local constinit Scheduler* this_scheduler = nullptr;
#if !defined(__x86_64__) || defined(__SANITIZE_THREAD__)
Scheduler* current_scheduler() noexcept { return this_scheduler; }
#endif

Scheduler::Scheduler(SchedulerGroup& group, Duty duty, unsigned index)
    : group_(group),
      duty_(duty),
      index_(index),
      queue_of_(duty == Duty::processes && !group.is_simulated() ? &group : nullptr),
      timers_(group.timer_slab(), now(group.clock()), this) {}

Scheduler::~Scheduler() = default;

std::span<const std::byte> Scheduler::current_stack() const noexcept {
  if (current() == nullptr) return {};
  const Worker* const worker = algorithm_->running();
  if (worker == nullptr) return {};
  return {static_cast<const std::byte*>(worker->state.stack_bottom), worker->state.stack_bytes};
}

void Scheduler::start_thread() {
  stopping_ = main_left_ = false;
  idle_since_ = 0;
  thread_ = std::thread([this] { thread_main(); });
}

void Scheduler::thread_main() {
  this_scheduler = this;
  const char* const name = duty_ == Duty::blocking ? "otp_blocking_%u" : "otp_sched_%u";
  std::array<char, 16> numbered{};  // no more than the kernel takes
  std::snprintf(numbered.data(), numbered.size(), name, index_ + 1);
  ::pthread_setname_np(::pthread_self(), numbered.data());
  try {
    group_.bind_thread(*this);
    thread_id_.store(::gettid(), std::memory_order_relaxed);
    OverflowStacks overflow_stacks;
    overflow_stacks_ = &overflow_stacks;
    // Boost.Fiber takes the memory for a thread where it cannot tell that there is none. What is
    // taken and freed here is left for that.
    ::operator delete(::operator new(boost::context::stack_traits::default_size()));
    algorithm_ = new SchedulingAlgorithm(*this);  // owned by Boost.Fiber's scheduler of this thread
    boost::fibers::context::active()->get_scheduler()->set_algo(algorithm_);
    boost::fibers::context::active()->suspend();  // until the group stops
    algorithm_->main_resumed();
    main_left_ = true;
  } catch (const std::bad_alloc&) {
    if (group_.is_simulated()) throw;  // nobody would try again
    note_not_begun();
  }
}

/// The monitor tries again, as if it had ended for want of work.
void Scheduler::note_not_begun() noexcept {
  if (duty_ == Duty::blocking) return group_.note_blocking_thread_not_begun(*this);
  const std::lock_guard lock(sleep_mutex_);
  ended_ = true;
  retire();
}

void Scheduler::start_turn(Runnable& runnable) noexcept {
  current_.store(&runnable, std::memory_order_relaxed);
  budget = turn_budget;
  --turns_to_poll_;
  turn_mark_.store(++turns_, std::memory_order_relaxed);
  preempt_.store(false, std::memory_order_relaxed);
  if (group_.is_simulated()) [[unlikely]]
    budget = group_.options_.driver->budget();
}

bool Scheduler::run(Runnable& runnable) {
  start_turn(runnable);
  return group_.ops().run(runnable);
}

void Scheduler::leave(Runnable& self, Leave how) {
  Worker* const worker = algorithm_->running();
  leaving_ = {.worker = worker, .runnable = &self, .how = how};
  current_.store(nullptr, std::memory_order_relaxed);
  algorithm_->leave_worker();
  worker->arrived();
  current_scheduler()->after_switch();
}

void Scheduler::park(Runnable& self) { leave(self, Leave::park); }

void Scheduler::yield(Runnable& self) {
  if (group_.is_simulated() && group_.options_.driver->keeps_current(self)) {
    start_turn(self);
  } else {
    leave(self, Leave::requeue);
  }
}

void Scheduler::abandon(Runnable& self) {
  leave(self, Leave::abandon);
  std::abort();  // nobody resumes an abandoned stack
}

void Scheduler::after_switch() {
  const Leave how = std::exchange(leaving_.how, Leave::none);
  if (how == Leave::none) return;
  if (how == Leave::abandon) [[unlikely]]
    return drop_throw_notes(leaving_.worker->state);
  Runnable& runnable = *leaving_.runnable;
  runnable.stack = leaving_.worker;
  if (how == Leave::requeue) {
    group_.make_runnable_last(runnable);
  } else if (!group_.ops().commit_park(runnable)) {
    group_.make_runnable(runnable);
  }
}

void Scheduler::fire_timers() {
  const Nanoseconds time = now(group_.clock());
  if (!timers_.is_due(time)) return;
  const bool own = this_scheduler == this;  // or the monitor's, which queues nothing here
  if (own) dispatching_ = true;
  group_.ops().fire_timers(group_.owner(), timers_, time);
  if (!own) return;
  dispatching_ = false;
  if (queue_.size() >= 2) group_.wake_one();
}

void Scheduler::give_all_away() {
  RunnableList all;
  while (Runnable* first = queue_.pop()) all.push(*first);
  group_.push_shared(all);
  group_.wake_one();  // also when it has nothing: it may have been woken for what waits there
}

inline void Scheduler::give_memory_back_if_asked() noexcept {
  if (!gives_memory_back_.load(std::memory_order_relaxed)) [[likely]]
    return;
  gives_memory_back_.store(false, std::memory_order_relaxed);
  give_memory_back();
  give_stacks_back();
}

/// Idle workers that nobody has needed since the last time end; the others keep what they stand on.
[[gnu::noinline]] void Scheduler::give_stacks_back() noexcept {
  surplus_ = std::exchange(least_idle_, idle_workers_.size());
  for (Worker* worker : idle_workers_) {
    StackPool::give_back_below(worker->state.stack_bottom, worker->frame);
    drop_throw_notes(worker->state);
  }
  group_.stacks_->give_back();
}

void Scheduler::poll() {
  current_.store(nullptr, std::memory_order_relaxed);  // its turn is over, others may run it
  turns_to_poll_ = turns_between_polls;
  give_memory_back_if_asked();
  if (const Nanoseconds time = machine_now(); time >= takes_memory_in_at_) {
    takes_memory_in_at_ = time + between_taking_in;
    take_freed_memory_in();
  }
  fire_timers();
  if (Poller* poller = group_.poller_.load(std::memory_order_acquire);
      poller != nullptr && poller->try_enter()) {
    // What the ring has no room for would wait in the shared queue, behind all in the ring. The
    // kernel keeps the events in order.
    poller->wait(0, std::max(RunQueue::capacity - queue_.size(), least_events));
    dispatch(*poller);
  }
  // The shared queue must not starve behind a busy local one.
  if (group_.shared_size_.load(std::memory_order_relaxed) != 0) {
    if (Runnable* shared = group_.pop_shared()) {
      if (!queue_.push_last(*shared)) group_.push_shared(*shared);
    }
  }
}

Runnable* Scheduler::next_runnable(bool search) {
  if (queue_of_.load(std::memory_order_relaxed) == nullptr) [[unlikely]]
    return next_unusual();
  const bool looks_around = search || turns_to_poll_ > turns_between_polls;  // below zero
  if (looks_around) poll();
  if (group_.urgent_size_.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    if (Runnable* urgent = group_.pop_urgent()) return urgent;
  }
  Runnable* next = next_in_turn(looks_around, search);
  if (next == nullptr || next->visits == 0) [[likely]]
    return next;
  return pass_over(next, search);
}

/// One of priority low, and others. Who is leaving the stack, or has had its share, is not in the
/// queue yet: once all in it are of low, the dispatcher goes on, which sees that one too.
[[gnu::noinline]] Runnable* Scheduler::pass_over(Runnable* next, bool search) {
  bool counts = !search || !std::exchange(round_counted_, false);
  const Runnable* first_passed = nullptr;
  std::uint32_t passed = 0;
  for (;; next = next_in_turn(search, search)) {
    if (next == nullptr || next->visits == 0) return next;
    // The first never comes again when it has been stolen.
    const bool came_round = next == first_passed || ++passed > RunQueue::capacity;
    const bool gives_up = came_round && !search;
    counts = counts || came_round;
    if (counts && !gives_up && --next->visits == 0) return next;
    if (!queue_.push_last(*next)) group_.push_shared(*next);
    if (gives_up) {
      round_counted_ = true;
      return nullptr;
    }
    if (first_passed == nullptr) first_passed = next;
  }
}

/// Among those of priority normal and low.
inline Runnable* Scheduler::next_in_turn(bool looks_around, bool search) {
  // Processes that wake each other pass the slot to and fro: the ring must not starve behind it.
  if (looks_around) {
    if (Runnable* first = queue_.pop_first()) return first;
  }
  if (Runnable* next = queue_.pop()) return next;
  if (Runnable* shared = group_.take_shared(*this)) return shared;
  return search ? group_.steal_for(*this) : nullptr;
}

Runnable* Scheduler::next_unusual() {
  current_.store(nullptr, std::memory_order_relaxed);  // as in poll()
  give_memory_back_if_asked();
  if (duty_ == Duty::blocking) {
    Runnable* const next = stopping_ ? nullptr : group_.pop_blocking(*this);
    if (next != nullptr) idle_since_ = 0;
    return next;
  }
  if (group_.is_simulated()) return group_.options_.driver->next();
  fire_timers();
  give_all_away();
  return nullptr;
}

bool Scheduler::work_in_sight() noexcept {
  if (!queue_.empty() || group_.shared_size_.load(std::memory_order_seq_cst) != 0 ||
      group_.urgent_size_.load(std::memory_order_seq_cst) != 0)
    return true;
  for (const auto& other : group_.schedulers()) {
    if (other.get() != this && other->queue_.size() >= 2) return true;
  }
  return false;
}

bool Scheduler::spin_for_work() {
  group_.searching_.fetch_add(1);
  const Nanoseconds end = machine_now() + spin_before_sleep;
  bool found = false;
  do {
    for (int i = 0; i < 20 && !found; ++i) {
      relax_cpu();
      found = work_in_sight();
    }
    found = found || timers_.is_due(now(group_.clock()));
  } while (!found && machine_now() < end && !stop_requested());
  group_.searching_.fetch_sub(1);
  return found;
}

void Scheduler::sleep() {
  if (stopping_) return;
  if (duty_ == Duty::blocking) {
    group_.wait_for_blocking_work(*this);
    return;
  }
  if (group_.is_simulated()) {
    group_.options_.driver->wait();
    if (stop_requested()) stopping_ = true;
    return;
  }
  if (is_retired()) {
    sleep_retired();
    return;
  }
  // Who sleeps in the poller sleeps at once: what it costs to wake it is paid by the kernel's side.
  Poller* poller = group_.poller_.load(std::memory_order_acquire);
  const bool spins = poller == nullptr;
  if (poller != nullptr && !poller->try_enter()) poller = nullptr;
  if (spins && spin_for_work()) return;
  std::unique_lock lock(sleep_mutex_);
  asleep_.store(true, std::memory_order_seq_cst);
  group_.sleeping_.fetch_add(1, std::memory_order_seq_cst);
  // Who sleeps in the poller sleeps often: there both sides have a fence of their own.
  if (group_.poller_.load() == nullptr) {
    fence_rarely();
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  if (!work_in_sight() && !stop_requested() && !notified_) sleep_until_woken(lock, poller);
  notified_ = false;
  asleep_.store(false, std::memory_order_relaxed);
  group_.sleeping_.fetch_sub(1, std::memory_order_seq_cst);
  if (stop_requested()) stopping_ = true;
  lock.unlock();
  if (poller != nullptr) dispatch(*poller);
}

/// For nobody to wake but its timers and the monitor. Without timers the thread ends after a while;
/// should somebody arm one here then, the monitor fires it.
void Scheduler::sleep_retired() {
  std::unique_lock lock(sleep_mutex_);
  const Nanoseconds since = retired_since_.load();
  const Nanoseconds deadline = timers_.next_deadline();
  const Nanoseconds left =
      deadline == never ? since + idle_before_end - machine_now() : deadline - now(group_.clock());
  if (left > 0) {
    sleep_condition_.wait_for(lock, std::chrono::nanoseconds(left),
                              [this] { return !is_retired() || stop_requested() || notified_; });
  }
  notified_ = false;
  const bool needless =
      is_retired() && machine_now() - since >= idle_before_end && timers_.next_deadline() == never;
  if (needless) ended_ = true;
  if (needless || stop_requested()) stopping_ = true;
}

bool Scheduler::retire() noexcept {
  queue_of_.store(nullptr, std::memory_order_relaxed);
  Nanoseconds not_yet = 0;
  return retired_since_.compare_exchange_strong(not_yet, machine_now());
}

bool Scheduler::revive() {
  if (retired_since_.exchange(0) == 0) return false;
  std::unique_lock lock(sleep_mutex_);
  const bool ended = std::exchange(ended_, false);
  lock.unlock();  // a thread that has ended takes it no more
  if (ended && thread_.joinable()) thread_.join();
  queue_of_.store(&group_, std::memory_order_relaxed);
  if (!ended) return true;
  try {
    start_thread();
  } catch (...) {
    note_not_begun();
    throw;
  }
  return true;
}

/// Makes runnable who has waited for what has happened. To wake another scheduler costs as much as
/// several of them, so that it is done for many at once.
void Scheduler::dispatch(Poller& poller) {
  dispatching_ = true;
  poller.dispatch();
  poller.leave();
  dispatching_ = false;
  if (queue_.size() >= worth_waking_for) group_.wake_one();
}

/// Or until a timer of this scheduler is due.
void Scheduler::sleep_until_woken(std::unique_lock<std::mutex>& lock, Poller* poller) {
  const Nanoseconds deadline = timers_.next_deadline();
  const Nanoseconds left = deadline == never ? never : deadline - now(group_.clock());
  if (left <= 0) return;
  if (poller != nullptr) {
    in_poller_ = true;
    lock.unlock();
    poller->wait(left == never ? -1 : left, Poller::batch);
    lock.lock();
    in_poller_ = false;
    return;
  }
  const auto woken = [this] { return notified_; };
  if (left == never) {
    sleep_condition_.wait(lock, woken);
  } else {
    sleep_condition_.wait_for(lock, std::chrono::nanoseconds(left), woken);
  }
}

bool Scheduler::stop_requested() const noexcept {
  return group_.stopping_.load(std::memory_order_relaxed);
}

void Scheduler::wake() noexcept {
  const std::lock_guard lock(sleep_mutex_);
  notified_ = true;
  if (in_poller_) {
    group_.poller_.load(std::memory_order_relaxed)->interrupt();
  } else {
    sleep_condition_.notify_one();
  }
}

}  // namespace otp::detail
