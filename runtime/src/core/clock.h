// Time as the runtime sees it: nanoseconds of a clock that never goes back.
//
// The clock arrives through the runtime's options, so that a simulation can put its own in its
// place; null means the machine's. Deadlines of waits of a second and more come from the coarse
// clock, which is ten times cheaper and lags by some ticks; `deadline_after` adds more than that,
// so that a wait never ends early.
#pragma once

#include <cstdint>
#include <limits>

namespace otp::detail {

using Nanoseconds = std::int64_t;
inline constexpr Nanoseconds never = std::numeric_limits<Nanoseconds>::max();

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Nanoseconds now() const noexcept = 0;
};

Nanoseconds machine_now() noexcept;

/// The machine's clock when `clock` is null.
inline Nanoseconds now(const Clock* clock) noexcept { return clock ? clock->now() : machine_now(); }

/// The time `delay` from now; `never` stays `never`.
Nanoseconds deadline_after(const Clock* clock, Nanoseconds delay) noexcept;

}  // namespace otp::detail
