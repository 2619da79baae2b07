#include "fiber/timer_shard.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace otp::detail {
namespace {

constexpr std::uint64_t stale_ticks = 1000;

}  // namespace

TimerShard::TimerShard(TimerSlab& slab, Nanoseconds now, Scheduler* scheduler)
    : slab_(slab), scheduler_(scheduler), wheel_(slab, now), tick_(wheel_.tick()) {}

void TimerShard::unlock() noexcept {
  const std::uint32_t given_back = std::exchange(given_back_, 0);
  lock_.unlock();
  if (given_back != 0) slab_.give_back(given_back);
}

// ---- Chunks ----

void TimerShard::add_room(std::uint32_t number) noexcept {
  TimerSlab::Chunk& chunk = slab_.chunks_[number];
  chunk.next = room_;
  chunk.prev = 0;
  if (room_ != 0) slab_.chunks_[room_].prev = number;
  room_ = number;
}

void TimerShard::drop_room(std::uint32_t number) noexcept {
  const TimerSlab::Chunk& chunk = slab_.chunks_[number];
  if (chunk.prev != 0) {
    slab_.chunks_[chunk.prev].next = chunk.next;
  } else {
    room_ = chunk.next;
  }
  if (chunk.next != 0) slab_.chunks_[chunk.next].prev = chunk.prev;
}

void TimerShard::grow() {
  lock();
  const bool is_first = chunks_ == 0;
  unlock();
  const std::uint32_t number = slab_.take_chunk(!is_first);
  const std::lock_guard lock(*this);
  if (has_room()) {  // another thread was here first
    slab_.chunks_[number].next = std::exchange(given_back_, number);
    return;
  }
  add_room(number);
  ++chunks_;
  ++empty_;
  slab_.chunks_[number].owner.store(this, std::memory_order_release);
}

TimerIndex TimerShard::allocate(void* payload, Nanoseconds deadline,
                                std::uint32_t target) noexcept {
  const std::uint32_t number = room_;
  TimerSlab::Chunk& chunk = slab_.chunks_[number];
  std::uint32_t offset = chunk.fresh;
  if (chunk.free != 0) {
    offset = chunk.free - 1;
    chunk.free = chunk.entries[offset].next;
  } else {
    ++chunk.fresh;
  }
  if (chunk.used++ == 0) --empty_;
  if (!chunk.has_room()) drop_room(number);
  TimerEntry& entry = chunk.entries[offset];
  entry.set_payload(payload);
  entry.set_deadline(deadline);
  entry.target = target;
  return number << TimerSlab::chunk_bits | offset;
}

void TimerShard::release(TimerIndex timer) noexcept {
  const std::uint32_t number = timer >> TimerSlab::chunk_bits;
  const std::uint32_t offset = timer & (TimerSlab::chunk_size - 1);
  TimerSlab::Chunk& chunk = slab_.chunks_[number];
  TimerEntry& entry = chunk.entries[offset];
  const std::uint32_t count = entry.generation() + 1;
  entry.vacate(count);
  chunk.highest = std::max(chunk.highest, count);
  const bool had_room = chunk.has_room();
  if (count <= slab_.last_generation_ - chunk.base) {
    entry.next = chunk.free;
    chunk.free = offset + 1;
    if (!had_room) add_room(number);
  }
  if (--chunk.used != 0) return;
  if (chunk.has_room()) {
    if (empty_ == 0) {
      ++empty_;
      return;
    }
    drop_room(number);
  }
  --chunks_;
  chunk.owner.store(nullptr, std::memory_order_release);
  chunk.next = std::exchange(given_back_, number);
}

// ---- Time ----

bool TimerShard::arm(TimerIndex timer) noexcept {
  const std::uint64_t event = wheel_.insert(timer);
  if (event >= event_.load(std::memory_order_relaxed)) return false;
  event_.store(event, std::memory_order_relaxed);
  return true;
}

void TimerShard::settle() noexcept {
  wheel_.tidy();
  event_.store(wheel_.next_event(), std::memory_order_relaxed);
  tick_.store(wheel_.tick(), std::memory_order_relaxed);
}

Nanoseconds TimerShard::next_deadline() noexcept {
  const std::lock_guard lock(*this);
  const std::uint64_t event = wheel_.next_event();
  event_.store(event, std::memory_order_relaxed);
  return TimerWheel::time_of(event);
}

bool TimerShard::is_due(Nanoseconds now) const noexcept {
  const std::uint64_t tick = TimerWheel::tick_of(now);
  return tick >= event_.load(std::memory_order_relaxed) ||
         tick >= tick_.load(std::memory_order_relaxed) + stale_ticks;
}

}  // namespace otp::detail
