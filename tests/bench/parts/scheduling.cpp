// The fiber layer: the switch between two that wake each other, and the run queue.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "check.h"
#include "fiber/run_queue.h"
#include "fiber/scheduler.h"

namespace otp::detail {
namespace {

using otp_bench::check;

/// What runs on a stack, without what makes it a process.
struct Fiber : Runnable {
  std::function<void(Fiber&)> body;
};

/// One scheduler: whoever wakes another finds it parked.
class OneScheduler {
 public:
  void start(Fiber& fiber) { group.make_runnable(fiber); }
  void wake(Fiber& fiber) { group.make_runnable(fiber); }
  static void park(Fiber& self) { current_scheduler()->park(self); }
  static void yield(Fiber& self) { current_scheduler()->yield(self); }

 private:
  static bool run(Runnable& runnable) {
    auto& fiber = static_cast<Fiber&>(runnable);
    fiber.body(fiber);
    return false;
  }
  static void settle(void*, TimerShard& timers, Nanoseconds now) {
    const std::lock_guard lock(timers);
    check(timers.take_due(now) == 0, "there are no timers");
    timers.settle();
  }

  SchedulerGroup group{{.schedulers = 1},
                       {.run = &run,
                        .commit_park = [](Runnable&) { return true; },
                        .stuck = nullptr,
                        .identity = nullptr,
                        .overdue = nullptr,
                        .fire_timers = &settle,
                        .discard_timer = nullptr}};
};

class Event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    condition_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return is_set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool is_set_ = false;
};

/// Two switches in each iteration.
void wake_and_park(benchmark::State& state) {
  OneScheduler scheduler;
  Fiber pong;
  Fiber ping;
  Event done;
  bool stopping = false;
  benchmark::IterationCount answers = 0;
  pong.body = [&](Fiber& self) {
    while (!stopping) {
      ++answers;
      scheduler.wake(ping);
      OneScheduler::park(self);
    }
    done.set();
  };
  ping.body = [&](Fiber& self) {
    for (auto _ : state) {
      scheduler.wake(pong);
      OneScheduler::park(self);
    }
    stopping = true;
    scheduler.wake(pong);
  };
  scheduler.start(ping);
  done.wait();
  check(answers == state.iterations(), "a switch is missing");
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(wake_and_park)->Name("switch/wake_and_park_2");

/// The one that is woken has no stack: it is a function that a worker calls.
void wake_stackless(benchmark::State& state) {
  OneScheduler scheduler;
  Fiber called;
  Fiber caller;
  Event done;
  benchmark::IterationCount calls = 0;
  called.body = [&](Fiber&) {
    ++calls;
    scheduler.wake(caller);
  };
  caller.body = [&](Fiber& self) {
    for (auto _ : state) {
      scheduler.wake(called);
      OneScheduler::park(self);
    }
    done.set();
  };
  scheduler.start(caller);
  done.wait();
  check(calls == state.iterations(), "a turn is missing");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(wake_stackless)->Name("switch/wake_without_a_stack");

void push_and_pop(benchmark::State& state) {
  RunQueue queue;
  Runnable woken;
  for (auto _ : state) {
    check(queue.push_next(woken) == nullptr, "the queue is full");
    check(queue.pop() == &woken, "the queue is empty");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(push_and_pop)->Name("run_queue/push_next_and_pop");

void push_and_pop_ring(benchmark::State& state) {
  RunQueue queue;
  std::vector<Runnable> some(RunQueue::capacity / 2);
  for (auto _ : state) {
    for (Runnable& each : some) check(queue.push_last(each), "the queue is full");
    for (Runnable& each : some) check(queue.pop_first() == &each, "out of order");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(some.size()));
}
BENCHMARK(push_and_pop_ring)->Name("run_queue/push_last_and_pop_128");

/// Until nothing is left: 64, 32, 16...
void push_and_steal(benchmark::State& state) {
  RunQueue queue;
  std::vector<Runnable> some(RunQueue::capacity / 2);
  for (auto _ : state) {
    for (Runnable& each : some) check(queue.push_last(each), "the queue is full");
    std::size_t stolen = 0;
    for (RunnableList loot = queue.steal(); !loot.empty(); loot = queue.steal()) {
      while (loot.pop() != nullptr) ++stolen;
    }
    check(stolen == some.size(), "one was lost");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(some.size()));
}
BENCHMARK(push_and_steal)->Name("run_queue/push_last_and_steal_128");

}  // namespace
}  // namespace otp::detail
