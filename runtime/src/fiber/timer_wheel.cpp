#include "fiber/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace otp::detail {
namespace {

void link_before(TimerNode& position, TimerNode& node) noexcept {
  node.next = &position;
  node.prev = position.prev;
  position.prev->next = &node;
  position.prev = &node;
}

void unlink(TimerNode& node) noexcept {
  node.prev->next = node.next;
  node.next->prev = node.prev;
  node.next = node.prev = nullptr;
}

}  // namespace

TimerWheel::TimerWheel(Nanoseconds now) : tick_(static_cast<std::uint64_t>(now) >> tick_bits) {
  for (auto& level : wheel_) {
    for (TimerNode& slot : level) slot.next = slot.prev = &slot;
  }
}

void TimerWheel::insert(TimerNode& node) noexcept {
  ++count_;
  place(node, tick_ + 1);
}

void TimerWheel::place(TimerNode& node, std::uint64_t earliest) noexcept {
  // The first tick at whose end the deadline has passed.
  const std::uint64_t due =
      (static_cast<std::uint64_t>(std::max<Nanoseconds>(node.deadline, 0)) >> tick_bits) + 1;
  const std::uint64_t target = std::max(due, earliest);
  const std::uint64_t distance = target - tick_;
  int level = 0;
  while (level + 1 < levels && (distance >> (slot_bits * (level + 1))) != 0) ++level;
  const std::uint64_t reach = (std::uint64_t{1} << (slot_bits * levels)) - 1;
  const std::uint64_t at = distance > reach ? tick_ + reach : target;
  const auto slot = static_cast<std::size_t>((at >> (slot_bits * level)) & (slots - 1));
  link_before(wheel_[static_cast<std::size_t>(level)][slot], node);
  occupied_[static_cast<std::size_t>(level)][slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::remove(TimerNode& node) noexcept {
  unlink(node);  // the slot's bit is cleared when the wheel comes by
  --count_;
}

void TimerWheel::cascade(int level) noexcept {
  const auto slot = static_cast<std::size_t>((tick_ >> (slot_bits * level)) & (slots - 1));
  TimerNode& head = wheel_[static_cast<std::size_t>(level)][slot];
  occupied_[static_cast<std::size_t>(level)][slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  TimerNode pending;
  pending.next = pending.prev = &pending;
  while (head.next != &head) {
    TimerNode& node = *head.next;
    unlink(node);
    link_before(pending, node);
  }
  while (pending.next != &pending) {
    TimerNode& node = *pending.next;
    unlink(node);
    place(node, tick_);  // this tick's slot is served right after the cascade
  }
}

namespace {

/// How many steps after `from` the next set bit is, going round: 1 to the number of bits; 0 is
/// none.
template <std::size_t words>
unsigned steps_to_next(const std::array<std::uint64_t, words>& bits, std::size_t from) noexcept {
  constexpr std::size_t count = words * 64;
  for (std::size_t step = 1; step <= count;) {
    const std::size_t at = (from + step) % count;
    const std::uint64_t rest = bits[at / 64] >> (at % 64);
    if (rest != 0) {
      const auto found = step + static_cast<std::size_t>(std::countr_zero(rest));
      return found <= count ? static_cast<unsigned>(found) : 0;
    }
    step += 64 - at % 64;
  }
  return 0;
}

}  // namespace

std::uint64_t TimerWheel::next_event() const noexcept {
  std::uint64_t next = UINT64_MAX;
  for (int level = 0; level < levels; ++level) {
    const std::uint64_t here = tick_ >> (slot_bits * level);
    const unsigned steps = steps_to_next(occupied_[static_cast<std::size_t>(level)],
                                         static_cast<std::size_t>(here & (slots - 1)));
    if (steps != 0) next = std::min(next, (here + steps) << (slot_bits * level));
  }
  return next;
}

TimerNode* TimerWheel::expire(Nanoseconds now) noexcept {
  const std::uint64_t target = static_cast<std::uint64_t>(now) >> tick_bits;
  TimerNode* first = nullptr;
  TimerNode** last = &first;
  while (tick_ < target) {
    tick_ = std::min(next_event(), target);
    for (int level = levels - 1; level > 0; --level) {
      if ((tick_ & ((std::uint64_t{1} << (slot_bits * level)) - 1)) == 0) cascade(level);
    }
    const auto slot = static_cast<std::size_t>(tick_ & (slots - 1));
    occupied_[0][slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    TimerNode& head = wheel_[0][slot];
    while (head.next != &head) {
      TimerNode& node = *head.next;
      unlink(node);
      --count_;
      *last = &node;
      last = &node.next;
    }
  }
  *last = nullptr;
  return first;
}

Nanoseconds TimerWheel::next_deadline() const noexcept {
  const std::uint64_t tick = next_event();
  if (count_ == 0 || tick == UINT64_MAX) return never;
  return static_cast<Nanoseconds>(tick << tick_bits);
}

TimerNode* TimerWheel::drain() noexcept {
  TimerNode* first = nullptr;
  for (auto& level : wheel_) {
    for (TimerNode& head : level) {
      while (head.next != &head) {
        TimerNode& node = *head.next;
        unlink(node);
        node.next = first;
        first = &node;
      }
    }
  }
  count_ = 0;
  return first;
}

}  // namespace otp::detail
