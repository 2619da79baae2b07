// Messages are freed on another thread than they were made on, at tens of millions a second:
// mimalloc's cross-thread free lists are made for that. In front of it each thread keeps a few of
// each small size, for those that are freed where they were made: a call's message comes home as
// its reply. Under a sanitizer the system allocator is used, so that it can watch the memory.
#include <array>
#include <cstdlib>

#include <otp/detail/message.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTP_SYSTEM_ALLOCATOR 1
#else
#include <mimalloc.h>
#endif

namespace otp::detail {

#ifdef OTP_SYSTEM_ALLOCATOR

void* allocate_message(std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void free_message(void* memory, std::size_t) noexcept { std::free(memory); }

#else

namespace {

constexpr std::size_t granule = 16;
constexpr std::size_t classes = 16;                         // to 256 bytes
constexpr std::size_t most_kept = std::size_t{128} * 1024;  // bytes of a class and thread

struct FreeBlock {
  FreeBlock* next;
};
struct FreeList {
  FreeBlock* first;
  std::size_t room;  ///< for so many more; none until the thread is known to give them back
};

// Trivial, so that it is found without a check; what is left in it is given back by Drain.
thread_local constinit std::array<FreeList, classes> kept{};

struct Drain {
  Drain() {
    for (std::size_t index = 0; index < classes; ++index)
      kept[index].room = most_kept / ((index + 1) * granule);
  }
  ~Drain() {
    for (FreeList& list : kept) {
      list.room = 0;  // what is freed later goes past it
      while (list.first != nullptr) {
        FreeBlock* const block = list.first;
        list.first = block->next;
        mi_free(block);
      }
    }
  }
};

[[gnu::noinline]] void free_past_list(void* memory) noexcept {
  thread_local const Drain drain;
  mi_free(memory);
}

constexpr std::size_t class_of(std::size_t bytes) noexcept { return (bytes - 1) / granule; }

[[gnu::noinline]] void* allocate_fresh(std::size_t bytes) {
  void* memory = mi_malloc((bytes + granule - 1) / granule * granule);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* allocate_message(std::size_t bytes) {
  if (const std::size_t index = class_of(bytes); index < classes) {
    FreeList& list = kept[index];
    if (FreeBlock* const block = list.first) {
      list.first = block->next;
      ++list.room;
      return block;
    }
  }
  return allocate_fresh(bytes);
}

void free_message(void* memory, std::size_t bytes) noexcept {
  const std::size_t index = class_of(bytes);
  if (index >= classes) return mi_free(memory);
  FreeList& list = kept[index];
  if (list.room == 0) [[unlikely]]
    return free_past_list(memory);
  --list.room;
  auto* const block = static_cast<FreeBlock*>(memory);
  block->next = list.first;
  list.first = block;
}

#endif

}  // namespace otp::detail
