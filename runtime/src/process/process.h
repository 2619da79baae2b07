// A process: a control block without a stack.
//
// Who may touch what. `arrivals` is touched by everybody, with atomic operations only. `serial` and
// `exiting` are read by everybody and written by the process (or by whoever starts it). All the
// rest belongs to the process itself: to the one thread that runs it, and between two runs to
// nobody. Other processes never look inside; they send signals.
//
// The block is type-stable: it is never given back while the runtime lives, so that a sender may
// look at a block whose process has just died. A message that reaches a slot's next tenant is
// recognised by its target serial and bounced.
//
// `arrivals` is a stack of messages, newest first, with the process's state in the low bits of the
// pointer:
//   idle      it sleeps; whoever pushes makes it runnable
//   waiting   it sleeps in a call or a sleep; a signal or a priority message makes it runnable,
//             ordinary messages just pile up
//   signalled a signal or a priority message is among the messages: the process looks at them
//             before its next message
//   closed    (all three) it is dead: what comes is bounced
// One compare-and-swap thus enqueues, and tells the sender whether it has to wake.
//
// The process takes messages out without writing: it remembers in `taken` how far it has read, and
// a second compare-and-swap, from there to idle, ends its turn. A message that was read may be gone
// and its memory be pushed again meanwhile, so that the pointer alone does not tell whether
// anything is new: the high bits count the pushes, and when the count begins anew the bit `wrapped`
// says so for good, that is until the process has emptied the stack.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <otp/detail/behaviour.h>
#include <otp/detail/exit_exception.h>
#include <otp/process.h>

#include "core/clock.h"
#include "core/runnable.h"
#include "fiber/scheduler.h"
#include "process/keyed_list.h"

namespace otp::detail {

class Node;
class MailboxGate;
struct WakeTimer;
struct Debugging;

using MessagePtr = std::unique_ptr<Message, MessageDeleter>;

/// A pid of this node in one word; 0: none.
constexpr std::uint64_t packed(Pid pid) noexcept {
  return (std::uint64_t{pid.serial} << 32) | pid.id;
}
constexpr Pid unpacked(std::uint64_t pid) noexcept {
  return {.id = static_cast<std::uint32_t>(pid), .serial = static_cast<std::uint32_t>(pid >> 32)};
}

/// The pids a process is linked to. Most have at most one link, to their supervisor: that one costs
/// no allocation.
class LinkSet {
 public:
  bool insert(Pid pid);
  bool erase(Pid pid) noexcept;
  bool contains(Pid pid) const noexcept;
  std::vector<Pid> take() noexcept;
  std::vector<Pid> list() const;

 private:
  bool is_first(Pid pid) const noexcept {
    return first_ != 0 && pid.node == 0 && first_ == packed(pid);
  }

  std::uint64_t first_ = 0;  ///< one of this node
  std::unique_ptr<boost::unordered_flat_set<Pid, std::hash<Pid>>> more_;
};

/// A thread that is no process and waits for the end of one.
struct WaitingThread;

struct Watcher {
  Pid pid;
  Ref ref;
  Name name;  ///< when it watches by name
  WaitingThread* thread = nullptr;

  Ref key() const noexcept { return ref; }
};

/// A request that is owed an answer.
struct DeferredRequest {
  Pid caller;
  std::uint64_t request = 0;
  Nanoseconds deadline = 0;  ///< when its caller gives up; 0: never
  const MessageType* type = nullptr;

  Ref key() const noexcept {  // its caller's node has made it with make_ref()
    return {.id = request, .node = caller.node, .creation = caller.creation};
  }
};

/// One monitor, at the process that made it.
struct Monitoring {
  Pid target;
  Name name;  ///< when it was made by name
  AliasMode alias = AliasMode::none;
  bool priority = false;
  std::string tag;
};

/// An alias that is active.
struct ActiveAlias {
  bool once = false;  ///< the first message through it ends it
  bool priority = false;
  Ref monitor;  ///< ends with it; none for an alias of its own
};

/// What only some processes have.
struct ProcessExtras {
  boost::unordered_flat_map<Ref, Monitoring, std::hash<Ref>> monitors;  ///< whom it monitors
  boost::unordered_flat_map<Ref, ActiveAlias, std::hash<Ref>> aliases;
  /// Unlinks that the other side has not confirmed, by their id.
  boost::unordered_flat_map<Pid, std::uint64_t, std::hash<Pid>> unlinking;
  boost::unordered_flat_set<Pid, std::hash<Pid>> priority_links;
  KeyedList<Watcher> monitored_by;
  KeyedList<DeferredRequest> deferred;  ///< callers that wait for a later reply
  static constexpr std::size_t few_deferred = 16;
  std::size_t most_deferred = few_deferred;  ///< then those whose callers gave up are looked for
  boost::unordered_flat_map<std::uint64_t, CallBase*>
      requests;  ///< its own open requests; non-null: answered
  std::string label;
  std::vector<Pid> callers;
  std::unique_ptr<Debugging> debugging;       ///< what sys has switched on
  std::shared_ptr<MailboxGate> gate;          ///< the limit of its mailbox
  const StateAccess* state_access = nullptr;  ///< while a process of its own answers sys
  Message* last_priority = nullptr;  ///< in the inbox; says nothing when the first has no priority
  Nanoseconds idle_deadline = never;
  MessagePtr idle_message;              ///< what the idle time-out hands over
  Nanoseconds hibernate_after = never;  ///< without a message
  Nanoseconds hibernate_at = never;
  Message* looked_at = nullptr;  ///< suspended: behind it nothing has been looked at yet
  ExitReason exit_reason;        ///< of a pending exit signal, or given with Flow::stop
  bool idle_timer_fired = false;

