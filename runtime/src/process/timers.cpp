// Timers that send, or run a function: <otp/timer.h>; and the deadlines of processes that wait.
//
// A timer is an entry of the slab and the message that it carries; what the entry has no room for
// lies in fields of the message that mean nothing before it is sent: `next` holds the links of the
// list of the target's timers, `target_serial` the target's serial, `state` what the target is. One
// that repeats, or runs a function, carries a TimerAction.
//
// A timer is in the shard of the scheduler on which it was armed; but all that are for one process,
// and so are in its list, are in the same shard: that of the first of them. So that shard's lock
// guards the list too. Only an empty list is for anybody to begin, by a compare-and-swap.
//
// Whoever takes a timer out, under its shard's lock, owns its message: so agree one that fires, one
// that cancels and a target that dies.
#include "process/timers.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <climits>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <otp/report.h>

#include "process/crash.h"
#include "process/node.h"
#include "process/signals.h"

namespace otp::detail {

/// What a timer carries that does more than to send a message once.
struct TimerAction : Message {
  std::function<Message*()> make;  ///< the message to send, each time
  std::function<void()> body;      ///< or what a process of its own is to run
  Nanoseconds period = 0;          ///< 0: once
  Nanoseconds deadline = 0;
  std::atomic<int> holders{1};  ///< the timer, and whoever is acting
};

namespace {

void let_go(Message* message) noexcept {
  if (static_cast<TimerAction*>(message)->holders.fetch_sub(1, std::memory_order_acq_rel) == 1)
    destroy_message<TimerAction>(message);
}

const MessageType action_type{
    .name = "timer", .interface = nullptr, .deliver = nullptr, .destroy = &let_go};

// ---- What lies in the message ----

constexpr std::uint8_t listed = 0x80;

struct Links {
  TimerIndex next;
  TimerIndex prev;
};
static_assert(sizeof(Links) == sizeof(Message::next));

Links links(const Message& message) noexcept { return std::bit_cast<Links>(message.next); }
void set_links(Message& message, Links links) noexcept {
  message.next = std::bit_cast<Message*>(links);
}

void set_target(Message& message, Pid target) noexcept {
  message.target_serial = target.serial;
  message.state = static_cast<std::uint8_t>(0U - target.node);  // of a name, and of a via name: few
}
Pid target_of(const TimerEntry& entry, const Message& message) noexcept {
  const std::uint32_t node = 0U - (message.state & ~std::uint32_t{listed});
  return {.id = entry.target, .serial = message.target_serial, .node = node, .creation = 0};
}

Message& message_of(const TimerEntry& entry) noexcept {
  return *static_cast<Message*>(entry.payload());
}

Nanoseconds time_left(Node& node, const TimerEntry& entry) noexcept {
  return std::max<Nanoseconds>(entry.deadline() - now(node.clock()), 0);
}

}  // namespace

TimerSlab& TimerTable::slab() const noexcept { return node_.schedulers().timer_slab(); }

// ---- The timers of a target ----

/// Locks the shard for a timer of that process, where there is room. Null: any shard will do.
TimerTable::Home TimerTable::lock_home(Process* target) {
  TimerShard& own = node_.schedulers().own_timers();
  const TimerSlab& slab = own.slab();
  const auto first_of_target = [target] {
    return target == nullptr ? 0 : target->timers.load(std::memory_order_acquire);
  };
  const auto shard_of = [&](TimerIndex first) { return first == 0 ? &own : slab.owner(first); };
  for (;;) {
    TimerShard* shard = shard_of(first_of_target());
    if (shard == nullptr) continue;  // the first was just taken out
    shard->lock();
    const TimerIndex first = first_of_target();
    const bool is_home = shard_of(first) == shard;
    if (is_home && shard->has_room()) return {*shard, first};
    shard->unlock();
    if (is_home) shard->grow();
  }
}

/// A process that ends marks itself before it looks for its timers: either it sees this one, or
/// this sees the mark. Lost: another shard has become the home.
TimerTable::Link TimerTable::link(const Home& home, TimerIndex timer, Message& message,
                                  Process& target) noexcept {
  const TimerSlab& slab = home.timers.slab();
  if (TimerIndex first = home.first; first == 0) {
    if (!target.timers.compare_exchange_strong(first, timer)) return Link::lost;
    if (target.serial.load() != message.target_serial || target.exiting.load()) {
      target.timers.store(0);
      return Link::dead;
    }
    set_links(message, {.next = 0, .prev = 0});
  } else {
    // Whose timers are there has not looked for them yet.
    if (target.serial.load(std::memory_order_relaxed) != message.target_serial) return Link::dead;
    Message& before = message_of(slab[first]);
    const TimerIndex next = links(before).next;
    set_links(message, {.next = next, .prev = first});
    set_links(before, {.next = timer, .prev = 0});
    if (next != 0) {
      Message& after = message_of(slab[next]);
      set_links(after, {.next = links(after).next, .prev = timer});
    }
  }
  message.state |= listed;
  return Link::done;
}

void TimerTable::unlink(const TimerSlab& slab, Message& message, std::uint32_t target) noexcept {
  const auto [next, prev] = links(message);
  if (next != 0) {
    Message& after = message_of(slab[next]);
    set_links(after, {.next = links(after).next, .prev = prev});
  }
  if (prev != 0) {
    Message& before = message_of(slab[prev]);
    set_links(before, {.next = next, .prev = links(before).prev});
  } else {
    const Pid pid{.id = target, .serial = message.target_serial};
    node_.table().slot(pid)->timers.store(next, std::memory_order_release);
  }
}

void TimerTable::drop_all_of(Process& target) noexcept {
  constexpr std::size_t at_once = 64;
  while (const TimerIndex first = target.timers.load(std::memory_order_seq_cst)) {
    TimerShard* shard = slab().owner(first);
    if (shard == nullptr) continue;
    std::array<Message*, at_once> dropped;
    std::size_t count = 0;
    {
      const std::lock_guard lock(*shard);
      while (count < at_once) {
        const TimerIndex timer = target.timers.load(std::memory_order_relaxed);
        if (timer == 0 || slab().owner(timer) != shard) break;
        shard->disarm(timer);
        dropped[count++] = take(*shard, timer);
      }
    }
    for (std::size_t i = 0; i < count; ++i) dropped[i]->type->destroy(dropped[i]);
  }
}

// ---- Start and end ----

Ref TimerTable::start(Nanoseconds deadline, Pid target, Message* message, Ref* into) {
  Process* process = is_name(target) ? nullptr : node_.table().slot(target);
  set_target(*message, target);
  for (;;) {
    const Home home = lock_home(process);
    TimerShard& timers = home.timers;
    const TimerIndex timer = timers.allocate(message, deadline, target.id);
    const Ref ref{.id = timers.slab().id_of(timer)};
    const Link linked = process == nullptr ? Link::done : link(home, timer, *message, *process);
    if (linked == Link::done) {
      if (into != nullptr) *into = ref;
      const bool first = timers.arm(timer);
      timers.unlock();
      if (first) node_.schedulers().wake_for(timers);
      return ref;
    }
    timers.release(timer);
    timers.unlock();
    if (linked == Link::lost) continue;
    message->type->destroy(message);
    return ref;
  }
}

std::uint64_t TimerTable::start_wake(Nanoseconds deadline, Pid target, Message& message) {
  set_target(message, target);
  TimerShard& timers = lock_home(nullptr).timers;
  const TimerIndex timer = timers.allocate(&message, deadline, target.id);
  const std::uint64_t id = timers.slab().id_of(timer);
  const bool first = timers.arm(timer);
  timers.unlock();
  if (first) node_.schedulers().wake_for(timers);
  return id;
}

/// Locks the shard of an outstanding timer; null: there is none of that id.
TimerShard* TimerTable::lock_timer(std::uint64_t id) noexcept {
  const TimerSlab& slab = this->slab();
  const TimerIndex timer = TimerSlab::index_of(id);
  TimerShard* shard = slab.owner(timer);
  if (shard == nullptr) return nullptr;
  shard->lock();
  if (slab.owner(timer) == shard && slab.holds(id)) return shard;
  shard->unlock();
  return nullptr;
}

/// Ends a timer that is not armed any more; its message is the caller's.
Message* TimerTable::take(TimerShard& timers, TimerIndex timer) noexcept {
  const TimerEntry& entry = timers.slab()[timer];
  Message& message = message_of(entry);
  if ((message.state & listed) != 0) unlink(timers.slab(), message, entry.target);
  timers.release(timer);
  message.next = nullptr;
  message.state = 0;
  return &message;
}

std::optional<Nanoseconds> TimerTable::cancel(std::uint64_t ref) noexcept {
  TimerShard* timers = lock_timer(ref);
  if (timers == nullptr) return std::nullopt;
  const TimerIndex timer = TimerSlab::index_of(ref);
  const Nanoseconds left = time_left(node_, timers->slab()[timer]);
  timers->disarm(timer);
  Message* message = take(*timers, timer);
  timers->unlock();
  message->type->destroy(message);
  return left;
}

std::optional<Nanoseconds> TimerTable::read(std::uint64_t ref) noexcept {
  TimerShard* timers = lock_timer(ref);
  if (timers == nullptr) return std::nullopt;
  const Nanoseconds left = time_left(node_, timers->slab()[TimerSlab::index_of(ref)]);
  timers->unlock();
  return left;
}

bool TimerTable::cancel_wake(std::uint64_t wake) noexcept {
  TimerShard* timers = lock_timer(wake);
  if (timers == nullptr) return false;
  const TimerIndex timer = TimerSlab::index_of(wake);
  timers->disarm(timer);
  take(*timers, timer);
  timers->unlock();
  return true;
}

// ---- Firing ----

/// What a timer that is due has to deliver. One that repeats is armed for its next time at once, so
/// that it can be cancelled while it acts.
Message* TimerTable::fired(TimerShard& timers, TimerIndex timer) noexcept {
  TimerEntry& entry = timers.slab()[timer];
  Message& message = message_of(entry);
  if (message.type != &action_type) return take(timers, timer);
  auto& action = static_cast<TimerAction&>(message);
  if (action.period == 0) return take(timers, timer);
  action.holders.fetch_add(1, std::memory_order_relaxed);
  action.deadline += action.period;
  entry.set_deadline(action.deadline);
  timers.arm(timer);
  return &message;
}

/// This time the timer does nothing.
void TimerTable::report_lost(Pid target) const noexcept {
  if (node_.options().reports == nullptr) return;
  try {
    node_.options().reports->write(WarningReport{
        .text = "a timer did nothing: " + to_string(reason_of_exception()), .pid = target});
  } catch (...) {  // no memory: what it would have told
  }
}

void TimerTable::start_process(TimerAction& action) {
  struct Starting {
    std::atomic<int>& count;
    const bool allowed = count.fetch_add(1) >= 0;
    ~Starting() { count.fetch_sub(1); }
  } const starting{starting_};
  if (!starting.allowed) return;
  std::function<void()> body = action.period == 0 ? std::move(action.body) : action.body;
  node_.spawn(make_function_behaviour(std::move(body)), {}, nullptr, nullptr);
}

void TimerTable::stop_starting() noexcept {
  starting_.fetch_add(INT_MIN);
  while (starting_.load() != INT_MIN) sched_yield();
}

/// Outside the lock: the target may be woken, or a process started.
void TimerTable::deliver(Pid target, Message* message) noexcept {
  if (message->type != &action_type) {
    node_.send(target, message);
    return;
  }
  auto& action = static_cast<TimerAction&>(*message);
  try {
    if (action.body) {
      start_process(action);
    } else if (Message* made = action.make()) {
      made->flags |= action.flags & own_timer_flag;
      node_.send(target, made);
    }
  } catch (...) {  // no room, or what is to be sent cannot be copied: there is no process to crash
    report_lost(target);
  }
  let_go(message);
}

void TimerTable::fire(TimerShard& timers, Nanoseconds now) noexcept {
  constexpr std::size_t at_once = 64;  // under the lock: others arm and cancel meanwhile
  struct Due {
    Pid target;
    Message* message;
  };
  if (!timers.begin_firing()) return;
  const TimerSlab& slab = timers.slab();
  std::array<TimerIndex, at_once> indices;
  std::array<Due, at_once> due;
  std::size_t count = 0;
  do {
    count = 0;
    {
      const std::lock_guard lock(timers);
      // A million timers are in no cache: what each step touches is asked for a step before.
      while (count < at_once) {
        const TimerIndex timer = timers.take_due(now);
        if (timer == 0) break;
        indices[count++] = timer;
        __builtin_prefetch(&message_of(slab[timer]), 1);
      }
      for (std::size_t i = 0; i < count; ++i) {
        const Message& message = message_of(slab[indices[i]]);
        if ((message.state & listed) == 0) continue;
        const auto [next, prev] = links(message);
        if (next != 0) __builtin_prefetch(&slab[next], 0);
        if (prev != 0) __builtin_prefetch(&slab[prev], 0);
      }
      for (std::size_t i = 0; i < count; ++i) {
        const Message& message = message_of(slab[indices[i]]);
        if ((message.state & listed) == 0) continue;
        const auto [next, prev] = links(message);
        if (next != 0) __builtin_prefetch(&message_of(slab[next]), 1);
        if (prev != 0) __builtin_prefetch(&message_of(slab[prev]), 1);
      }
      for (std::size_t i = 0; i < count; ++i) {
        const TimerEntry& entry = slab[indices[i]];
        const Pid target = target_of(entry, message_of(entry));
        due[i] = {.target = target, .message = fired(timers, indices[i])};
      }
      if (count < at_once) timers.settle();
    }
    for (std::size_t i = 0; i < count; ++i) deliver(due[i].target, due[i].message);
  } while (count == at_once);
  timers.end_firing();
}

// ---- The interface ----

namespace {

constexpr const char* no_other_node = "a timer for a process of another node";

void check_target(Pid target) {
  if (target.node != 0 && !is_name(target)) throw std::invalid_argument(no_other_node);
}

Ref start(TimePoint due, Pid target, TimerAction* action) {
  action->type = &action_type;
  action->deadline = due.time_since_epoch().count();
  return send_message_at(due, target, action);
}

Ref start_periodic(Duration period, Pid target, TimerAction* action) {
  std::unique_ptr<TimerAction, MessageDeleter> owned(action);
  action->type = &action_type;
  if (period <= Duration::zero() || period == Duration::max()) {
    throw std::invalid_argument("a timer's interval must be positive and end");
  }
  action->period = period.count();
  const TimePoint first = Due(period).time;
  return start(first, target, owned.release());
}

TimerAction* make_action(std::function<Message*()> make, std::function<void()> body) {
  auto* action = make_message<TimerAction>();
  action->make = std::move(make);
  action->body = std::move(body);
  return action;
}

}  // namespace

Ref send_message_at(TimePoint due, Pid target, Message* message, Ref* into) {
  try {
    check_target(target);
    Process& self = require_process("a timer");
    if (target == self.pid()) message->flags |= own_timer_flag;
    return self.node->timers().start(due.time_since_epoch().count(), target, message, into);
  } catch (...) {
    message->type->destroy(message);
    throw;
  }
}

Ref start_interval(Duration period, Pid target, std::function<Message*()> make) {
  return start_periodic(period, target, make_action(std::move(make), {}));
}

}  // namespace otp::detail

