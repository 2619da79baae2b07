// What is there now, for a comparison with what was there before: the one place that looks into the
// runtime, which offers no such figures to its users.
#pragma once

#include <cstddef>
#include <string>

namespace otp_soak {

struct Census {
  std::size_t processes = 0;
  std::size_t descriptors = 0;  ///< of files and sockets
  friend bool operator==(const Census&, const Census&) = default;
};
/// Process only.
Census take_census();
/// The memory of all timers, which some thousands share a piece of. Process only.
std::size_t timer_bytes();
std::string to_string(const Census& census);
/// A line for each file descriptor, and one for each live process: what it is, its parent, and how
/// many messages wait.
std::string describe_what_is_there();

// Any thread.
std::size_t threads();
/// Resident memory.
std::size_t resident_bytes();

}  // namespace otp_soak
