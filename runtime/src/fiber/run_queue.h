// The runnable processes of one scheduler, in the shape of Go's run queue: a slot for the process
// just woken (it runs next, so a pair that talks stays on one thread), a ring that thieves may take
// half of, and nothing else. What does not fit goes to the group's shared queue.
//
// Who may touch what: only the owner pushes and pops; any thread may steal from the ring; the
// monitor may empty the slot, when the owner has been busy too long. The slot is touched at every
// wake-up, so the owner announces itself by a plain store and the monitor fences for both.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/asymmetric_fence.h"
#include "core/runnable.h"

namespace otp::detail {

/// A singly linked batch of runnables; not synchronised.
struct RunnableList {
  Runnable* head = nullptr;
  Runnable* tail = nullptr;

  bool empty() const noexcept { return head == nullptr; }
  void push(Runnable& runnable) noexcept {
    runnable.next_runnable = nullptr;
    (head == nullptr ? head : tail->next_runnable) = &runnable;
    tail = &runnable;
  }
  Runnable* pop() noexcept {
    Runnable* first = head;
    if (first != nullptr) head = first->next_runnable;
    return first;
  }
};

class RunQueue {
 public:
  static constexpr std::uint32_t capacity = 256;

  /// Puts `runnable` next in line; what stood there moves to the ring's tail. Returns what found no
  /// place.
  Runnable* push_next(Runnable& runnable) noexcept {
    if (!enter_slot()) return push_last(runnable) ? nullptr : &runnable;
    Runnable* const displaced = next_.load(std::memory_order_relaxed);
    next_.store(&runnable, std::memory_order_relaxed);
    leave_slot();
    if (displaced == nullptr) return nullptr;
    displacements_.store(displacements_.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
    return push_last(*displaced) ? nullptr : displaced;
  }

  /// Appends to the ring; false when it is full.
  bool push_last(Runnable& runnable) noexcept {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) >= capacity) return false;
    ring_[tail % capacity].store(&runnable, std::memory_order_relaxed);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  Runnable* pop() noexcept {
    if (next_.load(std::memory_order_relaxed) != nullptr && enter_slot()) {
      Runnable* const next = next_.load(std::memory_order_relaxed);
      next_.store(nullptr, std::memory_order_relaxed);
      leave_slot();
      if (next != nullptr) return next;
    }
    return pop_first();
  }

  Runnable* pop_first() noexcept {
    std::uint32_t head = head_.load(std::memory_order_acquire);
    while (head != tail_.load(std::memory_order_relaxed)) {
      Runnable* first = ring_[head % capacity].load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, head + 1, std::memory_order_acq_rel)) return first;
    }
    return nullptr;
  }

  /// Empties the slot, unless the owner is at it. The monitor.
  Runnable* take_next() noexcept {
    slot_claimed_.exchange(true);
    if (has_asymmetric_fence) heavy_fence();
    Runnable* taken = nullptr;
    if (!slot_busy_.load()) {
      taken = next_.load(std::memory_order_relaxed);
      next_.store(nullptr, std::memory_order_relaxed);
    }
    slot_claimed_.store(false, std::memory_order_release);
    return taken;
  }

  /// Takes half of the ring. Any thread.
  RunnableList steal() noexcept {
    for (;;) {
      std::uint32_t head = head_.load(std::memory_order_acquire);
      const std::uint32_t tail = tail_.load(std::memory_order_acquire);
      const std::uint32_t size = tail - head;
      if (size == 0 || size > capacity) return {};
      const std::uint32_t count = size - size / 2;
      std::array<Runnable*, capacity> taken;
      for (std::uint32_t i = 0; i < count; ++i) {
        taken[i] = ring_[(head + i) % capacity].load(std::memory_order_relaxed);
      }
      if (!head_.compare_exchange_strong(head, head + count, std::memory_order_acq_rel)) continue;
      RunnableList list;
      for (std::uint32_t i = 0; i < count; ++i) list.push(*taken[i]);
      return list;
    }
  }

  std::uint32_t size() const noexcept {
    return tail_.load(std::memory_order_relaxed) - head_.load(std::memory_order_relaxed);
  }
  bool has_next() const noexcept { return next_.load(std::memory_order_relaxed) != nullptr; }
  bool empty() const noexcept { return size() == 0 && !has_next(); }
  /// Grows whenever `push_next` finds the slot taken: more than one chain of processes that wake
  /// each other lives here.
  std::uint32_t displacements() const noexcept {
    return displacements_.load(std::memory_order_relaxed);
  }

 private:
  /// False while the monitor has the slot.
  bool enter_slot() noexcept {
    if (has_asymmetric_fence) {
      slot_busy_.store(true, std::memory_order_relaxed);
      light_fence();
    } else {
      slot_busy_.exchange(true);
    }
    if (!slot_claimed_.load()) return true;
    leave_slot();
    return false;
  }
  void leave_slot() noexcept { slot_busy_.store(false, std::memory_order_release); }

  alignas(64) std::atomic<Runnable*> next_{nullptr};
  std::atomic<bool> slot_busy_{false};
  std::atomic<bool> slot_claimed_{false};
  alignas(64) std::atomic<std::uint32_t> head_{0};
  alignas(64) std::atomic<std::uint32_t> tail_{0};
  std::atomic<std::uint32_t> displacements_{0};
  std::array<std::atomic<Runnable*>, capacity> ring_{};
};

}  // namespace otp::detail
