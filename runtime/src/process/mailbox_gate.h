// The limit of a mailbox: counts what waits, and says what becomes of a message too many.
//
// Few processes have one. A process says by one flag that it has; only then do its senders look for
// its gate, in a table of the node. What was let in and counted is marked, and counted out by the
// process when it takes it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include <otp/detail/behaviour.h>

namespace otp::detail {

class Node;
struct Process;

/// In Message::flags: the gate has counted it.
inline constexpr std::uint16_t counted_flag = 4;
/// A timer's, which the process has armed for itself: one that were dropped would never come again.
inline constexpr std::uint16_t own_timer_flag = 8;

class MailboxGate {
 public:
  explicit MailboxGate(MailboxLimit limit) : limit_(limit) {}
  MailboxGate(const MailboxGate&) = delete;
  MailboxGate& operator=(const MailboxGate&) = delete;
  ~MailboxGate();

  /// Any thread. False: the message must not be let in.
  bool admit(Message& message) noexcept;
  /// One that was let in has been taken, or dropped.
  void taken(Node& node) noexcept;
  /// drop_oldest: how many too many wait.
  std::uint64_t excess() const noexcept;
  /// block: the sender has to wait. Then `wait_for_room` is kept, and goes home when there is room.
  bool blocks(const Message& message) const noexcept;
  bool enqueue(CallBase* wait_for_room) noexcept;
  /// The process is over: nobody waits any longer.
  void close(Node& node) noexcept;

 private:
  void release(Node& node, bool all) noexcept;

  const MailboxLimit limit_;
  std::atomic<std::uint64_t> queued_{0};
  std::atomic<std::uint32_t> waiting_{0};
  std::mutex mutex_;
  std::vector<CallBase*> waiters_;
  bool closed_ = false;
};

/// The gates of a node, by process.
class MailboxGates {
 public:
  void add(Pid pid, std::shared_ptr<MailboxGate> gate);
  void remove(Pid pid) noexcept;
  std::shared_ptr<MailboxGate> find(Pid pid) const noexcept;

 private:
  struct Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<Pid, std::shared_ptr<MailboxGate>> gates;
  };
  const Shard& of(Pid pid) const noexcept { return shards_[pid.id % shards_.size()]; }
  Shard& of(Pid pid) noexcept { return shards_[pid.id % shards_.size()]; }

  std::array<Shard, 64> shards_;
};

static_assert(MessageKind::cast < MessageKind::info && MessageKind::call < MessageKind::info);
/// Messages whose number is limited; what concerns the process itself is always let in.
inline bool is_limited(const Message& message) noexcept {
  return message.kind <= MessageKind::info && (message.flags & own_timer_flag) == 0;
}

/// Counts a message out that `self` has taken.
void count_out(Process& self, Message& message) noexcept;
/// Drops the oldest messages of a mailbox that lets in newer ones.
void drop_excess(Process& self) noexcept;
/// Waits until a mailbox that blocks its senders has room. An exit signal ends the waiting by
/// exception.
void wait_for_room(Process& self, Pid target, const Message& message);

}  // namespace otp::detail
