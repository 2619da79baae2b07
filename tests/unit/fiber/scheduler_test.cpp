// Schedulers that run what a test gives them, without a process in it.
#include "fiber/scheduler.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <semaphore>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "fiber/stack_pool.h"

// ---- Threads that fail as a test wants it ----
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTP_SANITIZER_MAKES_THREADS 1
#else

namespace {

std::atomic<int> threads_left = INT_MAX;
std::atomic<int> threads_without_memory = 0;
thread_local constinit bool has_no_memory = false;

struct ThreadStart {
  void* (*routine)(void*);
  void* argument;
};
void* run_without_memory(void* raw) {
  const ThreadStart start = *std::unique_ptr<ThreadStart>(static_cast<ThreadStart*>(raw));
  has_no_memory = true;
  return start.routine(start.argument);
}

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*routine)(void*), void* argument) noexcept {
  static const auto real =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  if (threads_left.load() != INT_MAX && threads_left.fetch_sub(1) <= 0) return EAGAIN;
  if (threads_without_memory.load() == 0) return real(thread, attributes, routine, argument);
  threads_without_memory.fetch_sub(1);
  return real(thread, attributes, &run_without_memory, new ThreadStart{routine, argument});
}

extern "C" void* mmap(void* address, std::size_t bytes, int protection, int flags, int file,
                      off_t offset) noexcept {
  if (has_no_memory) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(
      syscall(SYS_mmap, address, bytes, protection, flags, file, offset));
}

#endif

namespace otp::detail {
namespace {

using namespace std::chrono_literals;

struct Job : Runnable {
  std::function<bool()> turn;  ///< true: there is more to do
};

/// What a test does when its timers are due.
void ignore_timers(void*, TimerShard& timers, Nanoseconds now) {
  if (!timers.begin_firing()) return;
  {
    const std::lock_guard lock(timers);
    while (const TimerIndex timer = timers.take_due(now)) timers.release(timer);
    timers.settle();
  }
  timers.end_firing();
}

RunnableOps ops(decltype(RunnableOps::fire_timers) fire_timers = &ignore_timers) {
  return {.run = [](Runnable& job) { return static_cast<Job&>(job).turn(); },
          .commit_park = [](Runnable&) { return true; },
          .stuck = nullptr,
          .identity = nullptr,
          .overdue = nullptr,
          .fire_timers = fire_timers,
          .discard_timer = [](void*) {}};
}

/// On a scheduler's thread, one that is due at once.
void arm_timer(SchedulerGroup& group) {
  alignas(16) static std::byte payload;
  TimerShard& timers = group.own_timers();
  timers.lock();
  while (!timers.has_room()) {
    timers.unlock();
    timers.grow();
    timers.lock();
  }
  timers.arm(timers.allocate(&payload, machine_now(), 0));
  timers.unlock();
}

/// False when it takes too long.
template <class Semaphore>
bool comes(Semaphore& semaphore) {
  return semaphore.try_acquire_for(30s);
}

// ---- Threads that cannot be made, or cannot begin ----
#ifndef OTP_SANITIZER_MAKES_THREADS

TEST(SchedulerGroup, that_cannot_have_its_threads_throws) {
  for (const int threads : {0, 1, 3}) {  // the first; the second; the monitor's
    threads_left = threads;
    EXPECT_THROW(SchedulerGroup({.schedulers = 3}, ops()), std::system_error) << threads;
    threads_left = INT_MAX;
  }
}

TEST(SchedulerGroup, begins_its_threads_again_that_had_no_memory) {
  std::counting_semaphore<> done{0};
  const auto is_done = [&done] {
    done.release();
    return false;
  };
  Job plain;
  plain.turn = is_done;
  Job blocking;
  blocking.turn = is_done;
  blocking.on_blocking_pool = true;
  threads_without_memory = 2;
  SchedulerGroup group({.schedulers = 2}, ops());
  EXPECT_EQ(threads_without_memory.load(), 0);
  group.make_runnable(plain);
  EXPECT_TRUE(comes(done));
  threads_without_memory = 1;
  group.make_runnable(blocking);
  EXPECT_TRUE(comes(done));
  EXPECT_EQ(threads_without_memory.load(), 0);
}

#endif
// ---- Priority low ----

// One that knows the end of a round by who was first in it must see it, too, when that one has been
// stolen. Those that go on until all have had their turns keep all threads busy, so that nobody
// comes to help.
TEST(Scheduler, serves_all_of_low_priority_while_another_steals_from_it) {
  constexpr int rounds = 2'000;
  constexpr int turns_each = 20;
  constexpr std::size_t count = 6;
  struct Counted : Job {
    std::atomic<int> turns{0};
  };
  std::array<Counted, count> jobs;
  std::atomic<bool> gives_up{false};
  std::counting_semaphore<> done{0};
  const auto all_had_turns = [&jobs] {
    for (const Counted& each : jobs) {
      if (each.turns < turns_each) return false;
    }
    return true;
  };
  for (std::size_t i = 0; i < count; ++i) {
    jobs[i].priority = Priority::low;
    jobs[i].turn = [&, i] {
      const bool ends_early = i >= 4;  // whose scheduler then steals
      const int turns = ++jobs[i].turns;
      if (!gives_up && !(ends_early ? turns >= turns_each : all_had_turns())) return true;
      done.release();
      return false;
    };
  }
  SchedulerGroup group({.schedulers = 2}, ops());
  for (int round = 0; round < rounds && !gives_up; ++round) {
    for (Counted& each : jobs) each.turns = 0;
    for (Counted& each : jobs) group.make_runnable(each);
    for (std::size_t i = 0; i < count; ++i) {
      if (comes(done)) continue;
      ADD_FAILURE() << "in round " << round;
      gives_up = true;
    }
  }
}

// ---- Between turns ----

/// Timers that fire on the thread of a scheduler.
struct Firing {
  std::atomic<bool> armed{false};
  std::atomic<int> times{0};
  std::atomic<int> for_a_process{0};
};

TEST(Scheduler, has_no_process_while_it_looks_around_between_turns) {
  Firing firing;
  Job job;
  std::binary_semaphore done{0};
  SchedulerGroup group({.schedulers = 1, .owner = &firing},
                       ops([](void* owner, TimerShard& timers, Nanoseconds now) {
                         auto& firing = *static_cast<Firing*>(owner);
                         const Scheduler* const own = current_scheduler();
                         if (own != nullptr) {  // else the monitor helps out
                           ++firing.times;
                           if (own->current() != nullptr) ++firing.for_a_process;
                         }
                         ignore_timers(owner, timers, now);
                         firing.armed = false;
                       }));
  job.turn = [&] {
    if (firing.times < 10) {
      if (!firing.armed.exchange(true)) arm_timer(group);
      return true;
    }
    done.release();
    return false;
  };
  group.make_runnable(job);
  EXPECT_TRUE(comes(done));
  EXPECT_EQ(firing.for_a_process, 0);
}

// ---- Waking ----

/// The monitor is held up, so that it wakes nobody; then one timer makes a crowd runnable.
struct Crowd {
  static constexpr int threads = 4;

