// A hierarchical timing wheel: start and cancel in constant time, whatever is outstanding.
// Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987; the sizes are those of
// Erlang's.
//
// A tick is 2^20 ns. Level 0 has a slot for each of the next 2^14 ticks (17 s), level 1 for each 64
// ticks of the next 2^18 (4.6 min), level 2 for each 2^16 of the next 2^28 (3 days); what is due
// later waits in the last slot of level 2. A slot of a higher level is emptied into the lower ones
// as soon as these reach to its end, which is long before it begins: so that this can be done in
// small portions. A timer never fires early and at most about a tick late.
//
// A slot is a list of the slab's entries, in the order of their coming. The first leads back to the
// last, and the last names the slot, so that whoever takes an entry out need not know where it is.
//
// Not synchronised: see TimerShard.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "core/clock.h"
#include "core/reserved_array.h"
#include "fiber/timer_slab.h"

namespace otp::detail {

/// Which slots of a level hold something.
template <unsigned bits>
class SlotSet {
 public:
  static constexpr std::uint32_t size = 1U << bits;

  void insert(std::uint32_t slot) noexcept {
    words_[slot / 64] |= bit(slot);
    summary_[slot / 4096] |= bit(slot / 64);
  }
  void erase(std::uint32_t slot) noexcept {
    if ((words_[slot / 64] &= ~bit(slot)) == 0) summary_[slot / 4096] &= ~bit(slot / 64);
  }
  /// How many steps from `slot`, going round, the next one is; `size`: none.
  std::uint32_t steps_from(std::uint32_t slot) const noexcept {
    if (const std::uint32_t found = first_from(slot); found != size) return found - slot;
    const std::uint32_t found = first_from(0);
    return found == size ? size : found + size - slot;
  }

 private:
  static constexpr std::uint32_t words = size / 64;

  static constexpr std::uint64_t bit(std::uint32_t at) noexcept {
    return std::uint64_t{1} << (at % 64);
  }
  std::uint32_t first_from(std::uint32_t slot) const noexcept {
    const std::uint32_t word = slot / 64;
    if (const std::uint64_t rest = words_[word] >> (slot % 64))
      return slot + static_cast<std::uint32_t>(std::countr_zero(rest));
    for (std::uint32_t at = word + 1; at < words; at = (at / 64 + 1) * 64) {
      if (const std::uint64_t rest = summary_[at / 64] >> (at % 64)) {
        const std::uint32_t found = at + static_cast<std::uint32_t>(std::countr_zero(rest));
        return found * 64 + static_cast<std::uint32_t>(std::countr_zero(words_[found]));
      }
    }
    return size;
  }

  std::array<std::uint64_t, words> words_{};
  std::array<std::uint64_t, (words + 63) / 64> summary_{};
};

class TimerWheel {
 public:
  static constexpr std::uint64_t no_tick = UINT64_MAX;
  static std::uint64_t tick_of(Nanoseconds time) noexcept {
    return static_cast<std::uint64_t>(time) >> tick_bits;
  }
  static Nanoseconds time_of(std::uint64_t tick) noexcept {
    return tick == no_tick ? never : static_cast<Nanoseconds>(tick << tick_bits);
  }

  TimerWheel(TimerSlab& slab, Nanoseconds now);

  /// The tick at which the wheel has to be looked at for it.
  std::uint64_t insert(TimerIndex timer) noexcept;
  void remove(TimerIndex timer) noexcept;
  /// Takes out the next timer that is due, in order of ticks; 0: none is. Time goes on.
  TimerIndex take_due(Nanoseconds now) noexcept;
  /// Moves some timers nearer that will be due later.
  void tidy() noexcept;
  /// Nothing is to be done before this tick.
  std::uint64_t next_event() const noexcept;
  /// Everything before this tick has been taken.
  std::uint64_t tick() const noexcept { return tick_; }

 private:
  static constexpr int tick_bits = 20;
  static constexpr std::uint32_t last_mark = 1U << 31;
  static constexpr unsigned near_bits = 14;
  static constexpr unsigned far_bits = 12;
  static constexpr std::uint32_t near_slots = 1U << near_bits;
  static constexpr std::uint32_t far_slots = 1U << far_bits;
  /// Level 0 is near, the others far: by the binary logarithm of their slots' ticks.
  static constexpr int far_levels = 2;
  static constexpr std::array<int, far_levels> far_shift{6, 16};
  /// Of how many ticks the level below reaches to the end.
  static constexpr std::array<std::int64_t, far_levels> reach_below{1 << 14, 1 << 18};

  /// The first slot of a far level that holds something.
  struct FarSlot {
    int level = 0;
    std::uint32_t slot = 0;         ///< of all
    std::uint64_t begin = no_tick;  ///< the first of its ticks
    std::uint64_t opens = no_tick;  ///< the tick from which the level below has room for all of it
  };

  std::uint64_t place(TimerIndex timer, std::uint64_t earliest) noexcept;
  void append(std::uint32_t slot, TimerIndex timer) noexcept;
  TimerIndex take_first(std::uint32_t slot) noexcept;
  void note_empty(std::uint32_t slot) noexcept;
  FarSlot first_far(int level) const noexcept;
  void open(const FarSlot& far, std::uint32_t most) noexcept;

  TimerSlab& slab_;
  std::uint64_t tick_;
  const ReservedArray<TimerIndex> first_;  ///< of each slot, level by level
  SlotSet<near_bits> near_;
  std::array<SlotSet<far_bits>, far_levels> far_;
};

}  // namespace otp::detail
