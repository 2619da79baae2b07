// Zeroed memory straight from the system.
#pragma once

#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#include <cstddef>
#include <new>
#include <type_traits>

namespace otp::detail {

/// It costs nothing until it is touched; or all of it at once, which costs less than page by page.
/// Throws std::bad_alloc.
inline void* map_memory(std::size_t bytes, bool at_once = false) {
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at_once ? MAP_POPULATE : 0), -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(memory, bytes);  // a stack that was given back may have been there
#endif
  return memory;
}
inline void unmap_memory(void* memory, std::size_t bytes) noexcept { munmap(memory, bytes); }

/// A table with address space for its largest size. Its elements begin as zeros.
template <class T>
class ReservedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  explicit ReservedArray(std::size_t size)
      : size_(size), elements_(static_cast<T*>(map_memory(size * sizeof(T)))) {
    // A table that has grown beyond what a small program uses is looked up all over.
    constexpr std::size_t small = std::size_t{256} * 1024;
    const std::size_t bytes = size * sizeof(T);
    if (bytes > small)
      madvise(reinterpret_cast<std::byte*>(elements_) + small, bytes - small, MADV_HUGEPAGE);
  }
  ~ReservedArray() { unmap_memory(elements_, size_ * sizeof(T)); }
  ReservedArray(const ReservedArray&) = delete;
  ReservedArray& operator=(const ReservedArray&) = delete;

  T& operator[](std::size_t index) const noexcept { return elements_[index]; }

 private:
  const std::size_t size_;
  T* const elements_;
};

}  // namespace otp::detail
