// A hierarchical timing wheel: start and cancel in constant time, whatever is outstanding.
// Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987.
//
// Four levels of 256 slots; a slot of level 0 is one tick of 2^20 ns. A timer never fires early and
// at most about a tick late. Not synchronised: its scheduler holds a lock around it, because timers
// are cancelled from other threads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/clock.h"

namespace otp::detail {

class TimerShard;

struct TimerNode {
  TimerNode* next = nullptr;
  TimerNode* prev = nullptr;
  Nanoseconds deadline = 0;
  /// Runs on the scheduler that owns the wheel, outside its lock, when the deadline has passed.
  /// Owns the node.
  void (*fire)(TimerNode&) = nullptr;
  /// Frees the node without firing: the wheel goes away.
  void (*discard)(TimerNode&) = nullptr;
  std::atomic<TimerShard*> shard{nullptr};  ///< where it is armed; null when it is not
};

class TimerWheel {
 public:
  explicit TimerWheel(Nanoseconds now);

  void insert(TimerNode& node) noexcept;
  void remove(TimerNode& node) noexcept;
  /// Unlinks everything due at `now` into a list (linked by `next`), in order of ticks.
  TimerNode* expire(Nanoseconds now) noexcept;
  /// No timer fires before this time; `never` when there is none.
  Nanoseconds next_deadline() const noexcept;
  bool empty() const noexcept { return count_ == 0; }
  /// Unlinks everything, due or not.
  TimerNode* drain() noexcept;

 private:
  static constexpr int tick_bits = 20;
  static constexpr int slot_bits = 8;
  static constexpr int slots = 1 << slot_bits;
  static constexpr int levels = 4;

  void place(TimerNode& node, std::uint64_t earliest) noexcept;
  void cascade(int level) noexcept;
  /// The next tick at which a slot fires or is cascaded; the maximum when all are empty.
  std::uint64_t next_event() const noexcept;

  std::uint64_t tick_;  ///< everything up to and including this tick has fired
  std::uint64_t count_ = 0;
  std::array<std::array<TimerNode, slots>, levels> wheel_;  // sentinels of circular lists
  using Occupied = std::array<std::uint64_t, slots / 64>;
  std::array<Occupied, levels> occupied_{};  // may claim too much
};

}  // namespace otp::detail
