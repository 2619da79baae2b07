// The timers of a node, by reference and by target.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>

#include <otp/timer.h>

#include "core/clock.h"
#include "fiber/timer_wheel.h"

namespace otp::detail {

class Node;
struct Process;

/// What a timer does: sends a message, makes and sends one each period, or runs a function.
struct TimerAction {
  Message* message = nullptr;
  std::function<Message*()> make;
  std::function<void()> body;
  Nanoseconds period = 0;  ///< 0: once
};

struct ProcessTimer : TimerNode {
  Node* node = nullptr;
  Pid target;
  std::uint64_t ref = 0;
  TimerAction action;
  ProcessTimer* next_of_target = nullptr;
  ProcessTimer* prev_of_target = nullptr;

  ~ProcessTimer();
};

class TimerTable {
 public:
  explicit TimerTable(Node& node) : node_(node) {}

  Ref start(Ref ref, Nanoseconds deadline, Pid target, TimerAction action);
  /// The time left when the timer had not fired.
  std::optional<Nanoseconds> cancel(std::uint64_t ref) noexcept;
  std::optional<Nanoseconds> read(std::uint64_t ref) noexcept;
  /// The target is dead.
  void drop_all_of(Process& target) noexcept;
  /// Called by a timer that fires.
  void fire(ProcessTimer& timer) noexcept;

 private:
  Process* claim_target(ProcessTimer& timer) noexcept;
  void unlink(ProcessTimer& timer) noexcept;
  bool take_out(ProcessTimer& timer) noexcept;

  Node& node_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, ProcessTimer*> timers_;
};

}  // namespace otp::detail
