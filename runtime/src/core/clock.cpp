#include "core/clock.h"

#include <ctime>

namespace otp::detail {
namespace {

constexpr Nanoseconds second = 1'000'000'000;
constexpr Nanoseconds coarse_enough = second;
// On a machine that stops its tick when it is idle, the coarse clock lags by several ticks.
constexpr Nanoseconds coarse_lag = 20'000'000;

Nanoseconds read_clock(clockid_t id) noexcept {
  timespec time{};
  clock_gettime(id, &time);
  return static_cast<Nanoseconds>(time.tv_sec) * second + time.tv_nsec;
}

}  // namespace

Nanoseconds machine_now() noexcept { return read_clock(CLOCK_MONOTONIC); }

Nanoseconds deadline_after(const Clock* clock, Nanoseconds delay) noexcept {
  if (delay == never) return never;
  Nanoseconds start = 0;
  if (clock != nullptr || delay < coarse_enough) {
    start = now(clock);
  } else {
    start = read_clock(CLOCK_MONOTONIC_COARSE) + coarse_lag;
  }
  return delay > never - start ? never : start + delay;
}

}  // namespace otp::detail
