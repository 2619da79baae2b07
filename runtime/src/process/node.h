// A node: the process table, the names and the schedulers of one runtime, and what sends signals
// between processes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <otp/runtime.h>

#include "core/reserved_array.h"
#include "fiber/scheduler.h"
#include "process/mailbox_gate.h"
#include "process/possessions.h"
#include "process/process.h"
#include "process/published.h"
#include "process/timers.h"

namespace otp::detail {

/// Slots of type-stable memory. A free slot's mailbox is closed.
///
/// A thread that runs processes has a shelf of its own: what ends on it is started again on it, so
/// that neither a lock nor a shared counter stands between the starts of two threads. What its
/// shelf cannot hold, or has not got, goes by the dozen to and from a list that all share.
class ProcessTable {
 public:
  explicit ProcessTable(std::uint32_t max_processes);
  ~ProcessTable();
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;

  /// A closed slot with a fresh serial. Throws std::length_error when the limit is reached.
  Process& allocate(const Node& node);
  void release(Process& process) noexcept;
  /// One process fewer, whose slot is never given out again.
  void retire(const Node& node) noexcept;
  /// The slot of `pid`, whatever lives there now; null when there never was one.
  Process* slot(Pid pid) const noexcept {
    const bool there =
        pid.serial != 0 && pid.node == 0 && pid.id < made_.load(std::memory_order_acquire);
    return there ? slots_ + pid.id : nullptr;
  }
  /// A message is about to be sent there: who sleeps is in no cache.
  void prefetch(Pid pid) const noexcept {
    const Process* const process = slot(pid);
    if (process == nullptr) return;
    __builtin_prefetch(&process->arrivals, 1);  // from here to the last of these it is needed whole
    __builtin_prefetch(&process->serial, 1);
    __builtin_prefetch(&process->node, 1);
  }
  /// Every live process, oldest slot first.
  std::vector<Pid> live() const;
  /// How many live, or have lived a moment ago. Zero only when none does.
  std::uint64_t count() const noexcept;

 private:
  /// Written by its thread alone, or under the mutex.
  struct alignas(64) Shelf {
    Process* free = nullptr;  ///< linked by next_runnable
    std::uint32_t size = 0;
    std::atomic<std::uint64_t> started{0};
    std::atomic<std::uint64_t> ended{0};
  };
  /// Of more threads than these some go by the shared list.
  static constexpr std::uint32_t most_shelves = SchedulerGroup::max_schedulers + 256;

  Shelf* own_shelf(const Node& node) noexcept;
  static Process* take(Shelf& shelf) noexcept;
  void add_slots();

  const std::uint32_t max_;
  const std::uint32_t batch_;  ///< what is moved between a shelf and the shared list; 0: no shelves
  const std::uint32_t slots_reserved_;
  Process* const slots_;  ///< reserved address space, committed as it is used
  std::atomic<std::uint32_t> made_{0};
  std::mutex mutex_;
  const ReservedArray<Shelf> shelves_{most_shelves};
  std::atomic<std::uint32_t> shelf_count_{1};
  Shelf& shared_ = shelves_[0];  ///< everybody's, under the mutex
};

/// Who holds which local name.
class NameRegistry {
 public:
  NameRegistry();
  NameRegistry(const NameRegistry&) = delete;
  NameRegistry& operator=(const NameRegistry&) = delete;

  /// `process` is the pid's slot. False: the name is taken.
  bool claim(Name name, Pid pid, const Process& process) noexcept;
  void release(Name name, Pid pid) noexcept;
  Pid holder(Name name) const noexcept;
  /// A message is about to be sent there: what its holder will run is in no cache.
  void prefetch(Name name) const noexcept;

 private:
  /// Where the holder's behaviour and its object lie, or another's have lain: never to be followed.
  struct Places {
    std::atomic<const void*> behaviour;
    std::atomic<const void*> object;
  };
  // By the name's index. Apart, as whoever sends waits for the one alone: more of it fits a cache.
  const ReservedArray<std::atomic<std::uint64_t>> holders_;
  const ReservedArray<Places> places_;
};

/// Sees every message and signal of a simulated node on its way.
class MessageFilter {
 public:
  virtual ~MessageFilter() = default;
  /// True when it has taken the message, to lose it or to deliver it later.
  virtual bool takes(Pid target, Message* message) noexcept = 0;
};

/// What a simulation puts in the place of the machine.
struct Simulated {
  Driver* driver = nullptr;
  const Clock* clock = nullptr;
  MessageFilter* filter = nullptr;
};

class Node {
 public:
  explicit Node(const RuntimeOptions& options, const Simulated& simulated = {});
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const RuntimeOptions& options() const noexcept { return options_; }
  SchedulerGroup& schedulers() noexcept { return *schedulers_; }
  const Clock* clock() const noexcept { return schedulers_->clock(); }
  ProcessTable& table() noexcept { return table_; }
  NameRegistry& names() noexcept { return names_; }
  TimerTable& timers() noexcept { return timers_; }
  MailboxGates& gates() noexcept { return gates_; }
  Possessions& possessions() noexcept { return possessions_; }
  Published& published() noexcept { return published_; }
  /// How many threads are lost to zombies now.
  std::atomic<std::uint32_t>& lost_threads() noexcept { return lost_threads_; }
  /// Some mailbox of this node makes its senders wait, or did.
  bool any_blocking() const noexcept { return blocking_.load(std::memory_order_relaxed); }
  void note_blocking() noexcept { blocking_.store(true, std::memory_order_relaxed); }

  Pid spawn(std::unique_ptr<Behaviour> behaviour, const SpawnOptions& options, Process* parent,
            Ref* monitor);

