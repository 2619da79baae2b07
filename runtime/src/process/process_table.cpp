#include <sys/mman.h>

#include <algorithm>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>

#include "process/node.h"

namespace otp::detail {
namespace {

constexpr std::size_t max_names = (1U << 20) + 1;
constexpr std::uint32_t slots_at_once = 1024;
constexpr std::uint32_t slots_moved = 32;
/// Where slots on shelves would count.
constexpr std::uint32_t small_table = 1U << 16;

void count_one(std::atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

}  // namespace

ProcessTable::ProcessTable(std::uint32_t max_processes)
    : max_(max_processes),
      batch_(max_ < small_table ? 0 : slots_moved),
      slots_reserved_(max_ + 2 * batch_ * SchedulerGroup::max_schedulers),
      slots_(static_cast<Process*>(map_memory(std::size_t{slots_reserved_} * sizeof(Process)))) {
  // Whoever is called next is anywhere in the table: a page of its own each would be looked up.
  madvise(slots_, std::size_t{slots_reserved_} * sizeof(Process), MADV_HUGEPAGE);
}

ProcessTable::~ProcessTable() {
  std::destroy_n(slots_, made_.load());
  unmap_memory(slots_, std::size_t{slots_reserved_} * sizeof(Process));
}

void ProcessTable::add_slots() {
  const std::uint32_t first = made_.load(std::memory_order_relaxed);
  const std::uint32_t most = batch_ == 0 ? max_ : slots_reserved_;
  const std::uint32_t count = std::min(slots_at_once, most - first);
  if (count == 0 || this->count() >= max_)
    throw std::length_error("the process table is full: RuntimeOptions::max_processes limits it");
  for (std::uint32_t id = first + count; id-- > first;) {
    auto* const slot = ::new (&slots_[id]) Process;
    slot->id = id;
    slot->next_runnable = shared_.free;
    shared_.free = slot;
  }
  made_.store(first + count, std::memory_order_release);
}

/// Null on a thread that does not run processes of this node, or is one of too many.
ProcessTable::Shelf* ProcessTable::own_shelf(const Node& node) noexcept {
  Scheduler* const scheduler = current_scheduler();
  if (scheduler == nullptr || batch_ == 0 || scheduler->group().owner() != &node) [[unlikely]]
    return nullptr;
  if (scheduler->local == nullptr) [[unlikely]] {
    const std::lock_guard lock(mutex_);
    const std::uint32_t count = shelf_count_.load(std::memory_order_relaxed);
    if (count == most_shelves) return nullptr;
    scheduler->local = &shelves_[count];
    shelf_count_.store(count + 1, std::memory_order_release);
  }
  return static_cast<Shelf*>(scheduler->local);
}

Process* ProcessTable::take(Shelf& shelf) noexcept {
  Process* const process = shelf.free;
  shelf.free = static_cast<Process*>(process->next_runnable);
  process->next_runnable = nullptr;
  count_one(shelf.started);
  return process;
}

Process& ProcessTable::allocate(const Node& node) {
  Process* process = nullptr;
  if (Shelf* const shelf = own_shelf(node)) {
    if (shelf->free == nullptr) {
      const std::lock_guard lock(mutex_);
      if (shared_.free == nullptr) add_slots();
      auto* last = shelf->free = shared_.free;
      for (shelf->size = 1; shelf->size < batch_ && last->next_runnable != nullptr; ++shelf->size)
        last = static_cast<Process*>(last->next_runnable);
      shared_.free = static_cast<Process*>(std::exchange(last->next_runnable, nullptr));
    }
    --shelf->size;
    process = take(*shelf);
  } else {
    const std::lock_guard lock(mutex_);
    if (shared_.free == nullptr) add_slots();
    process = take(shared_);
  }
  process->exiting.store(false, std::memory_order_relaxed);
  process->serial.store(process->serial.load(std::memory_order_relaxed) + 1,
                        std::memory_order_release);
  return *process;
}

void ProcessTable::release(Process& process) noexcept {
  // A slot whose serials are used up is never given out again, so that no pid ever means two
  // processes.
  if (process.serial.load(std::memory_order_relaxed) == UINT32_MAX) return retire(*process.node);
  if (Shelf* const shelf = own_shelf(*process.node)) {
    process.next_runnable = shelf->free;
    shelf->free = &process;
    if (++shelf->size >= 2 * batch_) {
      const std::lock_guard lock(mutex_);
      for (; shelf->size > batch_; --shelf->size) {
        auto* const moved = static_cast<Process*>(shelf->free);
        shelf->free = static_cast<Process*>(moved->next_runnable);
        moved->next_runnable = shared_.free;
        shared_.free = moved;
      }
    }
    return count_one(shelf->ended);
  }
  const std::lock_guard lock(mutex_);
  process.next_runnable = shared_.free;
  shared_.free = &process;
  count_one(shared_.ended);
}

void ProcessTable::retire(const Node& node) noexcept {
  if (Shelf* const shelf = own_shelf(node)) return count_one(shelf->ended);
  const std::lock_guard lock(mutex_);
  count_one(shared_.ended);
}

std::uint64_t ProcessTable::count() const noexcept {
  const auto sum = [this](std::atomic<std::uint64_t> Shelf::* counter) {
    std::uint64_t total = 0;
    const std::uint32_t shelves = shelf_count_.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < shelves; ++i)
      total += (shelves_[i].*counter).load(std::memory_order_acquire);
    return total;
  };
  // In this order: what is seen to have ended had been started before, and is counted there too.
  const std::uint64_t ended = sum(&Shelf::ended);
  return sum(&Shelf::started) - ended;
}

std::vector<Pid> ProcessTable::live() const {
  std::vector<Pid> pids;
  for (const Process& slot : std::span(slots_, made_.load(std::memory_order_acquire))) {
    if (slot.arrivals.load(std::memory_order_acquire) != Process::closed)
      pids.push_back(slot.pid());
  }
  return pids;
}

NameRegistry::NameRegistry() : holders_(max_names), places_(max_names) {}

bool NameRegistry::claim(Name name, Pid pid, const Process& process) noexcept {
  std::uint64_t free = 0;
  if (!holders_[name.index()].compare_exchange_strong(free, packed(pid))) return false;
  Places& places = places_[name.index()];
  places.behaviour.store(process.behaviour.get(), std::memory_order_relaxed);
  places.object.store(process.object.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return true;
}

void NameRegistry::release(Name name, Pid pid) noexcept {
  std::uint64_t held = packed(pid);
  holders_[name.index()].compare_exchange_strong(held, 0);
}

Pid NameRegistry::holder(Name name) const noexcept {
  return unpacked(holders_[name.index()].load(std::memory_order_acquire));
}

void NameRegistry::prefetch(Name name) const noexcept {
  const Places& places = places_[name.index()];
  __builtin_prefetch(places.behaviour.load(std::memory_order_relaxed), 1);
  __builtin_prefetch(places.object.load(std::memory_order_relaxed), 1);
}

}  // namespace otp::detail
