// Messages are freed on another thread than they were made on, at tens of millions a second:
// mimalloc's cross-thread free lists are made for that. In front of it each thread keeps some of
// the small sizes, for those that are freed where they were made: a call's message comes home as
// its reply. Under a sanitizer the system allocator is used, so that it can watch the memory.
#include "core/message_memory.h"

#include <array>
#include <climits>
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
void take_freed_memory_in() noexcept {}

#else

namespace {

constexpr std::size_t granule = 16;
constexpr std::size_t classes = 16;                         // to 256 bytes
constexpr std::size_t most_kept = std::size_t{192} * 1024;  // bytes of a thread
constexpr int freed_at_once = 64;                           // where others need the room

constexpr std::size_t size_of(std::size_t index) noexcept { return (index + 1) * granule; }

struct FreeBlock {
  FreeBlock* next;
};
struct Kept {
  std::array<FreeBlock*, classes> first;  ///< of each class
  std::size_t room;      ///< for so many bytes more; none until the thread is known to end
  std::size_t last_cut;  ///< the class that has made room last
};

// Trivial, so that it is found without a check; what is left in it is given back by Drain.
thread_local constinit Kept kept{};

/// At most `count` of a class.
void free_some(std::size_t index, int count) noexcept {
  for (; count > 0 && kept.first[index] != nullptr; --count) {
    FreeBlock* const block = kept.first[index];
    kept.first[index] = block->next;
    kept.room += size_of(index);
    mi_free(block);
  }
}

void give_messages_back() noexcept {
  for (std::size_t index = 0; index < classes; ++index) free_some(index, INT_MAX);
}

struct Drain {
  Drain() {
    kept.room = most_kept;
    // What mimalloc keeps free for a thread that ends, it would keep until another needs it.
    mi_option_enable(mi_option_abandoned_page_decommit);
  }
  ~Drain() {
    give_messages_back();
    kept.room = 0;  // what is freed later goes past it
  }
};

/// For the largest. False when the thread ends.
bool make_room() noexcept {
  thread_local const Drain drain;
  for (std::size_t tries = 0; tries < classes && kept.room < size_of(classes - 1); ++tries) {
    kept.last_cut = (kept.last_cut + 1) % classes;
    free_some(kept.last_cut, freed_at_once);
  }
  return kept.room >= size_of(classes - 1);
}

[[gnu::always_inline]] inline void keep(void* memory, std::size_t index) noexcept {
  auto* const block = static_cast<FreeBlock*>(memory);
  block->next = kept.first[index];
  kept.first[index] = block;
  kept.room -= size_of(index);
}

[[gnu::noinline]] void keep_with_effort(void* memory, std::size_t index) noexcept {
  if (make_room()) {
    keep(memory, index);
  } else {
    mi_free(memory);
  }
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
    if (FreeBlock* const block = kept.first[index]) {
      kept.first[index] = block->next;
      kept.room += size_of(index);
      return block;
    }
  }
  return allocate_fresh(bytes);
}

void free_message(void* memory, std::size_t bytes) noexcept {
  const std::size_t index = class_of(bytes);
  if (index >= classes) [[unlikely]]
    return mi_free(memory);
  if (kept.room < size_of(index)) [[unlikely]]
    return keep_with_effort(memory, index);
  keep(memory, index);
}

void give_memory_back() noexcept {
  give_messages_back();
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

void take_freed_memory_in() noexcept {
  mi_free(mi_malloc(MI_SMALL_SIZE_MAX + 1));  // only what is larger goes the way that looks for it
}

#endif

}  // namespace otp::detail