  /// A process without a parent, whose end a thread waits for.
  Pid spawn_for(WaitingThread& waiting, std::unique_ptr<Behaviour> behaviour);
  /// An exit signal to every process, newest first; those that trap see it as their parent's.
  void exit_all(const ExitReason& reason);

  /// Whom a pid stands for: itself, or the holder of a name.
  Pid resolve(Pid target) const noexcept;
  /// The same for a call to come: asks ahead for what of a name's holder is in no cache.
  Pid resolve_ahead(Pid target) const noexcept;

  /// Delivers to a pid or a name; consumes. What cannot be delivered is bounced.
  void send(Pid target, Message* message) noexcept {
    if (filter_ != nullptr && filter_->takes(target, message)) [[unlikely]]
      return;
    deliver(target, message);
  }
  /// The same, past the filter.
  void deliver(Pid target, Message* message) noexcept;
  /// To this very slot.
  void push(Process& process, Message* message) noexcept;
  /// `send` without a call, for what most messages pass.
  void send_inline(Pid target, Message* message) noexcept;
  /// The same, unless sends_unusually().
  void deliver_inline(Pid target, Message* message) noexcept;
  /// Something sees the messages on their way, or holds them up.
  bool sends_unusually() const noexcept { return filter_ != nullptr || any_blocking(); }
  bool is_alive(Pid pid) const noexcept;

  /// Called by a process when all of it is gone.
  void process_ended() noexcept;
  void wait_until_empty(std::chrono::nanoseconds limit);
  void stop();

 private:
  Process& make_process(std::unique_ptr<Behaviour> behaviour, const Process* parent);
  void unmake_process(Process& process, Process* parent) noexcept;
  void open(Process& process) noexcept;
  void push_inline(Process& process, Message* message) noexcept;
  void enqueue(Process& process, Message* message) noexcept;
  void push_limited(Process& process, Message* message) noexcept;
  static void note_kill(Process& process, const Message& message) noexcept;
  void bounce_closed(Process& process, Message* message) noexcept;
  void deliver_indirectly(Pid target, Message* message) noexcept;
  /// False: the process's mailbox is full, and the message is dealt with.
  bool let_in(Process& process, Message* message) noexcept;

  const RuntimeOptions options_;
  MessageFilter* const filter_;
  ProcessTable table_;
  NameRegistry names_;
  TimerTable timers_;
  MailboxGates gates_;
  Possessions possessions_{*this};
  Published published_;
  std::unique_ptr<SchedulerGroup> schedulers_;
  std::mutex empty_mutex_;
  std::condition_variable empty_condition_;
  std::atomic<bool> awaited_{false};
  std::atomic<bool> blocking_{false};
  std::atomic<std::uint32_t> lost_threads_{0};
};

[[gnu::always_inline]] inline void Node::enqueue(Process& process, Message* message) noexcept {
  std::uintptr_t wakes = Process::idle;
  std::uintptr_t urgent = 0;
  if (message->kind >= MessageKind::first_signal || (message->flags & priority_flag) != 0) {
    if (message->kind == MessageKind::exit_signal || message->kind == MessageKind::stop)
        [[unlikely]]
      note_kill(process, *message);
    wakes = Process::idle | Process::waiting;
    urgent = Process::signalled;
  }
  // The next push waits for this one: the way from `head` to what takes its place is kept short.
  std::uintptr_t head = process.arrivals.load(std::memory_order_acquire);
  for (;;) {
    if (head == Process::closed) [[unlikely]]
      return bounce_closed(process, message);
    message->next = reinterpret_cast<Message*>(head & ~Process::tag_bits);
    const std::uintptr_t pushed = Process::on_top(head, message) | urgent;
    if ((head & wakes) != 0) {
      const std::uintptr_t awake = pushed & ~(Process::idle | Process::waiting);
      if (process.arrivals.compare_exchange_weak(head, awake, std::memory_order_acq_rel,
                                                 std::memory_order_acquire))
        break;
    } else if (process.arrivals.compare_exchange_weak(head, pushed, std::memory_order_acq_rel,
                                                      std::memory_order_acquire)) {
      return;
    }
  }
  // What it has been is in memory, where many sleep; it is here when its turn comes.
  __builtin_prefetch(&process.node);
  __builtin_prefetch(process.behaviour.get());
  __builtin_prefetch(process.object.load(std::memory_order_relaxed));
  schedulers_->make_runnable(process);
}

[[gnu::always_inline]] inline void Node::push_inline(Process& process, Message* message) noexcept {
  if (process.bounded.load(std::memory_order_relaxed)) [[unlikely]]
    return push_limited(process, message);
  enqueue(process, message);
}

[[gnu::always_inline]] inline void Node::deliver_inline(Pid target, Message* message) noexcept {
  Process* const process = table_.slot(target);
  if (process == nullptr || process->serial.load(std::memory_order_acquire) != target.serial)
      [[unlikely]]
    return deliver_indirectly(target, message);
  message->target_serial = target.serial;
  push_inline(*process, message);
}

[[gnu::always_inline]] inline void Node::send_inline(Pid target, Message* message) noexcept {
  if (filter_ != nullptr) [[unlikely]]
    return send(target, message);
  deliver_inline(target, message);
}

/// Gives `name` to `pid`; null when done, else why not. Any thread.
const char* claim_name(Node& node, Name name, Pid pid) noexcept;
/// Gives up the local name of a process that ends.
void release_name(Process& self) noexcept;
/// A process that is one function.
std::unique_ptr<Behaviour> make_function_behaviour(std::move_only_function<void()> body);

/// The node of the calling process; null outside.
Node* current_node() noexcept;
Node& require_node(const char* operation);
/// The node of the calling process, which does not enter the runtime: it may hold a lock.
Node& node_in_passing() noexcept;

}  // namespace otp::detail
