// Timers that send, or run a function: <otp/timer.h>.
//
// A reference finds its timer through a table under one lock of the node; the wheel is the
// scheduler's. Whoever takes a timer out of the table owns it: a timer that fires and one that is
// cancelled at the same moment so agree. A process leads to the timers that are for it, so that
// they go when it goes.
#include "process/timers.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "process/node.h"
#include "process/signals.h"

namespace otp::detail {
namespace {

void fire_timer(TimerNode& base) {
  auto& timer = static_cast<ProcessTimer&>(base);
  timer.node->timers().fire(timer);
}

void discard_timer(TimerNode& base) { delete &static_cast<ProcessTimer&>(base); }

Nanoseconds time_left(Node& node, const ProcessTimer& timer) noexcept {
  return std::max<Nanoseconds>(timer.deadline - now(node.schedulers().clock()), 0);
}

/// Delivers outside the table's lock: the target may be woken, or a process started.
void act(Node& node, Pid target, TimerAction action) noexcept {
  if (action.body) {
    try {
      node.spawn(make_function_behaviour(std::move(action.body)), {}, nullptr, nullptr);
    } catch (const std::exception&) {  // no room for a process: nobody is there to be told
    }
  } else if (action.message != nullptr) {
    node.send(target, std::exchange(action.message, nullptr));
  }
}

}  // namespace

ProcessTimer::~ProcessTimer() {
  if (action.message != nullptr) action.message->type->destroy(action.message);
}

/// Links the timer into its target's list. A null target or a name needs none.
Process* TimerTable::claim_target(ProcessTimer& timer) noexcept {
  Process* process = is_indirect(timer.target) ? nullptr : node_.table().slot(timer.target);
  if (process == nullptr) return nullptr;
  ProcessTimer* first = process->timers.load(std::memory_order_relaxed);
  timer.next_of_target = first;
  if (first != nullptr) first->prev_of_target = &timer;
  process->timers.store(&timer, std::memory_order_seq_cst);
  return process;
}

void TimerTable::unlink(ProcessTimer& timer) noexcept {
  if (timer.next_of_target != nullptr) timer.next_of_target->prev_of_target = timer.prev_of_target;
  if (timer.prev_of_target != nullptr) {
    timer.prev_of_target->next_of_target = timer.next_of_target;
  } else if (Process* process =
                 is_indirect(timer.target) ? nullptr : node_.table().slot(timer.target)) {
    ProcessTimer* ours = &timer;
    process->timers.compare_exchange_strong(ours, timer.next_of_target);
  }
  timer.next_of_target = timer.prev_of_target = nullptr;
}

Ref TimerTable::start(Ref ref, Nanoseconds deadline, Pid target, TimerAction action) {
  auto* timer = new ProcessTimer;
  timer->deadline = deadline;
  timer->fire = &fire_timer;
  timer->discard = &discard_timer;
  timer->node = &node_;
  timer->target = target;
  timer->action = std::move(action);
  timer->ref = ref.id;
  {
    const std::lock_guard lock(mutex_);
    // A process that ends marks itself before it looks for its timers: either it sees this one, or
    // this sees the mark.
    const Process* process = claim_target(*timer);
    const bool dead =
        process != nullptr && (process->serial.load(std::memory_order_seq_cst) != target.serial ||
                               process->exiting.load(std::memory_order_seq_cst));
    if (dead) {
      unlink(*timer);
      delete timer;
      return ref;
    }
    timers_.emplace(ref.id, timer);
    node_.schedulers().arm(*timer);
  }
  return ref;
}

/// Takes a timer that has been found in the table out of everything; true when it is the caller's
/// to delete, false when it is firing and will find itself gone.
bool TimerTable::take_out(ProcessTimer& timer) noexcept {
  timers_.erase(timer.ref);
  unlink(timer);
  return TimerShard::cancel(timer);
}

std::optional<Nanoseconds> TimerTable::cancel(std::uint64_t ref) noexcept {
  std::unique_ptr<ProcessTimer> ended;
  const std::lock_guard lock(mutex_);
  const auto found = timers_.find(ref);
  if (found == timers_.end()) return std::nullopt;
  ProcessTimer* timer = found->second;
  const Nanoseconds left = time_left(node_, *timer);
  if (take_out(*timer)) ended.reset(timer);
  return left;
}

std::optional<Nanoseconds> TimerTable::read(std::uint64_t ref) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = timers_.find(ref);
  if (found == timers_.end()) return std::nullopt;
  return time_left(node_, *found->second);
}

void TimerTable::drop_all_of(Process& target) noexcept {
  if (target.timers.load(std::memory_order_seq_cst) == nullptr) return;
  const std::lock_guard lock(mutex_);
  while (ProcessTimer* timer = target.timers.load(std::memory_order_relaxed)) {
    if (take_out(*timer)) delete timer;
  }
}

void TimerTable::fire(ProcessTimer& timer) noexcept {
  TimerAction due;
  {
    const std::lock_guard lock(mutex_);
    const auto found = timers_.find(timer.ref);
    if (found == timers_.end() || found->second != &timer) {  // cancelled meanwhile
      delete &timer;
      return;
    }
    if (timer.action.period == 0) {
      timers_.erase(found);
      unlink(timer);
      due = std::exchange(timer.action, {});
    } else {
      due.body = timer.action.body;
      if (timer.action.make) due.message = timer.action.make();
    }
  }
  const Pid target = timer.target;
  const bool repeats = timer.action.period != 0;
  act(node_, target, std::move(due));
  if (!repeats) {
    delete &timer;
    return;
  }
  const std::lock_guard lock(mutex_);
  if (!timers_.contains(timer.ref)) {
    delete &timer;
    return;
  }
  timer.deadline += timer.action.period;
  node_.schedulers().arm(timer);
}

namespace {

constexpr const char* no_other_node = "a timer for a process of another node";

void check_target(Pid target) {
  if (target.node != 0 && !is_indirect(target)) throw std::invalid_argument(no_other_node);
}

Nanoseconds checked_period(Duration period) {
  if (period <= Duration::zero() || period == Duration::max()) {
    throw std::invalid_argument("a timer's interval must be positive and end");
  }
  return period.count();
}

Ref start(Ref ref, TimePoint due, Pid target, TimerAction action) {
  return require_node("a timer").timers().start(ref, due.time_since_epoch().count(), target,
                                                std::move(action));
}

Ref start_periodic(Duration period, Pid target, TimerAction action) {
  action.period = checked_period(period);
  return start(make_ref(), Due(period).time, target, std::move(action));
}

}  // namespace

Ref start_timer(Ref ref, TimePoint due, Pid target, Message* message) {
  TimerAction action{.message = message, .make = {}, .body = {}};
  try {
    check_target(target);
    return start(ref, due, target, std::move(action));
  } catch (...) {
    message->type->destroy(message);
    throw;
  }
}

Ref start_interval(Duration period, Pid target, std::function<Message*()> make) {
  check_target(target);
  return start_periodic(period, target, {.make = std::move(make), .body = {}});
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
  return detail::start(make_ref(), due.time, {}, {.make = {}, .body = std::move(f)});
}

Ref apply_interval(Duration period, std::function<void()> f) {
  return detail::start_periodic(period, {}, {.make = {}, .body = std::move(f)});
}

Ref exit_after(Due due, TimerTarget target, ExitReason reason) {
  auto* signal = detail::make_signal<detail::ExitMessage>(
      detail::MessageKind::exit_signal, Exit{.pid = self(), .reason = std::move(reason)}, false);
  return detail::start_timer(make_ref(), due.time, target.address, signal);
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
