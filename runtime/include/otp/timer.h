// Timers: messages, exit signals and functions that come later.
//
//   otp::Ref ref = otp::send_after(100ms, worker, Tick{});      // a plain Tick
//   otp::Ref again = otp::start_timer(1s, otp::self(), 7);      // TimerExpired<int>{again, 7}
//   otp::send_interval(10s, "collector", Tick{});               // until cancelled
//   otp::apply_after(5ms, [] { ... });                          // in a process of its own
//   std::optional<otp::Duration> left = otp::cancel_timer(ref);
//
// - A timer never fires early; on an idle machine it is at most about two milliseconds late.
// - A name as target is resolved when the timer fires; if nobody holds it then, nothing happens.
// - The timers for a process are gone, and their memory is free, when that process is dead.
// - Times are a Duration from now or an absolute `monotonic_time()`; a time in the past fires at
//   once. A negative duration, one without end, or a process of another node throws
//   std::invalid_argument (badarg).
// - Intervals keep to multiples of their period from the start. A function that takes longer than
//   its interval runs again meanwhile, in another process.
// Process only. Source: erlang(3) start_timer/4, send_after/4, cancel_timer/1, read_timer/1;
// timer(3); Elixir's Process.send_after/4.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include <otp/detail/behaviour.h>

namespace otp {

/// When a timer is due.
struct Due {
  TimePoint time;
  Due(TimePoint at) noexcept : time(at) {}  // NOLINT(google-explicit-constructor)
  Due(Duration from_now);                   // NOLINT(google-explicit-constructor)
  template <class Rep, class Period>
  Due(std::chrono::duration<Rep, Period> from_now)  // NOLINT(google-explicit-constructor)
      : Due(std::chrono::duration_cast<Duration>(from_now)) {}
};

/// Whom a timer is for.
struct TimerTarget {
  Pid address;
  TimerTarget(Pid pid) noexcept : address(pid) {}                       // NOLINT
  TimerTarget(Name name) noexcept : address(detail::name_pid(name)) {}  // NOLINT
  TimerTarget(const char* name) : TimerTarget(Name(name)) {}            // NOLINT
};

/// What start_timer sends.
template <class T>
struct TimerExpired {
  Ref timer;
  T value;
};

/// Sends `value` to `target` when it is due.
template <class T>
Ref send_after(Due due, TimerTarget target, T value) {
  return detail::send_message_at(due.time, target.address, detail::make_value(std::move(value)));
}
/// Sends TimerExpired<T>: the reference tells a timer that was cancelled too late.
template <class T>
Ref start_timer(Due due, TimerTarget target, T value) {
  detail::Message* message = detail::make_value(TimerExpired<T>{Ref{}, std::move(value)});
  auto& expired = static_cast<detail::ValueMessage<TimerExpired<T>>*>(message)->value;
  return detail::send_message_at(due.time, target.address, message, &expired.timer);
}
/// Sends a copy of `value` every `period`, first after one.
template <class T>
Ref send_interval(Duration period, TimerTarget target, T value) {
  return detail::start_interval(period, target.address,
                                [value = std::move(value)] { return detail::make_value(value); });
}

/// Runs `f` once, in a process without a parent.
Ref apply_after(Due due, std::function<void()> f);
/// Runs `f` every `period`, each time in a process of its own, until cancelled.
Ref apply_interval(Duration period, std::function<void()> f);
/// exit(target, reason), from the caller, later.
Ref exit_after(Due due, TimerTarget target, ExitReason reason);
inline Ref kill_after(Due due, TimerTarget target) {
  return exit_after(due, target, ExitReason::kill());
}

/// Stops a timer: what was left of its time; none when it has fired, was stopped, or never was.
std::optional<Duration> cancel_timer(Ref timer);
/// What is left of its time; none as above.
std::optional<Duration> read_timer(Ref timer);

}  // namespace otp
