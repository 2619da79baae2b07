// What `new` does when there is no memory: it throws, so that a process ends and not the program.
// With mimalloc the C library's malloc and C++'s operators are mimalloc's; but that is a library in
// C, whose `operator new` cannot throw and aborts. These take its place, unless the program brings
// its own; what they give is freed by whoever frees what malloc gives. Sanitizers have theirs.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

/// As the standard has it: asks the new_handler as long as there is one.
template <class Allocate>
void* allocated(Allocate allocate) {
  for (;;) {
    if (void* memory = allocate()) [[likely]]
      return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

}  // namespace

void* operator new(std::size_t bytes) {
  return allocated([bytes] { return std::malloc(bytes == 0 ? 1 : bytes); });
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }

void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocated([bytes, alignment] {
    void* memory = nullptr;
    const auto least = std::max(static_cast<std::size_t>(alignment), sizeof(void*));
    return posix_memalign(&memory, least, bytes == 0 ? 1 : bytes) == 0 ? memory : nullptr;
  });
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return operator new(bytes, alignment);
}

#endif
