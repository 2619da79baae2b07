// Remembers where exceptions are thrown, so that a crash report can tell.
//
// __cxa_throw is interposed: ours notes the return addresses and the exception object, then calls
// the real one. The notes belong to the stack: a process may go on on another thread between throw
// and catch, when a destructor waited.
#include "core/throw_trace.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <unwind.h>

#include <array>
#include <cstddef>
#include <exception>
#include <new>
#include <typeinfo>
#include <utility>

#include <otp/detail/exit_exception.h>

namespace otp::detail {
namespace {

constexpr std::size_t max_frames = 32;

struct ThrowTrace {
  const void* object = nullptr;
  std::array<void*, max_frames> frames{};
  std::size_t count = 0;
};
thread_local void* notes_of_this_stack = nullptr;

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* data) {
  auto& trace = *static_cast<ThrowTrace*>(data);
  const auto address = _Unwind_GetIP(context);
  if (address != 0) trace.frames[trace.count++] = reinterpret_cast<void*>(address);
  return trace.count < max_frames ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/// Whatever stacks have been on a thread, it ends on its own.
void free_notes_with_thread() noexcept {
  struct AtEnd {
    ~AtEnd() { free_throw_notes(std::exchange(notes_of_this_stack, nullptr)); }
  };
  thread_local const AtEnd frees{};
}

}  // namespace

void*& throw_notes() noexcept { return notes_of_this_stack; }

void free_throw_notes(void* notes) noexcept { delete static_cast<ThrowTrace*>(notes); }

[[gnu::noinline]] void note_throw(const void* object, const std::type_info& type) noexcept {
  if (type == typeid(ExitException)) return;  // leaving on purpose is no error
  void*& notes = throw_notes();
  if (notes == nullptr) {
    notes = new (std::nothrow) ThrowTrace;
    if (notes == nullptr) return;
    free_notes_with_thread();  // never without memory: it needs some, and would end the program
  }
  auto& trace = *static_cast<ThrowTrace*>(notes);
  trace.object = object;
  trace.count = 0;
  _Unwind_Backtrace(&note_frame, &trace);
}

std::vector<void*> last_throw_frames() {
  const std::exception_ptr current = std::current_exception();
  const void* object = nullptr;
  static_assert(sizeof current == sizeof object);
  __builtin_memcpy(&object, &current,
                   sizeof object);  // an exception_ptr is the address of its object
  const void* notes = throw_notes();
  if (object == nullptr || notes == nullptr) return {};
  const auto& trace = *static_cast<const ThrowTrace*>(notes);
  if (trace.object != object) return {};
  return {trace.frames.begin(), trace.frames.begin() + static_cast<std::ptrdiff_t>(trace.count)};
}

}  // namespace otp::detail

// Declared under a name of our own: compilers do not agree on the type of the real one.
extern "C" [[noreturn]] void otp_throw(void* object, std::type_info* type,
                                       void (*destroy)(void*)) __asm__("__cxa_throw");

extern "C" void otp_throw(void* object, std::type_info* type, void (*destroy)(void*)) {
  static const auto real = reinterpret_cast<decltype(&otp_throw)>(dlsym(RTLD_NEXT, "__cxa_throw"));
  otp::detail::note_throw(object, *type);
  real(object, type, destroy);
  __builtin_unreachable();
}
