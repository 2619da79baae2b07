// Messages are freed on another thread than they were made on, at tens of millions a second:
// mimalloc's cross-thread free lists are made for that. Under a sanitizer the system allocator is
// used, so that it can watch the memory.
#include <cstdlib>

#include <otp/detail/message.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTP_SYSTEM_ALLOCATOR 1
#else
#include <mimalloc.h>
#endif

namespace otp::detail {

void* allocate_message(std::size_t bytes) {
#ifdef OTP_SYSTEM_ALLOCATOR
  void* memory = std::malloc(bytes);
#else
  void* memory = mi_malloc(bytes);
#endif
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void free_message(void* memory, std::size_t bytes) noexcept {
#ifdef OTP_SYSTEM_ALLOCATOR
  static_cast<void>(bytes);
  std::free(memory);
#else
  mi_free_size(memory, bytes);
#endif
}

}  // namespace otp::detail