namespace otp {

TimePoint monotonic_time() {
  const detail::Node& node = detail::require_node("monotonic_time");
  return TimePoint(Duration(detail::now(node.clock())));
}

Due::Due(Duration from_now) {
  if (from_now < Duration::zero()) throw std::invalid_argument("a timer's time is negative");
  const Duration now = monotonic_time().time_since_epoch();
  if (from_now > Duration::max() - now - std::chrono::hours{24}) {
    throw std::invalid_argument("a timer's time is beyond the clock's range");
  }
  time = TimePoint(now + from_now);
}

Ref apply_after(Due due, std::function<void()> f) {
  return detail::start(due.time, {}, detail::make_action({}, std::move(f)));
}

Ref apply_interval(Duration period, std::function<void()> f) {
  return detail::start_periodic(period, {}, detail::make_action({}, std::move(f)));
}

Ref exit_after(Due due, TimerTarget target, ExitReason reason) {
  auto* signal = detail::make_signal<detail::ExitMessage>(
      detail::MessageKind::exit_signal, Exit{.pid = self(), .reason = std::move(reason)}, false);
  return detail::send_message_at(due.time, target.address, signal);
}

namespace {
std::optional<Duration> as_duration(std::optional<detail::Nanoseconds> left) {
  return left ? std::optional<Duration>(Duration(*left)) : std::nullopt;
}
}  // namespace

std::optional<Duration> cancel_timer(Ref timer) {
  return as_duration(detail::require_node("cancel_timer").timers().cancel(timer.id));
}

std::optional<Duration> read_timer(Ref timer) {
  return as_duration(detail::require_node("read_timer").timers().read(timer.id));
}

}  // namespace otp