  SchedulerGroup* group = nullptr;
  std::vector<Job> jobs{32};
  std::atomic<bool> monitor_waits{false};
  std::atomic<bool> over{false};
  std::atomic<bool> awake{false};
  std::atomic<int> inside{0};

  static void fire(void* owner, TimerShard& timers, Nanoseconds now) {
    auto& crowd = *static_cast<Crowd*>(owner);
    if (current_scheduler() == nullptr) {
      crowd.monitor_waits = true;
      crowd.monitor_waits.notify_all();
      crowd.over.wait(false);
    } else if (crowd.monitor_waits && !crowd.awake.exchange(true)) {
      for (Job& each : crowd.jobs) crowd.group->make_runnable(each);
    }
    ignore_timers(owner, timers, now);
  }
};

TEST(SchedulerGroup, wakes_as_many_as_a_crowd_needs_that_wakes_at_once) {
  Crowd crowd;
  std::counting_semaphore<> done{0};
  bool armed = false;
  Job first;
  SchedulerGroup group({.schedulers = Crowd::threads, .owner = &crowd}, ops(&Crowd::fire));
  crowd.group = &group;
  for (Job& each : crowd.jobs) {
    each.turn = [&] {  // holds a thread up until all are there
      ++crowd.inside;
      crowd.inside.notify_all();
      for (int now = crowd.inside; now < Crowd::threads; now = crowd.inside) crowd.inside.wait(now);
      done.release();
      return false;
    };
  }
  first.turn = [&] {
    if (!std::exchange(armed, true)) arm_timer(group);
    crowd.monitor_waits.wait(false);
    return !crowd.awake;
  };
  group.make_runnable(first);
  for (std::size_t i = 0; i < crowd.jobs.size(); ++i) {
    if (comes(done)) continue;
    ADD_FAILURE() << crowd.inside.load() << " threads are awake";
    crowd.inside = Crowd::threads;
    crowd.inside.notify_all();
  }
  crowd.over = true;
  crowd.over.notify_all();
}

}  // namespace
}  // namespace otp::detail
