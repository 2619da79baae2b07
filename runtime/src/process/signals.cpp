#include "process/signals.h"

#include <algorithm>
#include <utility>

#include <otp/report.h>

#include "process/process_main.h"
#include "process/system_requests.h"

namespace otp::detail {
namespace {

void accept(Process& self, Message& message);
void destroy(Message* message) noexcept { message->type->destroy(message); }

void append(Process& self, Message& message, bool priority) {
  if (priority) message.flags |= priority_flag;
  if ((message.flags & priority_flag) != 0) [[unlikely]] {
    self.append_priority(message);
  } else {
    self.append(message);
  }
}

void fail_call(Node& node, CallBase* call, const ExitReason& reason) noexcept {
  call->state = static_cast<std::uint8_t>(CallState::failed);
  call->failure = reason;
  call->kind = MessageKind::reply;
  node.send(call->caller, call);
}

/// True when the link had been made with priority.
bool forget_priority_link(Process& self, Pid other) noexcept {
  return self.extras && self.extras->priority_links.erase(other) != 0;
}

void accept_exit(Process& self, ExitMessage& signal) {
  if (signal.flags & as_parent) signal.exit.pid = self.parent();
  if (signal.from_link && !self.links.erase(signal.exit.pid)) return destroy(&signal);
  const bool priority = signal.from_link && forget_priority_link(self, signal.exit.pid);
  const bool kill = !signal.from_link && signal.exit.reason.kind() == ExitReason::Kind::kill;
  if (kill) {
    if (self.exit_pending == ExitPending::no) self.exit_pending = ExitPending::kill;
    return destroy(&signal);
  }
  if (self.trap_exit) {
    signal.kind = MessageKind::exit;
    return append(self, signal, priority);
  }
  const bool ignored = signal.exit.reason.is_normal() && signal.exit.pid != self.pid();
  if (!ignored && self.exit_pending == ExitPending::no) {
    self.exit_pending = ExitPending::signal;
    self.more().exit_reason = std::move(signal.exit.reason);
  }
  destroy(&signal);
}

void accept_stop(Process& self, StopRequest& request) {
  self.links.erase(request.caller);
  if (self.trap_exit && !request.kills) {  // it ends when it likes
    auto* const exit = make_signal<ExitMessage>(
        MessageKind::exit, Exit{.pid = request.caller, .reason = ExitReason::shutdown()}, false);
    exit->target_serial = request.target_serial;
    self.append(*exit);
    self.more().deferred.add({.caller = request.caller,
                              .request = request.request,
                              .deadline = request.deadline,
                              .type = request.type});
    return destroy(&request);
  }
  if (self.exit_pending == ExitPending::no)
    self.exit_pending = request.kills ? ExitPending::kill : ExitPending::shutdown;
  // Among the messages that nobody takes any more: their end is its answer.
  request.kind = MessageKind::call;
  self.append(request);
}

void accept_down(Process& self, DownMessage& signal) {
  const auto monitoring = take_monitor(self, signal.down.ref);
  if (!monitoring) return destroy(&signal);
  signal.kind = MessageKind::down;
  signal.down.tag = std::move(monitoring->tag);
  append(self, signal, monitoring->priority);
}

/// An alias that is over, or was never there, swallows what is sent through it.
void accept_aliased(Process& self, AliasSignal& signal) {
  const MessagePtr owned(&signal);
  if (!self.extras) return;
  const auto found = self.extras->aliases.find(signal.alias);
  if (found == self.extras->aliases.end()) return;
  const ActiveAlias alias = found->second;
  if (alias.once) {
    self.extras->aliases.erase(found);
    if (alias.monitor) stop_monitor(self, alias.monitor);
  }
  Message& inner = *signal.inner.release();
  inner.target_serial = signal.target_serial;
  if (!alias.priority) inner.flags &= static_cast<std::uint16_t>(~priority_flag);
  accept(self, inner);
}

// ---- Links ----
// Both sides may unlink and link at the same time. The side that has unlinked ignores a link from
// the other until that one has confirmed the unlink: it was sent before the unlink arrived there,
// where the unlink then removes it. A new link of one's own ends the ignoring. Source: erts,
// "Distribution protocol", link protocol.

void accept_link(Process& self, const LinkSignal& signal) {
  if (self.extras && self.extras->unlinking.contains(signal.from)) return;
  self.links.insert(signal.from);
}

void accept_unlink(Process& self, const LinkSignal& signal) {
  self.links.erase(signal.from);
  forget_priority_link(self, signal.from);
  self.node->send(signal.from,
                  make_signal<LinkSignal>(MessageKind::unlink_ack, self.pid(), signal.id));
}

void accept_unlink_ack(Process& self, const LinkSignal& signal) {
  if (!self.extras) return;
  const auto open = self.extras->unlinking.find(signal.from);
  if (open != self.extras->unlinking.end() && open->second == signal.id)
    self.extras->unlinking.erase(open);
}

void accept_reply(Process& self, CallBase& reply) {
  if (self.wait != nullptr && self.wait->request == reply.request) {
    self.wait->request = 0;
    self.wait->reply = &reply;
    return;
  }
  if (self.extras) {
    auto open = self.extras->requests.find(reply.request);
    if (open != self.extras->requests.end() && open->second == nullptr) {
      open->second = &reply;
      return;
    }
  }
  destroy(&reply);  // late, or a second answer
}

void accept_timer(Process& self, Message& timer) noexcept {
  self.timer = nullptr;
  destroy(&timer);
}

void accept_watcher(Process& self, MonitorSignal& signal) {
  if (signal.kind == MessageKind::monitor) {
    self.more().monitored_by.add(signal.watcher);
  } else if (self.extras) {
    self.extras->monitored_by.remove(signal.watcher.ref);
  }
  destroy(&signal);
}

void accept_request_done(Process& self, RequestDoneSignal& signal) {
  settle_request(self, signal.request);
  destroy(&signal);
}

/// At most `limit`: a process may look at its mailbox at every reply.
std::size_t queue_length(const Process& self, std::size_t limit) noexcept {
  std::size_t length = 0;
  for (const Message* each = self.inbox_head; each != nullptr && length < limit; each = each->next)
    ++length;
  return length;
}

void answer_inspection(Process& self, InspectCall& call) {
  if (self.exiting.load(std::memory_order_relaxed))  // its destructors wait for something
    return fail_call(*self.node, &call, ExitReason::noproc());
  ProcessInfo& info = call.info;
  info.pid = self.pid();
  info.parent = self.parent();
  info.behaviour = self.behaviour->describe();
  info.trap_exit = self.trap_exit;
  info.hibernating = self.hibernating;
  info.priority = self.priority;
  for (const Message* each = self.inbox_head; each != nullptr; each = each->next)
    info.messages.emplace_back(each->type == nullptr ? "" : each->type->name);
  info.message_queue_length = info.messages.size();
  info.links = self.links.list();
  info.name = Name::from_index(self.name.load(std::memory_order_relaxed));
  if (self.extras) {
    info.label = self.extras->label;
    info.callers = self.extras->callers;
    for (const auto& [ref, monitoring] : self.extras->monitors) {
      if (monitoring.name) {
        info.monitored_names.push_back(monitoring.name);
      } else {
        info.monitors.push_back(monitoring.target);
      }
    }
    self.extras->monitored_by.for_each(
        [&](const Watcher& watcher) { info.monitored_by.push_back(watcher.pid); });
  }
  call.state = static_cast<std::uint8_t>(CallState::replied);
  call.kind = MessageKind::reply;
  self.node->send(call.caller, &call);
}

void accept(Process& self, Message& message) {
  switch (message.kind) {
    case MessageKind::cast:
    case MessageKind::call:
    case MessageKind::info:
    case MessageKind::down:
    case MessageKind::exit:
    case MessageKind::system:
      return append(self, message, false);
    case MessageKind::reply:
      return accept_reply(self, static_cast<CallBase&>(message));
    case MessageKind::exit_signal:
      return accept_exit(self, static_cast<ExitMessage&>(message));
    case MessageKind::stop:
      return accept_stop(self, static_cast<StopRequest&>(message));
    case MessageKind::down_signal:
      return accept_down(self, static_cast<DownMessage&>(message));
    case MessageKind::link:
      accept_link(self, static_cast<LinkSignal&>(message));
      return destroy(&message);
    case MessageKind::unlink:
      accept_unlink(self, static_cast<LinkSignal&>(message));
      return destroy(&message);
    case MessageKind::unlink_ack:
      accept_unlink_ack(self, static_cast<LinkSignal&>(message));
      return destroy(&message);
    case MessageKind::alias:
      return accept_aliased(self, static_cast<AliasSignal&>(message));
    case MessageKind::monitor:
    case MessageKind::demonitor:
      return accept_watcher(self, static_cast<MonitorSignal&>(message));
    case MessageKind::timer:
      return accept_timer(self, message);
    case MessageKind::inspect:
      return answer_inspection(self, static_cast<InspectCall&>(message));
    case MessageKind::request_done:
      return accept_request_done(self, static_cast<RequestDoneSignal&>(message));
    case MessageKind::wake:
      return destroy(&message);
  }
}

/// Once, until it has become half as long.
void report_long_queue(Process& self) noexcept {
  const std::size_t limit = self.node->options().long_message_queue;
  const std::size_t length = queue_length(self, limit);
  if (length < limit / 2) self.queue_told = false;
  if (length < limit || std::exchange(self.queue_told, true)) return;
  emit_report(WarningReport{.text = "long message queue: " + std::to_string(length) + " messages",
                            .server = self.behaviour == nullptr ? "" : self.behaviour->describe(),
                            .pid = self.pid()});
}

struct Arrived {
  Message* oldest = nullptr;
  bool ordinary = true;  ///< none is a signal, of priority, or for another tenant
};

/// What lies on `head` down to where `read` was.
Arrived oldest_first(std::uint32_t serial, std::uintptr_t head, std::uintptr_t read) noexcept {
  const std::uintptr_t end = read & ~Process::tag_bits;
  std::uintptr_t each = head & ~Process::tag_bits;
  Arrived arrived;
  while (each != end) {
    auto* const message = reinterpret_cast<Message*>(each & Process::pointer_bits);
    each = reinterpret_cast<std::uintptr_t>(message->next);
    message->next = std::exchange(arrived.oldest, message);
    arrived.ordinary &= message->kind < MessageKind::first_signal &&
                        (message->flags & priority_flag) == 0 && message->target_serial == serial;
  }
  return arrived;
}

[[gnu::always_inline]] inline void accept_arrival(Process& self, std::uint32_t serial,
                                                  Message& message) noexcept {
  if (message.target_serial != serial) [[unlikely]] {  // for the slot's former tenant
    bounce(*self.node, Pid{.id = self.id, .serial = message.target_serial}, &message,
           ExitReason::noproc());
  } else if (message.kind < MessageKind::first_signal) {
    append(self, message, false);
  } else if (message.kind == MessageKind::reply) {
    accept_reply(self, static_cast<CallBase&>(message));
  } else {
    accept(self, message);
  }
}

}  // namespace

void settle_request(Process& self, Ref request) noexcept {
  if (self.extras && self.extras->deferred.remove(request)) return;
  CallBase* const handled = self.behaviour == nullptr ? nullptr : self.behaviour->handled_request();
  if (handled == nullptr) return;
  if (DeferredRequest{.caller = handled->caller, .request = handled->request}.key() == request)
    handled->state = static_cast<std::uint8_t>(CallState::replied);
}

void drain(Process& self) noexcept {
  const std::uintptr_t read = self.taken;
  std::uintptr_t head = self.arrivals.load(std::memory_order_acquire);
  // A signal that stays on top would make a process that does not wait look for it at each message.
  const bool empties =
      (head & Process::wrapped) != 0 || ((head & Process::signalled) != 0 && self.wait == nullptr);
  if (empties) [[unlikely]]
    head = self.arrivals.exchange(0, std::memory_order_acq_rel);
  self.taken = empties ? 0 : head;
  const std::uint32_t serial = self.serial.load(std::memory_order_relaxed);
  auto& newest = *reinterpret_cast<Message*>(head & Process::pointer_bits);
  const std::uintptr_t below = reinterpret_cast<std::uintptr_t>(newest.next);
  if (below == (read & ~Process::tag_bits)) {  // it is one, most often
    accept_arrival(self, serial, newest);
  } else if (const auto [oldest, ordinary] = oldest_first(serial, head, read); ordinary) {
    self.append(*oldest, newest);
  } else {
    for (Message* next = oldest; next != nullptr;)
      accept_arrival(self, serial, *std::exchange(next, next->next));
  }
  if (self.bounded.load(std::memory_order_relaxed)) [[unlikely]]
    drop_excess(self);
  if (self.node->options().long_message_queue != 0) [[unlikely]]
    report_long_queue(self);
}

void send_exit(Node& node, Pid from, Pid target, ExitReason reason, bool from_link) noexcept {
  auto* signal = make_signal<ExitMessage>(
      MessageKind::exit_signal, Exit{.pid = from, .reason = std::move(reason)}, from_link);
  node.send(target, signal);
}

void send_down(Node& node, const Watcher& watcher, Pid from, ExitReason reason) noexcept {
  if (watcher.thread != nullptr) {
    const std::lock_guard lock(watcher.thread->mutex);
    watcher.thread->reason = std::move(reason);
    watcher.thread->condition.notify_all();
    return;
  }
  auto* signal = make_signal<DownMessage>(
      MessageKind::down_signal,
      Down{.ref = watcher.ref, .pid = from, .name = watcher.name, .reason = std::move(reason)});
  node.send(watcher.pid, signal);
}

void send_demonitor(Node& node, Pid from, Pid target, Ref ref) noexcept {
  node.send(target, make_signal<MonitorSignal>(
                        MessageKind::demonitor,
                        Watcher{.pid = from, .ref = ref, .name = {}, .thread = nullptr}));
}

void wake_process(Node& node, Pid pid) noexcept {
  node.send(pid, make_signal<Message>(MessageKind::wake));
}

std::optional<Monitoring> take_monitor(Process& self, Ref ref) {
  if (!self.extras) return std::nullopt;
  const auto found = self.extras->monitors.find(ref);
  if (found == self.extras->monitors.end()) return std::nullopt;
  Monitoring monitoring = std::move(found->second);
  self.extras->monitors.erase(found);
  if (monitoring.alias == AliasMode::demonitor || monitoring.alias == AliasMode::reply_demonitor)
    self.extras->aliases.erase(ref);
  return monitoring;
}

bool stop_monitor(Process& self, Ref ref) {
  const auto monitoring = take_monitor(self, ref);
  if (monitoring) send_demonitor(*self.node, self.pid(), monitoring->target, ref);
  return monitoring.has_value();
}

void bounce(Node& node, Pid target, Message* message, const ExitReason& reason) noexcept {
  switch (message->kind) {
    case MessageKind::call:
    case MessageKind::inspect:
    case MessageKind::stop:
    case MessageKind::system:
      return fail_call(node, static_cast<CallBase*>(message), reason);
    case MessageKind::link:
      send_exit(node, target, static_cast<LinkSignal*>(message)->from, reason, true);
      return destroy(message);
    case MessageKind::unlink: {
      const auto& signal = *static_cast<LinkSignal*>(message);
      node.send(signal.from, make_signal<LinkSignal>(MessageKind::unlink_ack, target, signal.id));
      return destroy(message);
    }
    case MessageKind::monitor:
      send_down(node, static_cast<MonitorSignal*>(message)->watcher,
                is_name(target) ? Pid{} : target, reason);
      return destroy(message);
    case MessageKind::cast:
    case MessageKind::info:
    case MessageKind::down:
    case MessageKind::exit:
    case MessageKind::reply:
    case MessageKind::exit_signal:
    case MessageKind::down_signal:
    case MessageKind::unlink_ack:
    case MessageKind::alias:
    case MessageKind::demonitor:
    case MessageKind::timer:
    case MessageKind::request_done:
    case MessageKind::wake:
      return destroy(message);
  }
}

namespace {

void bounce_all(Process& self, Pid pid, Message* next, const ExitReason& reason) noexcept {
  while (next != nullptr) {
    Message* message = next;
    next = message->next;
    if (message->kind == MessageKind::timer) {
      accept_timer(self, *message);
    } else if (message->kind == MessageKind::down || message->kind == MessageKind::exit ||
               message->target_serial == pid.serial) {
      bounce(*self.node, pid, message, reason);
    } else {
      bounce(*self.node, Pid{.id = self.id, .serial = message->target_serial}, message,
             ExitReason::noproc());
    }
  }
}

}  // namespace

void fail_request(Node& node, Pid caller, std::uint64_t request,
                  const ExitReason& reason) noexcept {
  auto* reply = make_signal<FailedReply>(MessageKind::reply);
  reply->caller = caller;
  reply->request = request;
  fail_call(node, reply, reason);
}

namespace {

void fail_deferred(Node& node, ProcessExtras& extras, const ExitReason& reason) noexcept {
  extras.deferred.for_each(
      [&](const DeferredRequest& each) { fail_request(node, each.caller, each.request, reason); });
}

}  // namespace

void finish(Process& self, const ExitReason& reason, bool keeps_slot) noexcept {
  Node& node = *self.node;
  const Pid pid = self.pid();
  // Whoever hears of its end, by a monitor or by a message that it has not taken, finds nothing of
  // it.
  if (self.owns_things.exchange(false)) node.possessions().drop_all_of(self);
  disarm_wake(self);  // while its message, if it is on its way, can only wait here
  Message* inbox = std::exchange(self.inbox_head, nullptr);
  const std::uintptr_t head = self.arrivals.exchange(Process::closed, std::memory_order_acq_rel);
  Message* const arrived = oldest_first(pid.serial, head, std::exchange(self.taken, 0)).oldest;
  bounce_all(self, pid, inbox, reason);
  bounce_all(self, pid, arrived, reason);
  node.timers().drop_all_of(self);
  for (const Pid other : self.links.take()) send_exit(node, pid, other, reason, true);
  if (const auto extras = std::move(self.extras)) {
    if (extras->gate) {
      self.bounded.store(false);
      node.gates().remove(pid);
      extras->gate->close(node);
    }
    fail_deferred(node, *extras, reason);
    extras->monitored_by.for_each(
        [&](const Watcher& watcher) { send_down(node, watcher, pid, reason); });
    // In the order of their making, so that a simulation is the same each time.
    std::vector<std::pair<Ref, Pid>> monitors;
    for (const auto& [ref, monitoring] : extras->monitors)
      monitors.emplace_back(ref, monitoring.target);
    std::ranges::sort(monitors);
    for (const auto& [ref, target] : monitors) send_demonitor(node, pid, target, ref);
  }
  self.wait = nullptr;
  self.handling.store(nullptr, std::memory_order_relaxed);
  self.exit_pending = ExitPending::no;
  self.started = self.trap_exit = self.rescan = self.suspended = self.hibernating =
      self.queue_told = false;
  self.on_blocking_pool = false;
  self.priority = Priority::normal;
  if (keeps_slot)
    node.table().retire(node);
  else
    node.table().release(self);
  node.process_ended();
}

void Process::append_priority(Message& message) {
  Message*& last = more().last_priority;
  const bool is_first = inbox_head == nullptr || (inbox_head->flags & priority_flag) == 0;
  Message*& place = is_first ? inbox_head : last->next;
  last = &message;
  if (place == nullptr) inbox_tail = &message;
  message.next = place;
  place = &message;
  rescan = true;
}

Message* take_matching(Process& self, bool (*accept)(void*, Message&), void* context,
                       Message*& checked) {
  if (std::exchange(self.rescan, false)) checked = nullptr;
  Message* before = checked;
  Message* each = before == nullptr ? self.inbox_head : before->next;
  for (; each != nullptr; before = each, each = each->next) {
    if (!accept(context, *each)) continue;
    (before == nullptr ? self.inbox_head : before->next) = each->next;
    if (each->next == nullptr) self.inbox_tail = before;
    if (self.extras && self.extras->last_priority == each) self.extras->last_priority = before;
    return each;
  }
  checked = before;
  return nullptr;
}

// ---- LinkSet ----

bool LinkSet::insert(Pid pid) {
  if (contains(pid)) return false;
  if (first_ == 0 && pid.node == 0) {
    first_ = packed(pid);
    return true;
  }
  if (!more_) more_ = std::make_unique<boost::unordered_flat_set<Pid, std::hash<Pid>>>();
  return more_->insert(pid).second;
}

bool LinkSet::erase(Pid pid) noexcept {
  if (is_first(pid)) {
    first_ = 0;
    return true;
  }
  return more_ && more_->erase(pid) != 0;
}

bool LinkSet::contains(Pid pid) const noexcept {
  return is_first(pid) || (more_ && more_->contains(pid));
}

std::vector<Pid> LinkSet::list() const {
  std::vector<Pid> pids;
  if (first_ != 0) pids.push_back(unpacked(first_));
  if (more_) pids.insert(pids.end(), more_->begin(), more_->end());
  return pids;
}

std::vector<Pid> LinkSet::take() noexcept {
  if (first_ == 0 && !more_) return {};
  std::vector<Pid> pids = list();
  first_ = 0;
  more_.reset();
  return pids;
}

ProcessExtras::ProcessExtras() = default;

ProcessExtras::~ProcessExtras() {
  for (auto& [request, reply] : requests) {
    if (reply != nullptr) reply->type->destroy(reply);
  }
}

}  // namespace otp::detail
