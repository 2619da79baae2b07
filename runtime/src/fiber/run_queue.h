// The runnable processes of one scheduler, in the shape of Go's run queue: a slot for the process
// just woken (it runs next, so a pair that talks stays on one thread), a ring that thieves may take
// half of, and nothing else. What does not fit goes to the group's shared queue.
//
// Who may touch what: only the owner pushes and pops; any thread may steal from the ring; any
// thread may empty the slot (the monitor does, when the owner has been busy too long).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

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
    Runnable* displaced = next_.exchange(&runnable, std::memory_order_acq_rel);
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
    if (next_.load(std::memory_order_relaxed) != nullptr) {
      if (Runnable* next = take_next()) return next;
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

  /// Empties the slot. Any thread.
  Runnable* take_next() noexcept { return next_.exchange(nullptr, std::memory_order_acq_rel); }

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
  alignas(64) std::atomic<Runnable*> next_{nullptr};
  alignas(64) std::atomic<std::uint32_t> head_{0};
  alignas(64) std::atomic<std::uint32_t> tail_{0};
  std::atomic<std::uint32_t> displacements_{0};
  std::array<std::atomic<Runnable*>, capacity> ring_{};
};

}  // namespace otp::detail
