// The timers of a node, by reference.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include <otp/detail/behaviour.h>

#include "core/clock.h"

namespace otp::detail {

class Node;
struct MessageTimer;

class TimerTable {
 public:
  Ref start(Node& node, Nanoseconds delay, Pid target, Message* message);
  /// True when the timer had not fired.
  bool cancel(std::uint64_t ref) noexcept;
  /// Called by a timer that fires; false when it has been cancelled.
  bool take(std::uint64_t ref) noexcept;

 private:
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, MessageTimer*> timers_;
};

}  // namespace otp::detail
