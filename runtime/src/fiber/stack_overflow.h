// A process that runs over the end of its stack hits the guard page below it. Instead of the
// program that process ends.
//
// The signal handler runs on a stack of its thread's own, and lets the thread go on in a function
// on another such stack, from where the process can be reported and its old stack left for ever.
// Whatever faults elsewhere does what it did before, each time. A runaway recursion that hits the
// guard inside a library while it holds a lock leaves it held: nothing can be done about that.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "core/reserved_array.h"
#include "core/runnable.h"

namespace otp::detail {

/// The return addresses innermost first. Never returns.
using StackOverflowed = void (*)(Runnable&, std::span<void* const> frames);

/// Once in a program.
void contain_stack_overflows(StackOverflowed overflowed);

/// What a thread needs for that; made and destroyed on it.
class OverflowStacks {
 public:
  OverflowStacks();
  ~OverflowStacks();
  OverflowStacks(const OverflowStacks&) = delete;
  OverflowStacks& operator=(const OverflowStacks&) = delete;

 private:
  friend struct OverflowHandler;
  static constexpr std::size_t handler_bytes = std::size_t{32} * 1024;
  static constexpr std::size_t rescue_bytes = std::size_t{256} * 1024;
  static constexpr std::size_t most_frames = 48;

  // Not of the heap's: they live as long as the thread, and are touched only in need. Among blocks
  // that come and go each would keep a whole page of the allocator alive.
  const ReservedArray<std::byte> stacks_{handler_bytes + rescue_bytes};  ///< in this order
  std::array<void*, most_frames> frames_{};
  std::size_t frame_count_ = 0;
};

}  // namespace otp::detail
