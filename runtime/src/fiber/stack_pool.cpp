#include "fiber/stack_pool.h"

#include <sys/mman.h>
#include <unistd.h>

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
    : stack_bytes_((stack_bytes + page_bytes() - 1) / page_bytes() * page_bytes()) {}

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
  free_.reserve(regions_.size() * stacks_per_region);  // so that giving back never allocates
  for (std::size_t i = stacks_per_region; i-- > 0;) {
    char* bottom = base + i * stack_bytes_;
    guard(bottom);
    free_.push_back(bottom);
  }
}

boost::context::stack_context StackPool::allocate() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) map_region();
  char* bottom = free_.back();
  free_.pop_back();
  boost::context::stack_context stack;
  stack.size = stack_bytes_;
  stack.sp = bottom + stack_bytes_;
  return stack;
}

void StackPool::deallocate(boost::context::stack_context& stack) noexcept {
  char* bottom = static_cast<char*>(stack.sp) - stack_bytes_;
  const std::lock_guard lock(mutex_);
  if (free_.size() >= warm_stacks) {
    madvise(bottom + page_bytes(), stack_bytes_ - page_bytes(), MADV_DONTNEED);
  }
  free_.push_back(bottom);
}

}  // namespace otp::detail
