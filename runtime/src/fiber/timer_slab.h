// Where outstanding timers are kept: 28 bytes each, in chunks that come from the system and go back
// to it when the last timer of a chunk is gone.
//
// A timer is known by its index, and to the outside by its id: a set top bit, 31 bits of generation
// and 28 of index. An entry's generation counts its tenants. It goes on when a chunk has been given
// back and comes again, from the highest number there was in it; an entry, or a chunk, whose
// numbers are used up is never given out again. So no id ever means two timers.
//
// A chunk belongs to one shard, whose lock guards all that is in it. Who has but an id reads the
// owner, takes its lock, and looks whether it still is the owner.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "core/clock.h"
#include "core/reserved_array.h"

namespace otp::detail {

class TimerShard;

/// 0: none.
using TimerIndex = std::uint32_t;

/// One timer. What it carries is an address on 16 bytes; its deadline is kept to 1,024 ns, rounded
/// down; the bits that this saves hold the generation. Links are the wheel's, or of a free entry.
class [[gnu::packed]] [[gnu::aligned(4)]] TimerEntry {
 public:
  std::uint32_t next;
  std::uint32_t prev;
  std::uint32_t target;  ///< of whoever arms it

  void* payload() const noexcept { return reinterpret_cast<void*>(payload_ >> payload_shift << 4); }
  Nanoseconds deadline() const noexcept {
    return static_cast<Nanoseconds>(deadline_ >> deadline_shift << deadline_unit);
  }
  std::uint32_t generation() const noexcept {
    return static_cast<std::uint32_t>((payload_ & high_mask) << deadline_shift |
                                      (deadline_ & low_mask));
  }
  void set_payload(void* payload) noexcept {
    payload_ =
        reinterpret_cast<std::uintptr_t>(payload) >> 4 << payload_shift | (payload_ & high_mask);
  }
  /// A time before the clock's zero counts as zero.
  void set_deadline(Nanoseconds time) noexcept {
    const auto positive = static_cast<std::uint64_t>(time < 0 ? 0 : time);
    deadline_ = positive >> deadline_unit << deadline_shift | (deadline_ & low_mask);
  }
  /// Carries nothing any more.
  void vacate(std::uint32_t generation) noexcept {
    payload_ = generation >> deadline_shift;
    deadline_ = generation & low_mask;
  }

 private:
  static constexpr int deadline_unit = 10;
  static constexpr int deadline_shift = 11;
  static constexpr int payload_shift = 20;
  static constexpr std::uint64_t low_mask = (std::uint64_t{1} << deadline_shift) - 1;
  static constexpr std::uint64_t high_mask = (std::uint64_t{1} << payload_shift) - 1;

  std::uint64_t payload_;
  std::uint64_t deadline_;
};
static_assert(sizeof(TimerEntry) == 28);

class TimerSlab {
 public:
  static constexpr std::uint32_t last_generation = (1U << 31) - 1;

  /// A smaller last generation is for tests.
  explicit TimerSlab(std::uint32_t last = last_generation);
  ~TimerSlab();
  TimerSlab(const TimerSlab&) = delete;
  TimerSlab& operator=(const TimerSlab&) = delete;

  /// Whose lock guards the timer; null when there is none. Any thread; says nothing for long unless
  /// that lock is held.
  TimerShard* owner(TimerIndex timer) const noexcept {
    return chunks_[timer >> chunk_bits].owner.load(std::memory_order_acquire);
  }
  static TimerIndex index_of(std::uint64_t id) noexcept {
    return static_cast<TimerIndex>(id & index_mask);
  }

  // Under the owner's lock.
  TimerEntry& operator[](TimerIndex timer) const noexcept {
    return chunks_[timer >> chunk_bits].entries[timer & (chunk_size - 1)];
  }
  std::uint64_t id_of(TimerIndex timer) const noexcept {
    const std::uint64_t generation =
        chunks_[timer >> chunk_bits].base + (*this)[timer].generation();
    return top_bit | generation << index_bits | timer;
  }
  /// Whether it is this timer that is outstanding there.
  bool holds(std::uint64_t id) const noexcept {
    const TimerIndex timer = index_of(id);
    return (*this)[timer].payload() != nullptr && id_of(timer) == id;
  }

  /// How many bytes it has from the system, tables aside.
  std::size_t bytes() const;
  /// What every outstanding timer carries. While nobody else is there.
  template <class F>
  void for_each_payload(F f) const {
    for (std::uint32_t number = 1; number <= count_; ++number) {
      const Chunk& chunk = chunks_[number];
      for (std::uint32_t offset = 0; offset < chunk.fresh; ++offset) {
        if (void* payload = chunk.entries[offset].payload()) f(payload);
      }
    }
  }

 private:
  friend class TimerShard;
  static constexpr int index_bits = 28;
  static constexpr int chunk_bits = 12;
  static constexpr std::uint32_t chunk_size = 1U << chunk_bits;
  static constexpr std::uint32_t max_chunks = 1U << (index_bits - chunk_bits);
  static constexpr std::uint64_t index_mask = (std::uint64_t{1} << index_bits) - 1;
  static constexpr std::uint64_t top_bit = std::uint64_t{1} << 63;
  static constexpr std::size_t chunk_bytes = chunk_size * sizeof(TimerEntry);

  /// Its owner's lock guards it; that of the slab while it has none.
  struct Chunk {
    TimerEntry* entries;
    std::atomic<TimerShard*> owner;
    std::uint32_t base;     ///< generation of an entry that counts 0
    std::uint32_t highest;  ///< count of an entry
    std::uint32_t fresh;    ///< entries from here on have never been used
    std::uint32_t free;     ///< first of the free ones before, plus one; 0: none
    std::uint32_t used;
    std::uint32_t next;  ///< of the owner's chunks that have room, or of the slab's free numbers
    std::uint32_t prev;

    bool has_room() const noexcept { return free != 0 || fresh < chunk_size; }
  };

  /// A chunk without an owner, which is likely to be filled or not. Throws std::bad_alloc or
  /// std::length_error.
  std::uint32_t take_chunk(bool likely_filled);
  /// A list of chunks without an owner and without a timer.
  void give_back(std::uint32_t first) noexcept;

  const std::uint32_t last_generation_;
  const ReservedArray<Chunk> chunks_;  ///< chunk 0 is never there, nor is timer 0
  mutable std::mutex mutex_;
  std::uint32_t count_ = 0;
  std::uint32_t free_ = 0;  ///< numbers of chunks that have been given back
  std::size_t mapped_ = 0;
};

}  // namespace otp::detail
