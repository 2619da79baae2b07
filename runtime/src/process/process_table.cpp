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

}  // namespace

ProcessTable::ProcessTable(std::uint32_t max_processes)
    : max_(max_processes),
      slots_(static_cast<Process*>(map_memory(std::size_t{max_} * sizeof(Process)))) {
  // Whoever is called next is anywhere in the table: a page of its own each would be looked up.
  madvise(slots_, std::size_t{max_} * sizeof(Process), MADV_HUGEPAGE);
}

ProcessTable::~ProcessTable() {
  std::destroy_n(slots_, made_.load());
  unmap_memory(slots_, std::size_t{max_} * sizeof(Process));
}

void ProcessTable::add_slots() {
  const std::uint32_t first = made_.load(std::memory_order_relaxed);
  const std::uint32_t count = std::min(slots_at_once, max_ - first);
  if (count == 0) {
    throw std::length_error("the process table is full: RuntimeOptions::max_processes limits it");
  }
  for (std::uint32_t id = first + count; id-- > first;) {
    auto* const slot = ::new (&slots_[id]) Process;
    slot->id = id;
    slot->next_runnable = free_;
    free_ = slot;
  }
  made_.store(first + count, std::memory_order_release);
}

Process& ProcessTable::allocate() {
  Process* process = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (free_ == nullptr) add_slots();
    process = free_;
    free_ = static_cast<Process*>(process->next_runnable);
  }
  live_.fetch_add(1, std::memory_order_relaxed);
  process->next_runnable = nullptr;
  process->exiting.store(false, std::memory_order_relaxed);
  process->serial.store(process->serial.load(std::memory_order_relaxed) + 1,
                        std::memory_order_release);
  return *process;
}

void ProcessTable::release(Process& process) noexcept {
  live_.fetch_sub(1, std::memory_order_release);
  // A slot whose serials are used up is never given out again, so that no pid ever means two
  // processes.
  if (process.serial.load(std::memory_order_relaxed) == UINT32_MAX) return;
  const std::lock_guard lock(mutex_);
  process.next_runnable = free_;
  free_ = &process;
}

std::vector<Pid> ProcessTable::live() const {
  std::vector<Pid> pids;
  for (const Process& slot : std::span(slots_, made_.load(std::memory_order_acquire))) {
    if (slot.arrivals.load(std::memory_order_acquire) != Process::closed)
      pids.push_back(slot.pid());
  }
  return pids;
}

NameRegistry::NameRegistry() : holders_(max_names) {}

namespace {
std::uint64_t packed(Pid pid) noexcept { return (std::uint64_t{pid.serial} << 32) | pid.id; }
}  // namespace

bool NameRegistry::claim(Name name, Pid pid) noexcept {
  std::uint64_t free = 0;
  return holders_[name.index()].compare_exchange_strong(free, packed(pid));
}

void NameRegistry::release(Name name, Pid pid) noexcept {
  std::uint64_t held = packed(pid);
  holders_[name.index()].compare_exchange_strong(held, 0);
}

Pid NameRegistry::holder(Name name) const noexcept {
  const std::uint64_t held = holders_[name.index()].load(std::memory_order_acquire);
  return Pid{.id = static_cast<std::uint32_t>(held),
             .serial = static_cast<std::uint32_t>(held >> 32)};
}

}  // namespace otp::detail
