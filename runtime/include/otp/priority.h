// How urgent a process is to the schedulers.
//
//   otp::set_priority(otp::Priority::high);                        // the calling process
//   otp::spawn([] { ... }, {.priority = otp::Priority::low});
//
// - While a process of priority `max` is runnable, none of the others is chosen; while one of
//   `high` is, none of `normal` or `low`. Each scheduler chooses so; the process that runs is not
//   interrupted, it has its share of the thread first.
// - `normal` and `low` take turns, but one of `low` is passed over seven times and runs at the
//   eighth.
// - A child starts with the priority that its starter names, not with its parent's.
// - On the blocking pool (`@blocking`, otp::blocking) everybody is equal.
// Other than in OTP processes of `high` and `max` have queues that all schedulers share: none waits
// behind a busy one while another is free, but two that talk much may change threads each time.
// Source: erlang(3) process_flag(priority, Level), spawn_opt.
#pragma once

#include <cstdint>

namespace otp {

enum class Priority : std::uint8_t { normal, low, high, max };

/// Takes effect when the calling process gives way next. Returns the former one. Process only.
/// Use `high` and `max` for little work that must be done soon: the rest of the program waits.
Priority set_priority(Priority priority);

/// What spawn may be told, as OTP's spawn_opt.
struct SpawnOpt {
  Priority priority = Priority::normal;
};

}  // namespace otp
