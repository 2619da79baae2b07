#include "fiber/timer_slab.h"

#include <stdexcept>

namespace otp::detail {

TimerSlab::TimerSlab(std::uint32_t last) : last_generation_(last), chunks_(max_chunks) {}

TimerSlab::~TimerSlab() {
  for (std::uint32_t number = 1; number <= count_; ++number) {
    if (chunks_[number].entries != nullptr) unmap_memory(chunks_[number].entries, chunk_bytes);
  }
}

std::size_t TimerSlab::bytes() const {
  const std::lock_guard lock(mutex_);
  return mapped_ * chunk_bytes;
}

std::uint32_t TimerSlab::take_chunk(bool likely_filled) {
  auto* entries = static_cast<TimerEntry*>(map_memory(chunk_bytes, likely_filled));
  const std::lock_guard lock(mutex_);
  if (free_ == 0 && count_ + 1 == max_chunks) {
    unmap_memory(entries, chunk_bytes);
    throw std::length_error("more than 268 million timers are outstanding");
  }
  const std::uint32_t number = free_ != 0 ? free_ : ++count_;
  if (free_ != 0) free_ = chunks_[number].next;
  chunks_[number].entries = entries;
  ++mapped_;
  return number;
}

void TimerSlab::give_back(std::uint32_t first) noexcept {
  const std::lock_guard lock(mutex_);
  while (first != 0) {
    const std::uint32_t number = first;
    Chunk& chunk = chunks_[number];
    first = chunk.next;
    unmap_memory(chunk.entries, chunk_bytes);
    --mapped_;
    chunk.entries = nullptr;
    chunk.base += chunk.highest;
    chunk.highest = chunk.fresh = chunk.free = 0;
    if (chunk.base > last_generation_) continue;
    chunk.next = free_;
    free_ = number;
  }
}

}  // namespace otp::detail
