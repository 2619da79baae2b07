// The driver of a simulation: a seeded choice among the runnable processes, one permit a turn.
//
// Two threads in lockstep: the scheduler runs processes while there are permits; the simulation's
// own thread gives them and waits until they are used up, or nothing is runnable. So never do both
// run.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <vector>

#include "core/clock.h"
#include "fiber/driver.h"

namespace otp::detail {

class VirtualClock final : public Clock {
 public:
  Nanoseconds now() const noexcept override { return now_.load(std::memory_order_relaxed); }
  void set(Nanoseconds time) noexcept { now_.store(time, std::memory_order_relaxed); }

 private:
  /// Not zero: zero is no deadline of a wait.
  std::atomic<Nanoseconds> now_{1'000'000'000};
};

class SimulatedDriver final : public Driver {
 public:
  explicit SimulatedDriver(std::uint64_t seed) : random_(seed) {}

  // Scheduler's side.
  void ready(Runnable& runnable) noexcept override;
  Runnable* next() noexcept override;
  bool keeps_current(const Runnable& current) noexcept override;
  std::int32_t budget() noexcept override;
  void wait() noexcept override;
  void stop() noexcept override;

  // Simulation's side.
  /// Lets at most so many turns happen, and returns how many did.
  std::uint64_t grant(std::uint64_t turns);
  std::uint64_t random(std::uint64_t bound);

 private:
  std::mutex mutex_;
  std::condition_variable granted_;
  std::condition_variable paused_;
  using Ready = std::vector<Runnable*>;
  /// Of those that are ready, the ones of priority max, if any; else those of high; else the
  /// others.
  Ready& first_ready() noexcept;
  bool is_any_ready() noexcept { return !first_ready().empty(); }

  Ready ready_max_;
  Ready ready_high_;
  Ready ready_;
  std::mt19937_64 random_;
  std::uint64_t permits_ = 0;
  bool waiting_ = false;
  bool stopped_ = false;
};

}  // namespace otp::detail
