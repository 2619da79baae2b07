#include "process/mailbox_gate.h"

#include <utility>

#include "process/await_answer.h"
#include "process/node.h"
#include "process/signals.h"
#include "process/system_requests.h"

namespace otp::detail {
namespace {

/// Waits in a gate for room; its answer says that there is some.
struct WaitForRoom : CallBase {};

void answer(Node& node, CallBase* waiter) noexcept {
  waiter->state = static_cast<std::uint8_t>(CallState::replied);
  waiter->kind = MessageKind::reply;
  node.send(waiter->caller, waiter);
}

}  // namespace

MailboxGate::~MailboxGate() {
  for (CallBase* waiter : waiters_) waiter->type->destroy(waiter);
}

bool MailboxGate::admit(Message& message) noexcept {
  const std::uint64_t queued = queued_.fetch_add(1) + 1;
  // A call waits for its answer: under `block` it is back-pressure enough.
  const std::uint64_t most = limit_.overflow == Overflow::drop_oldest ? 2 * limit_.limit
                             : limit_.overflow == Overflow::block     ? UINT64_MAX
                                                                      : limit_.limit;
  if (queued > most) {
    queued_.fetch_sub(1);
    return false;
  }
  message.flags |= counted_flag;
  return true;
}

void MailboxGate::taken(Node& node) noexcept {
  const std::uint64_t left = queued_.fetch_sub(1) - 1;
  // A waiter that has ended meanwhile would swallow its turn: an empty mailbox wakes them all.
  if (left < limit_.limit && waiting_.load() != 0) release(node, left == 0);
}

std::uint64_t MailboxGate::excess() const noexcept {
  const std::uint64_t queued = queued_.load();
  return limit_.overflow == Overflow::drop_oldest && queued > limit_.limit ? queued - limit_.limit
                                                                           : 0;
}

bool MailboxGate::blocks(const Message& message) const noexcept {
  return limit_.overflow == Overflow::block && message.kind != MessageKind::call &&
         queued_.load() >= limit_.limit;
}

bool MailboxGate::enqueue(CallBase* wait_for_room) noexcept {
  const std::lock_guard lock(mutex_);
  waiting_.fetch_add(1);
  if (closed_ || queued_.load() < limit_.limit) {  // there is room by now
    waiting_.fetch_sub(1);
    return false;
  }
  waiters_.push_back(wait_for_room);
  return true;
}

void MailboxGate::release(Node& node, bool all) noexcept {
  std::vector<CallBase*> released;
  {
    const std::lock_guard lock(mutex_);
    if (all) {
      released = std::exchange(waiters_, {});
    } else if (!waiters_.empty()) {
      released.push_back(waiters_.front());
      waiters_.erase(waiters_.begin());
    }
    waiting_.fetch_sub(static_cast<std::uint32_t>(released.size()));
  }
  for (CallBase* waiter : released) answer(node, waiter);
}

void MailboxGate::close(Node& node) noexcept {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  release(node, true);
}

void MailboxGates::add(Pid pid, std::shared_ptr<MailboxGate> gate) {
  Shard& shard = of(pid);
  const std::lock_guard lock(shard.mutex);
  shard.gates.insert_or_assign(pid, std::move(gate));
}

void MailboxGates::remove(Pid pid) noexcept {
  Shard& shard = of(pid);
  const std::lock_guard lock(shard.mutex);
  shard.gates.erase(pid);
}

std::shared_ptr<MailboxGate> MailboxGates::find(Pid pid) const noexcept {
  const Shard& shard = of(pid);
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.gates.find(pid);
  return found == shard.gates.end() ? nullptr : found->second;
}

void count_out(Process& self, Message& message) noexcept {
  if ((message.flags & counted_flag) == 0) return;
  message.flags &= static_cast<std::uint16_t>(~counted_flag);
  if (self.extras && self.extras->gate) self.extras->gate->taken(*self.node);
}

void drop_excess(Process& self) noexcept {
  if (!self.extras || !self.extras->gate) return;
  const auto is_ordinary = [](void*, Message& message) {
    return (message.flags & (counted_flag | priority_flag)) == counted_flag;
  };
  const auto is_counted = [](void*, Message& message) {
    return (message.flags & counted_flag) != 0;
  };
  for (std::uint64_t excess = self.extras->gate->excess(); excess != 0; --excess) {
    Message* checked = nullptr;
    Message* oldest = take_matching(self, is_ordinary, nullptr, checked);
    if (oldest == nullptr) {
      checked = nullptr;
      oldest = take_matching(self, is_counted, nullptr, checked);
    }
    self.rescan = true;
    if (oldest == nullptr) return;
    count_out(self, *oldest);
    bounce(*self.node, self.pid(), oldest, ExitReason("overloaded"));
  }
}

void wait_for_room(Process& self, Pid target, const Message& message) {
  if (!is_limited(message)) return;
  Node& node = *self.node;
  const Pid pid = node.resolve(target);
  const Process* process = node.table().slot(pid);
  if (process == nullptr || process == &self || !process->bounded.load()) return;
  const std::shared_ptr<MailboxGate> gate = node.gates().find(pid);
  if (gate == nullptr || !gate->blocks(message)) return;
  auto* waiter = make_message<WaitForRoom>();
  waiter->type = &signal_type<WaitForRoom>;
  const std::unique_ptr<CallBase, MessageDeleter> room(
      await_answer(self, *waiter, MessageKind::call, infinity, [&] {
        if (!gate->enqueue(waiter)) answer(node, waiter);
      }));
}

void limit_mailbox(MailboxLimit limit) {
  Process& self = require_process("mailbox");
  auto gate = std::make_shared<MailboxGate>(limit);
  self.more().gate = gate;
  self.node->gates().add(self.pid(), std::move(gate));
  if (limit.overflow == Overflow::block) self.node->note_blocking();
  self.bounded.store(true);
}

}  // namespace otp::detail
