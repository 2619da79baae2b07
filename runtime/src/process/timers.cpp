// Timers that send a message: start_timer, cancel_timer.
//
// A reference finds its timer through a table under one lock per node of the process; the wheel
// itself is the scheduler's. A timer that fires and one that is cancelled at the same moment agree
// by who takes it out of the table.
#include <mutex>
#include <unordered_map>
#include <utility>

#include "process/node.h"
#include "process/signals.h"
#include "process/timers.h"

namespace otp::detail {

struct MessageTimer : TimerNode {
  Node* node = nullptr;
  Pid target;
  Message* message = nullptr;
  std::uint64_t ref = 0;
};

namespace {

void fire_message(TimerNode& base) {
  auto& timer = static_cast<MessageTimer&>(base);
  // Taken out by cancel_timer, which then owns the message and leaves the node to us.
  Message* message =
      timer.node->timers().take(timer.ref) ? std::exchange(timer.message, nullptr) : nullptr;
  if (message != nullptr) timer.node->send(timer.target, message);
  delete &timer;
}

void discard_message(TimerNode& base) {
  auto& timer = static_cast<MessageTimer&>(base);
  if (timer.message != nullptr) timer.message->type->destroy(timer.message);
  delete &timer;
}

}  // namespace

bool TimerTable::take(std::uint64_t ref) noexcept {
  const std::lock_guard lock(mutex_);
  return timers_.erase(ref) != 0;
}

Ref TimerTable::start(Node& node, Nanoseconds delay, Pid target, Message* message) {
  const Ref ref = make_ref();
  auto* timer = new MessageTimer;
  timer->deadline = deadline_after(node.schedulers().clock(), delay);
  timer->fire = &fire_message;
  timer->discard = &discard_message;
  timer->node = &node;
  timer->target = target;
  timer->message = message;
  timer->ref = ref.id;
  {
    const std::lock_guard lock(mutex_);
    timers_.emplace(ref.id, timer);
  }
  node.schedulers().arm(*timer);
  return ref;
}

bool TimerTable::cancel(std::uint64_t ref) noexcept {
  MessageTimer* timer = nullptr;
  Message* message = nullptr;
  bool unlinked = false;
  {
    const std::lock_guard lock(mutex_);
    auto found = timers_.find(ref);
    if (found == timers_.end()) return false;
    timer = found->second;
    timers_.erase(found);
    message = std::exchange(timer->message, nullptr);
    unlinked = TimerShard::cancel(*timer);  // false: it is firing, and will find itself taken
  }
  message->type->destroy(message);
  if (unlinked) delete timer;
  return true;
}

Ref start_timer(Duration delay, Pid target, Message* message) {
  Node& node = require_node("start_timer");
  return node.timers().start(node, std::max<Nanoseconds>(delay.count(), 0), target, message);
}

bool cancel_timer(Ref timer) { return require_node("cancel_timer").timers().cancel(timer.id); }

}  // namespace otp::detail
