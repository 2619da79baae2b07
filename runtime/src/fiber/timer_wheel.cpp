#include "fiber/timer_wheel.h"

#include <algorithm>

namespace otp::detail {
namespace {

constexpr std::uint32_t moved_at_once = 256;  // some tens of microseconds

}  // namespace

TimerWheel::TimerWheel(TimerSlab& slab, Nanoseconds now)
    : slab_(slab), tick_(tick_of(now)), first_(near_slots + far_levels * far_slots) {}

// ---- Slots ----

void TimerWheel::append(std::uint32_t slot, TimerIndex timer) noexcept {
  TimerEntry& entry = slab_[timer];
  entry.next = slot | last_mark;
  if (first_[slot] == 0) {
    first_[slot] = entry.prev = timer;
    if (slot < near_slots) {
      near_.insert(slot);
    } else {
      const std::uint32_t far = slot - near_slots;
      far_[far / far_slots].insert(far % far_slots);
    }
    return;
  }
  TimerEntry& first = slab_[first_[slot]];
  slab_[first.prev].next = timer;
  entry.prev = first.prev;
  first.prev = timer;
}

void TimerWheel::note_empty(std::uint32_t slot) noexcept {
  first_[slot] = 0;
  if (slot < near_slots) {
    near_.erase(slot);
  } else {
    const std::uint32_t far = slot - near_slots;
    far_[far / far_slots].erase(far % far_slots);
  }
}

TimerIndex TimerWheel::take_first(std::uint32_t slot) noexcept {
  const TimerIndex timer = first_[slot];
  const TimerEntry& entry = slab_[timer];
  if ((entry.next & last_mark) != 0) {
    note_empty(slot);
  } else {
    first_[slot] = entry.next;
    slab_[entry.next].prev = entry.prev;
  }
  return timer;
}

void TimerWheel::remove(TimerIndex timer) noexcept {
  const TimerEntry& entry = slab_[timer];
  TimerEntry& before = slab_[entry.prev];  // the last one, if it is the first
  if ((entry.next & last_mark) == 0) {
    if ((before.next & last_mark) != 0) {
      first_[before.next & ~last_mark] = entry.next;
    } else {
      before.next = entry.next;
    }
    slab_[entry.next].prev = entry.prev;
    return;
  }
  const std::uint32_t slot = entry.next & ~last_mark;
  if (first_[slot] == timer) {
    note_empty(slot);
  } else {
    before.next = entry.next;
    slab_[first_[slot]].prev = entry.prev;
  }
}

// ---- Levels ----

std::uint64_t TimerWheel::insert(TimerIndex timer) noexcept { return place(timer, tick_ + 1); }

std::uint64_t TimerWheel::place(TimerIndex timer, std::uint64_t earliest) noexcept {
  // The first tick at whose end the deadline has passed.
  const std::uint64_t due = std::max(tick_of(slab_[timer].deadline()) + 1, earliest);
  if (due - tick_ < near_slots) {
    append(static_cast<std::uint32_t>(due % near_slots), timer);
    return due;
  }
  for (int level = 0;; ++level) {
    const auto at = static_cast<std::size_t>(level);
    const std::uint64_t here = tick_ >> far_shift[at];
    std::uint64_t slot = due >> far_shift[at];
    if (slot - here >= far_slots) {
      if (level + 1 < far_levels) continue;
      slot = here + far_slots - 1;
    }
    append(static_cast<std::uint32_t>(near_slots + at * far_slots + slot % far_slots), timer);
    return first_far(level).opens;
  }
}

TimerWheel::FarSlot TimerWheel::first_far(int level) const noexcept {
  const auto at = static_cast<std::size_t>(level);
  const std::uint64_t here = tick_ >> far_shift[at];
  const std::uint32_t steps = far_[at].steps_from(static_cast<std::uint32_t>(here % far_slots));
  if (steps == far_slots) return {};
  const std::uint64_t slot = here + steps;
  const auto opens = static_cast<std::int64_t>((slot + 1) << far_shift[at]) - reach_below[at];
  return {.level = level,
          .slot = static_cast<std::uint32_t>(near_slots + at * far_slots + slot % far_slots),
          .begin = slot << far_shift[at],
          .opens = std::max(tick_, static_cast<std::uint64_t>(std::max<std::int64_t>(opens, 0)))};
}

/// Empties a slot into the levels below. Its turn has come, or will come before anything is due.
void TimerWheel::open(const FarSlot& far, std::uint32_t most) noexcept {
  tick_ = far.opens;
  for (; most != 0 && first_[far.slot] != 0; --most) place(take_first(far.slot), tick_);
}

TimerIndex TimerWheel::take_due(Nanoseconds now) noexcept {
  const std::uint64_t target = tick_of(now);
  for (;;) {
    const auto here = static_cast<std::uint32_t>(tick_ % near_slots);
    if (first_[here] != 0) return take_first(here);
    if (tick_ >= target) return 0;
    const std::uint32_t steps = near_.steps_from(here);
    const std::uint64_t stop = std::min(steps == near_slots ? no_tick : tick_ + steps, target);
    // Whatever begins before that has to be opened, the higher level first.
    const FarSlot high = first_far(1);
    const FarSlot low = first_far(0);
    const FarSlot& far = high.begin <= low.begin ? high : low;
    if (far.begin <= stop) {
      open(far, UINT32_MAX);
    } else {
      tick_ = stop;
    }
  }
}

void TimerWheel::tidy() noexcept {
  for (int level = far_levels; level-- > 0;) {
    const FarSlot far = first_far(level);
    if (far.opens == tick_) open(far, moved_at_once);
  }
}

std::uint64_t TimerWheel::next_event() const noexcept {
  const std::uint32_t steps = near_.steps_from(static_cast<std::uint32_t>(tick_ % near_slots));
  std::uint64_t next = steps == near_slots ? no_tick : tick_ + steps;
  for (int level = 0; level < far_levels; ++level) next = std::min(next, first_far(level).opens);
  return next;
}

}  // namespace otp::detail
