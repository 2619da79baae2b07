#include "fiber/stack_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>

namespace otp::detail {
namespace {

constexpr int madv_guard_install =
    102;  // MADV_GUARD_INSTALL where the C library does not name it yet

std::size_t page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

StackPool::StackPool(std::size_t stack_bytes)
    : stack_bytes_((stack_bytes + page_bytes() - 1) / page_bytes() * page_bytes()) {
  // Here, and not on the thread that needs one more: it may end, and its memory is kept for this.
  warm_.reserve(warm_stacks);
  cold_.reserve(usual_stacks);
  regions_.reserve(usual_stacks / stacks_per_region);
}

StackPool::~StackPool() {
  for (char* region : regions_) munmap(region, stack_bytes_ * stacks_per_region);
}

void StackPool::guard(char* bottom) noexcept {
  if (madvise(bottom, page_bytes(), madv_guard_install) == 0) return;
  if (guarded_by_protection_ >= protected_stacks) return;
  if (mprotect(bottom, page_bytes(), PROT_NONE) == 0) ++guarded_by_protection_;
}

void StackPool::map_region() {
  const std::size_t bytes = stack_bytes_ * stacks_per_region;
  void* region = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (region == MAP_FAILED) throw std::bad_alloc();
  // A huge page would back eight stacks that use two pages each.
  madvise(region, bytes, MADV_NOHUGEPAGE);
  auto* base = static_cast<char*>(region);
  regions_.push_back(base);
  cold_.reserve(regions_.size() * stacks_per_region);  // so that giving back never allocates
  for (std::size_t i = stacks_per_region; i-- > 0;) {
    char* bottom = base + i * stack_bytes_;
    guard(bottom);
    cold_.push_back(bottom);
  }
}

boost::context::stack_context StackPool::allocate() {
  const std::lock_guard lock(mutex_);
  if (warm_.empty() && cold_.empty()) map_region();
  std::vector<char*>& stacks = warm_.empty() ? cold_ : warm_;
  char* bottom = stacks.back();
  stacks.pop_back();
  boost::context::stack_context stack;
  stack.size = stack_bytes_;
  stack.sp = bottom + stack_bytes_;
  return stack;
}

void StackPool::deallocate(boost::context::stack_context& stack) noexcept {
  char* bottom = static_cast<char*>(stack.sp) - stack_bytes_;
  const std::lock_guard lock(mutex_);
  if (warm_.size() < warm_stacks) return warm_.push_back(bottom);
  discard(bottom);
  cold_.push_back(bottom);
}

void StackPool::discard(char* bottom) const noexcept {
  madvise(bottom + page_bytes(), stack_bytes_ - page_bytes(), MADV_DONTNEED);
}

void StackPool::give_back() noexcept {
  const std::lock_guard lock(mutex_);
  for (char* const bottom : warm_) {
    discard(bottom);
    cold_.push_back(bottom);
  }
  warm_.clear();
}

void StackPool::give_back_below(const void* bottom, const void* frame) noexcept {
  const std::size_t page = page_bytes();
  const std::uintptr_t from = reinterpret_cast<std::uintptr_t>(bottom) + page;  // the guard's
  const std::uintptr_t to = reinterpret_cast<std::uintptr_t>(frame) / page * page - page;
  if (from < to) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

}  // namespace otp::detail
