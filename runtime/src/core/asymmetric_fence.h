// A fence of which one side costs nothing: membarrier(2).
//
// Two threads that each announce themselves and then look for the other (Dekker) both need a full
// fence between the two. Where one side runs millions of times a second and the other once in a
// while, the rare side fences for both: it lets the kernel make every thread of the program execute
// one. Source: membarrier(2); Go and the JVM use it likewise.
#pragma once

#include <atomic>

namespace otp::detail {

/// Whether the kernel does that for us. The thread sanitizer does not know of it: never, then.
extern const bool has_asymmetric_fence;

/// Between the frequent side's store and its load.
inline void light_fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
/// Between the rare side's store and its load. Only where has_asymmetric_fence.
void heavy_fence() noexcept;

/// The two of them, wherever the program runs: without the kernel's help both are full fences.
inline void fence_often() noexcept {
  if (has_asymmetric_fence) [[likely]] {
    light_fence();
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}
inline void fence_rarely() noexcept {
  if (has_asymmetric_fence) {
    heavy_fence();
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

}  // namespace otp::detail