  ProcessExtras();
  ProcessExtras(const ProcessExtras&) = delete;
  ProcessExtras& operator=(const ProcessExtras&) = delete;
  ~ProcessExtras();
};

/// What a blocked process waits for; lives on its stack.
struct Wait {
  std::uint64_t request = 0;  ///< the call in progress; 0 is none
  CallBase* reply = nullptr;  ///< its answer
};

/// A process that was killed and does not come back from its user's code is declared over by the
/// monitor: see reap_stuck().
enum class Zombie : std::uint8_t {
  no,
  claimed,    ///< it has to leave its stack as soon as it enters the runtime
  left,       ///< it has done so
  looked_at,  ///< is none: the monitor reads what it is at, and it waits before it changes that
};

/// `signal`: its reason is in ProcessExtras.
enum class ExitPending : std::uint8_t { no, signal, shutdown, kill };
/// What a blocked process looks up for.
enum class WakeOn : std::uint8_t { message, signal };

/// Owns a behaviour. Whoever is not its process may ask where it lies, to fetch it ahead; no more,
/// but for the monitor while it makes the process wait (see reap_stuck()).
class OwnedBehaviour {
 public:
  OwnedBehaviour() = default;
  OwnedBehaviour(const OwnedBehaviour&) = delete;
  OwnedBehaviour& operator=(const OwnedBehaviour&) = delete;
  ~OwnedBehaviour() { reset(); }

  void set(std::unique_ptr<Behaviour> behaviour) noexcept { store(behaviour.release()); }
  /// Null while its destructors run.
  void reset() noexcept { release().reset(); }
  std::unique_ptr<Behaviour> release() noexcept {
    std::unique_ptr<Behaviour> owned(get());
    store(nullptr);
    return owned;
  }
  Behaviour* get() const noexcept { return behaviour_.load(std::memory_order_relaxed); }
  Behaviour* operator->() const noexcept { return get(); }
  friend bool operator==(const OwnedBehaviour& owned, std::nullptr_t) noexcept {
    return owned.get() == nullptr;
  }

 private:
  void store(Behaviour* behaviour) noexcept {
    behaviour_.store(behaviour, std::memory_order_relaxed);
  }
  std::atomic<Behaviour*> behaviour_{nullptr};
};

struct Process : Runnable {
  std::atomic<std::uint32_t> killed_serial{0};  ///< of who was last sent the exit signal `kill`
  std::atomic<std::uintptr_t> arrivals{closed};
  std::uintptr_t taken = 0;  ///< what `arrivals` was when it was last read
  Message* inbox_head = nullptr;
  Message* inbox_tail = nullptr;
  OwnedBehaviour behaviour;
  std::atomic<const void*> object{nullptr};  ///< Behaviour::object(), to be fetched ahead
  std::unique_ptr<ProcessExtras> extras;
  // What every message touches ends here: kept together, as slots are packed.
  std::uint32_t id = 0;
  std::atomic<std::uint32_t> serial{0};
  /// For reports: the message it is at.
  std::atomic<const MessageType*> handling{nullptr};
  std::atomic<bool> exiting{false};
  ExitPending exit_pending = ExitPending::no;
  WakeOn wake_on = WakeOn::message;
  bool started = false;
  bool trap_exit = false;
  bool hibernating = false;
  bool suspended = false;                ///< by sys: takes its requests alone
  std::atomic<bool> bounded{false};      ///< its mailbox has a limit: see mailbox_gate.h
  std::atomic<bool> owns_things{false};  ///< see possessions.h
  std::atomic<Zombie> zombie{Zombie::no};
  bool queue_told = false;  ///< its long queue has been reported
  bool destroying = false;  ///< the destructors of what it was run
  /// Of whose application it is; it inherits that from its parent. 0: of none. Anybody may read it.
  std::atomic<std::uint8_t> application{0};
  /// What a receive has looked at has changed: a priority message went before it, or some of it was
  /// dropped.
  bool rescan = false;
  std::atomic<std::uint32_t> name{0};    ///< index of its local name; anybody may register it
  std::atomic<std::uint32_t> timers{0};  ///< those for it: see timers.cpp
  Node* node = nullptr;
  Wait* wait = nullptr;
  WakeTimer* timer = nullptr;  ///< armed, or on its way as a message
  LinkSet links;
  /// Local, always, and set before the first run: others may read it.
  std::atomic<std::uint64_t> parent_id{0};

