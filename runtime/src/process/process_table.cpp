#include <stdexcept>

#include "process/node.h"

namespace otp::detail {
namespace {

constexpr std::size_t max_names = (1U << 20) + 1;

}  // namespace

ProcessTable::ProcessTable(std::uint32_t max_processes)
    : max_chunks_((max_processes + chunk_size - 1) / chunk_size), chunks_(max_chunks_) {}

ProcessTable::~ProcessTable() {
  for (std::uint32_t i = 0; i < chunk_count_; ++i) delete[] chunks_[i].load();
}

void ProcessTable::add_chunk() {
  if (chunk_count_ == max_chunks_) {
    throw std::length_error("the process table is full: RuntimeOptions::max_processes limits it");
  }
  auto* chunk = new Process[chunk_size];
  for (std::uint32_t i = chunk_size; i-- > 0;) {
    chunk[i].id = chunk_count_ * chunk_size + i;
    chunk[i].next_runnable = free_;
    free_ = &chunk[i];
  }
  chunks_[chunk_count_++].store(chunk, std::memory_order_release);
}

Process& ProcessTable::allocate() {
  Process* process = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (free_ == nullptr) add_chunk();
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
  for (std::uint32_t chunk = 0; chunk < max_chunks_; ++chunk) {
    const Process* base = chunks_[chunk].load(std::memory_order_acquire);
    if (base == nullptr) break;
    for (std::uint32_t i = 0; i < chunk_size; ++i) {
      if (base[i].arrivals.load(std::memory_order_acquire) != Process::closed)
        pids.push_back(base[i].pid());
    }
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
