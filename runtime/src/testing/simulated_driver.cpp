#include "testing/simulated_driver.h"

#include <utility>

namespace otp::detail {
namespace {

// Small, so that a process is interrupted anywhere; now and then large, as on the real schedulers.
constexpr std::uint64_t small_budget = 6;
constexpr std::uint64_t one_turn_in = 8;
constexpr std::int32_t large_budget = 2000;
constexpr std::uint64_t low_runs_in = 8;  // times that it is chosen

}  // namespace

void SimulatedDriver::ready(Runnable& runnable) noexcept {
  const std::lock_guard lock(mutex_);
  Ready& ready = runnable.priority == Priority::max    ? ready_max_
                 : runnable.priority == Priority::high ? ready_high_
                                                       : ready_;
  ready.push_back(&runnable);
}

SimulatedDriver::Ready& SimulatedDriver::first_ready() noexcept {
  return !ready_max_.empty() ? ready_max_ : !ready_high_.empty() ? ready_high_ : ready_;
}

Runnable* SimulatedDriver::next() noexcept {
  const std::lock_guard lock(mutex_);
  Ready& ready = first_ready();
  if (permits_ == 0 || ready.empty()) return nullptr;
  --permits_;
  do {
    std::swap(ready[random_() % ready.size()], ready.back());
  } while (ready.back()->priority == Priority::low && random_() % low_runs_in != 0);
  Runnable* chosen = ready.back();
  ready.pop_back();
  return chosen;
}

bool SimulatedDriver::keeps_current(const Runnable& current) noexcept {
  const std::lock_guard lock(mutex_);
  if (permits_ == 0 || random_() % (ready_.size() + 1) != 0) return false;
  if (current.priority != Priority::normal || &first_ready() != &ready_) return false;
  --permits_;
  return true;
}

std::int32_t SimulatedDriver::budget() noexcept {
  const std::lock_guard lock(mutex_);
  if (random_() % one_turn_in == 0) return large_budget;
  return static_cast<std::int32_t>(random_() % small_budget);
}

void SimulatedDriver::wait() noexcept {
  std::unique_lock lock(mutex_);
  const auto may_go_on = [this] { return stopped_ || (permits_ != 0 && is_any_ready()); };
  if (may_go_on()) return;
  waiting_ = true;
  paused_.notify_all();
  granted_.wait(lock, may_go_on);
  waiting_ = false;
}

void SimulatedDriver::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  granted_.notify_all();
}

std::uint64_t SimulatedDriver::grant(std::uint64_t turns) {
  std::unique_lock lock(mutex_);
  const auto paused = [this] { return waiting_ && (permits_ == 0 || !is_any_ready()); };
  paused_.wait(lock, [this] { return waiting_; });  // at the very beginning it is on its way there
  permits_ = turns;
  granted_.notify_all();
  paused_.wait(lock, paused);
  return turns - std::exchange(permits_, 0);
}

std::uint64_t SimulatedDriver::random(std::uint64_t bound) {
  const std::lock_guard lock(mutex_);
  return bound == 0 ? 0 : random_() % bound;
}

}  // namespace otp::detail
