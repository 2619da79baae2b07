#include "fiber/stack_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>

#include "core/reserved_array.h"

namespace otp::detail {
namespace {

constexpr int madv_guard_install =
    102;  // MADV_GUARD_INSTALL where the C library does not name it yet
constexpr std::uint64_t all_stacks = ~std::uint64_t{0};  // of a region

std::size_t page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

StackPool::StackPool(std::size_t stack_bytes)
    : stack_bytes_((stack_bytes + page_bytes() - 1) / page_bytes() * page_bytes() + page_bytes()) {
  // Here, and not on the thread that needs one more: it may end, and its memory is kept for this.
  warm_.reserve(warm_stacks);
  regions_.reserve(usual_regions);
}

StackPool::~StackPool() {
  for (const Region& region : regions_) unmap_memory(region.bottom, region_bytes());
}

/// True when it was done by mprotect.
bool StackPool::guard(char* bottom) noexcept {
  if (madvise(bottom, page_bytes(), madv_guard_install) == 0) return false;
  return guarded_by_protection_ < protected_stacks &&
         mprotect(bottom, page_bytes(), PROT_NONE) == 0;
}

StackPool::Regions::iterator StackPool::region_at(const char* bottom) noexcept {
  return std::ranges::lower_bound(regions_, bottom, std::ranges::greater{}, &Region::bottom);
}

StackPool::Regions::iterator StackPool::map_region() {
  if (regions_.size() == regions_.capacity()) regions_.reserve(2 * regions_.size());
  Region region{.bottom = static_cast<char*>(map_memory(region_bytes())),
                .cold = all_stacks,
                .by_protection = 0};
  // A huge page would back eight stacks that use two pages each.
  madvise(region.bottom, region_bytes(), MADV_NOHUGEPAGE);
  for (std::size_t i = 0; i < stacks_per_region; ++i) {
    if (!guard(region.bottom + i * stack_bytes_)) continue;
    ++region.by_protection;
    ++guarded_by_protection_;
  }
  return regions_.insert(region_at(region.bottom), region);
}

boost::context::stack_context StackPool::allocate() {
  const std::lock_guard lock(mutex_);
  char* bottom = nullptr;
  if (warm_.empty()) {
    bottom = take_cold();
  } else {
    bottom = warm_.back();
    warm_.pop_back();
  }
  boost::context::stack_context stack;
  stack.size = stack_bytes_;
  stack.sp = bottom + stack_bytes_;
  return stack;
}

void StackPool::deallocate(boost::context::stack_context& stack) noexcept {
  char* bottom = static_cast<char*>(stack.sp) - stack_bytes_;
  const std::lock_guard lock(mutex_);
  if (warm_.size() < warm_stacks) return warm_.push_back(bottom);
  put_cold(bottom);
}

/// Of the first region that has one, so that the last come to be unused.
char* StackPool::take_cold() {
  auto region = std::find_if(regions_.begin() + static_cast<std::ptrdiff_t>(first_cold_),
                             regions_.end(), [](const Region& each) { return each.cold != 0; });
  if (region == regions_.end()) region = map_region();
  first_cold_ = static_cast<std::size_t>(region - regions_.begin());
  const auto number = static_cast<std::size_t>(std::countr_zero(region->cold));
  region->cold &= region->cold - 1;
  return region->bottom + number * stack_bytes_;
}

void StackPool::put_cold(char* bottom) noexcept {
  madvise(bottom + page_bytes(), stack_bytes_ - page_bytes(), MADV_DONTNEED);
  const auto region = region_at(bottom);
  region->cold |= std::uint64_t{1}
                  << static_cast<std::size_t>(bottom - region->bottom) / stack_bytes_;
  first_cold_ = std::min(first_cold_, static_cast<std::size_t>(region - regions_.begin()));
}

void StackPool::give_back() noexcept {
  const std::lock_guard lock(mutex_);
  for (char* const bottom : warm_) put_cold(bottom);
  warm_.clear();
  unmap_unused();
}

void StackPool::unmap_unused() noexcept {
  std::size_t unused = 0;
  std::erase_if(regions_, [&](const Region& region) {
    if (region.cold != all_stacks || ++unused <= usual_regions) return false;
    // In the midst of others that takes one mapping more, and the system may have none.
    if (munmap(region.bottom, region_bytes()) != 0) return false;
    guarded_by_protection_ -= region.by_protection;
    return true;
  });
  first_cold_ = 0;
}

void StackPool::give_back_below(const void* bottom, const void* frame) noexcept {
  const std::size_t page = page_bytes();
  const std::uintptr_t from = reinterpret_cast<std::uintptr_t>(bottom) + page;  // the guard's
  const std::uintptr_t to = reinterpret_cast<std::uintptr_t>(frame) / page * page - page;
  if (from < to) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

}  // namespace otp::detail
