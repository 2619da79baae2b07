// Messages are freed on another thread than they were made on, at tens of millions a second:
// mimalloc's cross-thread free lists are made for that. In front of it each thread keeps a few of
// each small size, for those that are freed where they were made: a call's message comes home as
// its reply. Under a sanitizer the system allocator is used, so that it can watch the memory.
#include "core/message_memory.h"

#include <array>
#include <cstdlib>
#include <mutex>
#include <utility>

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
void give_memory_back() noexcept {}

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

constexpr std::size_t room_for(std::size_t index) noexcept {
  return most_kept / ((index + 1) * granule);
}

void free_all(FreeList& list) noexcept {
  while (list.first != nullptr) {
    FreeBlock* const block = list.first;
    list.first = block->next;
    mi_free(block);
  }
}

struct Drain {
  Drain() {
    for (std::size_t index = 0; index < classes; ++index) kept[index].room = room_for(index);
  }
  ~Drain() {
    for (FreeList& list : kept) {
      list.room = 0;  // what is freed later goes past it
      free_all(list);
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

void give_memory_back() noexcept {
  for (std::size_t index = 0; index < classes; ++index) {
    if (kept[index].first == nullptr) continue;
    free_all(kept[index]);
    kept[index].room = room_for(index);
  }
  // What others have freed of this thread's memory, no other can take; and mimalloc looks for it
  // only when the thread goes on allocating. What is free goes to the system only after a delay,
  // and again when somebody allocates. So for a moment there is no delay, whoever frees a page; one
  // thread at a time, or the first to end would bring the delay back for the others.
  static const std::array delays{
      std::pair{mi_option_decommit_delay, mi_option_get(mi_option_decommit_delay)},
      std::pair{mi_option_segment_decommit_delay, mi_option_get(mi_option_segment_decommit_delay)}};
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  for (const auto& [option, usual] : delays) mi_option_set(option, 0);
  mi_collect(true);
  // Pages that were freed before wait for the next allocation in their segment.
  mi_free(mi_malloc(std::size_t{8} * 1024 * 1024));
  for (const auto& [option, usual] : delays) mi_option_set(option, usual);
}

#endif

}  // namespace otp::detail
