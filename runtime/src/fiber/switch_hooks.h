// What must happen at every switch of fibers besides the switch: the exception bookkeeping of the
// C++ runtime, and the announcements the sanitizers ask for. Every switch passes
// SchedulingAlgorithm::switch_to, which calls these.
//
// The C++ runtime keeps the chain of caught exceptions per thread. A process that suspends inside a
// catch block and is followed by another that does the same would get the other's exception on
// `throw;`: the two words behind __cxa_get_globals are saved and restored for each fiber.
//
// Source: Itanium C++ ABI, exception handling, 2.2.2; sanitizer/common_interface_defs.h,
// sanitizer/tsan_interface.h.
#pragma once

#include <cxxabi.h>
#include <cstddef>
#include <utility>

#include "core/throw_trace.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace otp::detail {

struct SwitchState {
  void* caught = nullptr;       ///< __cxa_eh_globals::caughtExceptions
  unsigned uncaught = 0;        ///< __cxa_eh_globals::uncaughtExceptions
  void* throw_notes = nullptr;  ///< see core/throw_trace.h
  const void* stack_bottom = nullptr;
  std::size_t stack_bytes = 0;
  void* fake_stack = nullptr;  ///< address sanitizer
  void* tsan_fiber = nullptr;
};

struct ExceptionGlobals {
  void* caught;
  unsigned uncaught;
};

inline ExceptionGlobals& exception_globals() noexcept {
  return *reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
}

inline void init_switch_state(SwitchState& state, bool is_thread) noexcept {
#if defined(__SANITIZE_THREAD__)
  state.tsan_fiber = is_thread ? __tsan_get_current_fiber() : __tsan_create_fiber(0);
#else
  static_cast<void>(state);
  static_cast<void>(is_thread);
#endif
}

/// Of a fiber that does not run.
inline void drop_throw_notes(SwitchState& state) noexcept {
  free_throw_notes(std::exchange(state.throw_notes, nullptr));
}

inline void destroy_switch_state(SwitchState& state, bool is_thread) noexcept {
#if defined(__SANITIZE_THREAD__)
  if (!is_thread && state.tsan_fiber != nullptr) __tsan_destroy_fiber(state.tsan_fiber);
#else
  static_cast<void>(is_thread);
#endif
  drop_throw_notes(state);
}

/// Just before the switch. `globals` and `notes` are this thread's. `leaves_for_ever`: the fiber
/// ends with this switch.
inline void before_switch(ExceptionGlobals& globals, void*& notes, SwitchState& from,
                          SwitchState& to, bool leaves_for_ever) noexcept {
  from.caught = globals.caught;
  from.uncaught = globals.uncaught;
  globals.caught = to.caught;
  globals.uncaught = to.uncaught;
  from.throw_notes = notes;
  notes = to.throw_notes;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(leaves_for_ever ? nullptr : &from.fake_stack, to.stack_bottom,
                                 to.stack_bytes);
#else
  static_cast<void>(leaves_for_ever);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(to.tsan_fiber, 0);
#endif
}

/// First thing on the other side.
inline void after_switch_to(SwitchState& self) noexcept {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(self.fake_stack, nullptr, nullptr);
#else
  static_cast<void>(self);
#endif
}

}  // namespace otp::detail
