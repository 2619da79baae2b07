// The timer wheel with a million timers.
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "check.h"
#include "fiber/timer_shard.h"

namespace otp::detail {
namespace {

using otp_bench::check;

constexpr std::size_t million = 1'000'000;
constexpr Nanoseconds second = 1'000'000'000;

alignas(16) std::byte payload;

/// A wheel, and where its timers are kept.
struct Timers {
  TimerSlab slab;
  TimerShard memory{slab, 0};
  TimerWheel wheel{slab, 0};

  TimerIndex arm(Nanoseconds deadline) {
    if (!memory.has_room()) memory.grow();
    const TimerIndex timer = memory.allocate(&payload, deadline, 0);
    wheel.insert(timer);
    return timer;
  }
  void cancel(TimerIndex timer) {
    wheel.remove(timer);
    memory.release(timer);
  }
};

/// Within five seconds, in no order.
const std::vector<Nanoseconds>& deadlines() {
  static const auto drawn = [] {
    std::mt19937_64 random(1);
    std::vector<Nanoseconds> times(million);
    for (Nanoseconds& each : times) each = static_cast<Nanoseconds>(random() % (5 * second));
    return times;
  }();
  return drawn;
}

std::vector<TimerIndex> arm_all(Timers& timers) {
  std::vector<TimerIndex> armed;
  armed.reserve(million);
  for (const Nanoseconds each : deadlines()) armed.push_back(timers.arm(each));
  return armed;
}

void arm_a_million(benchmark::State& state) {
  deadlines();
  for (auto _ : state) {
    state.PauseTiming();
    auto timers = std::make_unique<Timers>();
    state.ResumeTiming();
    benchmark::DoNotOptimize(arm_all(*timers));
    state.PauseTiming();
    timers.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(million));
}
BENCHMARK(arm_a_million)->Name("timer_wheel/arm_1e6")->Unit(benchmark::kMillisecond);

void cancel_a_million(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto timers = std::make_unique<Timers>();
    const std::vector<TimerIndex> armed = arm_all(*timers);
    state.ResumeTiming();
    for (const TimerIndex each : armed) timers->cancel(each);
    state.PauseTiming();
    check(timers->wheel.next_event() == TimerWheel::no_tick, "a timer was not cancelled");
    timers.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(million));
}
BENCHMARK(cancel_a_million)->Name("timer_wheel/cancel_1e6")->Unit(benchmark::kMillisecond);

void fire_a_million(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto timers = std::make_unique<Timers>();
    arm_all(*timers);
    state.ResumeTiming();
    std::size_t fired = 0;
    while (const TimerIndex due = timers->wheel.take_due(6 * second)) {
      timers->memory.release(due);
      ++fired;
    }
    state.PauseTiming();
    check(fired == million, "a timer did not fire");
    timers.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(million));
}
BENCHMARK(fire_a_million)->Name("timer_wheel/fire_1e6")->Unit(benchmark::kMillisecond);

/// What a call with a time-out does, beside a million others.
void arm_and_cancel(benchmark::State& state) {
  Timers timers;
  arm_all(timers);
  std::size_t next = 0;
  for (auto _ : state) {
    timers.cancel(timers.arm(deadlines()[next]));
    next = (next + 1) % million;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(arm_and_cancel)->Name("timer_wheel/arm_and_cancel_beside_1e6");

}  // namespace
}  // namespace otp::detail
