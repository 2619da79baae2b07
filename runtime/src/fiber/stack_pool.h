// Stacks of worker fibers: 256 KiB of address space each by default, committed as it is used.
//
// Stacks are carved out of big mappings (one VMA each); one given back beyond the high-water mark
// gives its pages to the system. What maps those pages, 512 bytes of the kernel's for each stack,
// goes when the mapping does: beyond the usual number, once no stack of it is in use. Below every
// stack is a guard page where the kernel allows: MADV_GUARD_INSTALL (Linux 6.13) costs nothing;
// before that, mprotect for the first thousands, because each costs two of the process's 65,530
// mappings. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include <boost/context/stack_context.hpp>

namespace otp::detail {

class StackPool {
 public:
  explicit StackPool(std::size_t stack_bytes);
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  boost::context::stack_context allocate();
  void deallocate(boost::context::stack_context& stack) noexcept;
  /// Gives the pages of those in the pool that still have some, `warm_stacks` at most, to the
  /// system, and mappings that are not needed.
  void give_back() noexcept;
  /// Of a stack in use, the pages that are a page below `frame` or lower: what runs on it must have
  /// suspended above those. `bottom` is the stack's lowest address.
  static void give_back_below(const void* bottom, const void* frame) noexcept;

 private:
  static constexpr std::size_t stacks_per_region = 64;   ///< a bit of Region::cold each
  static constexpr std::size_t warm_stacks = 256;        ///< kept with their pages
  static constexpr std::size_t protected_stacks = 4096;  ///< guarded by mprotect at most
  static constexpr std::size_t usual_regions = 64;       ///< stay mapped

  struct Region {
    char* bottom;
    std::uint64_t cold;         ///< which of its stacks are free and have no pages
    std::size_t by_protection;  ///< how many are guarded so
  };

  std::size_t region_bytes() const noexcept { return stack_bytes_ * stacks_per_region; }
  using Regions = std::vector<Region>;
  /// That of a stack, or before which a new one belongs.
  Regions::iterator region_at(const char* bottom) noexcept;
  Regions::iterator map_region();
  bool guard(char* bottom) noexcept;
  char* take_cold();
  void put_cold(char* bottom) noexcept;
  void unmap_unused() noexcept;

  const std::size_t stack_bytes_;  ///< with the guard page
  std::mutex mutex_;
  std::vector<char*> warm_;  ///< free, with their pages
  Regions regions_;  ///< the highest first, as the system maps them: a new one is mostly the last
  std::size_t first_cold_ = 0;  ///< no region before this has a cold stack
  std::size_t guarded_by_protection_ = 0;
};

/// What Boost.Fiber asks for a stack: one of the pool, that the caller has taken to use so many
/// bytes at its top.
class RestOfStack {
 public:
  RestOfStack(StackPool& pool, boost::context::stack_context stack, std::size_t taken) noexcept
      : pool_(&pool), stack_(stack), taken_(taken) {}
  boost::context::stack_context allocate() const noexcept {
    boost::context::stack_context rest = stack_;
    rest.sp = static_cast<char*>(rest.sp) - taken_;
    rest.size -= taken_;
    return rest;
  }
  void deallocate(boost::context::stack_context&) noexcept { pool_->deallocate(stack_); }

 private:
  StackPool* pool_;
  boost::context::stack_context stack_;
  std::size_t taken_;
};

}  // namespace otp::detail