  static constexpr std::uintptr_t idle = 1;
  static constexpr std::uintptr_t waiting = 2;
  static constexpr std::uintptr_t signalled = 4;
  static constexpr std::uintptr_t closed = idle | waiting | signalled;
  static constexpr std::uintptr_t wrapped = 8;
  static constexpr std::uintptr_t tag_bits = 15;  // messages are aligned to 16 bytes
  static constexpr unsigned count_shift = 48;     // user space ends below
  static constexpr std::uintptr_t one_push = std::uintptr_t{1} << count_shift;
  static constexpr std::uintptr_t pointer_bits = (one_push - 1) & ~tag_bits;

  Pid pid() const noexcept { return {.id = id, .serial = serial.load(std::memory_order_relaxed)}; }
  Pid parent() const noexcept { return unpacked(parent_id.load(std::memory_order_relaxed)); }
  void set_parent(Pid pid) noexcept { parent_id.store(packed(pid), std::memory_order_relaxed); }
  ProcessExtras& more() {
    if (!extras) extras = std::make_unique<ProcessExtras>();
    return *extras;
  }
  bool has_arrivals() const noexcept { return arrivals.load(std::memory_order_relaxed) != taken; }
  bool has_signals() const noexcept {
    const std::uintptr_t head = arrivals.load(std::memory_order_relaxed);
    return (head & signalled) != 0 && head != taken;
  }
  /// `arrivals` with `message` on top of `head`, and otherwise the same.
  static std::uintptr_t on_top(std::uintptr_t head, Message* message) noexcept {
    std::uintptr_t counted = 0;
    const bool wraps = __builtin_add_overflow(head & ~pointer_bits, one_push, &counted);
    const std::uintptr_t top = counted | reinterpret_cast<std::uintptr_t>(message);
    // A branch, so that what is pushed does not wait for it.
    return __builtin_expect_with_probability(wraps, false, 1.0) ? top | wrapped : top;
  }
  /// From what has been read to `state`, unless there is more.
  bool leave_arrivals(std::uintptr_t state) noexcept {
    const std::uintptr_t read = std::exchange(taken, 0);  // ours to write until we have left
    std::uintptr_t expected = read;
    if (arrivals.compare_exchange_strong(expected, state, std::memory_order_acq_rel)) return true;
    taken = read;
    return false;
  }
  void append(Message& message) noexcept { append(message, message); }
  /// A list of them.
  void append(Message& first, Message& last) noexcept {
    last.next = nullptr;
    (inbox_head == nullptr ? inbox_head : inbox_tail->next) = &first;
    inbox_tail = &last;
  }
  /// Behind the other priority messages, before the rest.
  void append_priority(Message& message);
  MessagePtr take_first() noexcept {
    Message* first = inbox_head;
    if (first != nullptr) inbox_head = first->next;
    return MessagePtr(first);
  }
};

/// Takes the first message that `accept` takes out of the inbox, looking behind `checked` (null:
/// from the front). Without one, `checked` becomes the last message looked at.
Message* take_matching(Process& self, bool (*accept)(void*, Message&), void* context,
                       Message*& checked);

/// See reap_stuck().
[[gnu::noinline]] void leave_claimed_stack(Process& self);

/// On entering the runtime, and on coming back from the user's code: here a process learns that it
/// has been declared over.
[[gnu::always_inline]] inline void enter_runtime(Scheduler& scheduler, Process& self) {
  scheduler.note_entry();
  if (self.zombie.load(std::memory_order_relaxed) != Zombie::no) [[unlikely]]
    leave_claimed_stack(self);
}

/// The process that runs on this thread; null outside. Never keep it across threads; a process may
/// keep its own.
[[gnu::always_inline]] inline Process* current_process() noexcept {
  Scheduler* const scheduler = current_scheduler();
  if (scheduler == nullptr) return nullptr;
  auto* const process = static_cast<Process*>(scheduler->current());
  if (process != nullptr) enter_runtime(*scheduler, *process);
  return process;
}

[[noreturn]] void fail_outside_process(const char* operation);
/// The same; throws std::logic_error outside a process, naming `operation`.
[[gnu::always_inline]] inline Process& require_process(const char* operation) {
  Process* const process = current_process();
  if (process == nullptr) [[unlikely]]
    fail_outside_process(operation);
  return *process;
}

}  // namespace otp::detail
