#include "process/node.h"

#include <algorithm>
#include <chrono>

#include "core/asymmetric_fence.h"
#include "process/process_main.h"
#include "process/signals.h"

namespace otp::detail {
namespace {

SchedulerGroup::Options scheduler_options(const RuntimeOptions& options, const Simulated& simulated,
                                          void* owner) {
  const bool anywhere =
      options.scheduler_bind_type == SchedulerBindType::unbound || simulated.driver != nullptr;
  return {.schedulers = options.schedulers,
          .blocking_threads = options.blocking_threads,
          .stack_bytes = options.stack_bytes,
          .processors = anywhere ? std::vector<Processor>() : usable_processors(),
          .one_processor_each = options.scheduler_bind_type == SchedulerBindType::processor,
          .long_schedule = options.long_schedule.count(),
          .clock = simulated.clock,
          .owner = owner,
          .driver = simulated.driver};
}

void fire_timers(void* owner, TimerShard& timers, Nanoseconds now) {
  static_cast<Node*>(owner)->timers().fire(timers, now);
}

void discard_timer(void* payload) {
  auto* message = static_cast<Message*>(payload);
  message->type->destroy(message);
}

bool is_kill(const Message& message) noexcept {
  if (message.kind == MessageKind::stop) return static_cast<const StopRequest&>(message).kills;
  const auto& signal = static_cast<const ExitMessage&>(message);
  return !signal.from_link && signal.exit.reason.kind() == ExitReason::Kind::kill;
}

}  // namespace

Node::Node(const RuntimeOptions& options, const Simulated& simulated)
    : options_(options),
      filter_(simulated.filter),
      table_(options.max_processes),
      timers_(*this),
      schedulers_(std::make_unique<SchedulerGroup>(scheduler_options(options, simulated, this),
                                                   RunnableOps{.run = &run_process,
                                                               .commit_park = &commit_park,
                                                               .stuck = &reap_stuck,
                                                               .identity = &identity_of,
                                                               .overdue = &report_overdue,
                                                               .fire_timers = &fire_timers,
                                                               .discard_timer = &discard_timer})) {
  contain_crashes();
}

Node::~Node() = default;

/// A process that nobody can see yet.
Process& Node::make_process(std::unique_ptr<Behaviour> behaviour, const Process* parent) {
  Process& process = table_.allocate(*this);
  process.behaviour.set(std::move(behaviour));
  process.object.store(process.behaviour->object(), std::memory_order_relaxed);
  process.node = this;
  process.set_parent(parent != nullptr ? parent->pid() : Pid{});
  process.application.store(
      parent != nullptr ? parent->application.load(std::memory_order_relaxed) : std::uint8_t{0},
      std::memory_order_relaxed);
  return process;
}

/// For want of memory it does not begin.
void Node::unmake_process(Process& process, Process* parent) noexcept {
  if (parent != nullptr) parent->links.erase(process.pid());
  process.links = {};
  process.extras.reset();
  process.behaviour.reset();
  table_.release(process);
}

Pid Node::spawn(std::unique_ptr<Behaviour> behaviour, const SpawnOptions& options, Process* parent,
                Ref* monitor) {
  Process& process = make_process(std::move(behaviour), parent);
  const Pid pid = process.pid();
  try {
    if (parent != nullptr && options.link) {
      process.links.insert(parent->pid());
      parent->links.insert(pid);
    }
    if (parent != nullptr && options.monitor) {
      const Ref ref = make_ref();
      process.more().monitored_by.add(
          {.pid = parent->pid(), .ref = ref, .name = {}, .thread = nullptr});
      parent->more().monitors.emplace(ref, Monitoring{.target = pid, .name = {}, .tag = {}});
      *monitor = ref;
    }
  } catch (...) {
    unmake_process(process, parent);
    throw;
  }
  process.trap_exit = options.trap_exit;
  process.priority = options.priority;
  open(process);
  return pid;
}

Pid Node::spawn_for(WaitingThread& waiting, std::unique_ptr<Behaviour> behaviour) {
  Process& process = make_process(std::move(behaviour), nullptr);
  const Pid pid = process.pid();
  try {
    process.more().monitored_by.add({.pid = {}, .ref = make_ref(), .name = {}, .thread = &waiting});
  } catch (...) {
    unmake_process(process, nullptr);
    throw;
  }
  open(process);
  return pid;
}

void Node::open(Process& process) noexcept {
  process.taken = 0;
  process.arrivals.store(0, std::memory_order_release);
  schedulers_->make_runnable(process);
}

void Node::exit_all(const ExitReason& reason) {
  const std::vector<Pid> pids = table_.live();
  for (auto pid = pids.rbegin(); pid != pids.rend(); ++pid) {
    auto* signal = make_signal<ExitMessage>(MessageKind::exit_signal,
                                            Exit{.pid = {}, .reason = reason}, false);
    signal->flags = as_parent;
    send(*pid, signal);
  }
}

[[gnu::noinline]] void Node::bounce_closed(Process& process, Message* message) noexcept {
  bounce(*this, Pid{.id = process.id, .serial = message->target_serial}, message,
         ExitReason::noproc());
}

[[gnu::noinline]] void Node::note_kill(Process& process, const Message& message) noexcept {
  if (!is_kill(message)) return;
  // It may be for a former tenant of the slot, and come late.
  std::uint32_t killed = process.killed_serial.load(std::memory_order_relaxed);
  while (killed < message.target_serial &&
         !process.killed_serial.compare_exchange_weak(killed, message.target_serial)) {
  }
}

[[gnu::noinline]] void Node::push_limited(Process& process, Message* message) noexcept {
  if (let_in(process, message)) enqueue(process, message);
}

void Node::push(Process& process, Message* message) noexcept { push_inline(process, message); }

Pid Node::resolve(Pid target) const noexcept {
  return is_name(target) ? names_.holder(name_of(target)) : target;
}

Pid Node::resolve_ahead(Pid target) const noexcept {
  if (!is_name(target)) return target;  // whom one calls often has a pid
  const Name name = name_of(target);
  const Pid holder = names_.holder(name);
  table_.prefetch(holder);
  names_.prefetch(name);
  return holder;
}

bool Node::let_in(Process& process, Message* message) noexcept {
  // Whoever sends may hold a lock: it is not asked to enter the runtime.
  const Scheduler* const scheduler = current_scheduler();
  if (!is_limited(*message) || (scheduler != nullptr && scheduler->current() == &process))
    return true;
  const Pid pid{.id = process.id, .serial = message->target_serial};
  const std::shared_ptr<MailboxGate> gate = gates_.find(pid);
  if (gate == nullptr || gate->admit(*message)) return true;
  bounce(*this, pid, message, ExitReason("overloaded"));
  return false;
}

void Node::deliver(Pid target, Message* message) noexcept { deliver_inline(target, message); }

/// To a name's holder, or to nobody.
[[gnu::noinline]] void Node::deliver_indirectly(Pid target, Message* message) noexcept {
  const Pid pid = resolve(target);
  Process* const process = table_.slot(pid);
  if (process == nullptr || process->serial.load(std::memory_order_acquire) != pid.serial) {
    bounce(*this, target, message, ExitReason::noproc());
    return;
  }
  message->target_serial = pid.serial;
  push(*process, message);
}

bool Node::is_alive(Pid pid) const noexcept {
  const Process* process = table_.slot(pid);
  const auto still_its_slot = [&] {
    return process->serial.load(std::memory_order_acquire) == pid.serial;
  };
  // A slot that is given out again in this moment gets its serial before it is opened.
  return process != nullptr && still_its_slot() &&
         !process->exiting.load(std::memory_order_acquire) &&
         process->arrivals.load(std::memory_order_acquire) != Process::closed && still_its_slot();
}

void Node::process_ended() noexcept {
  fence_often();
  if (!awaited_.load(std::memory_order_relaxed)) return;
  std::atomic_thread_fence(std::memory_order_seq_cst);  // of two that end at once one sees both
  if (table_.count() != 0) return;
  const std::lock_guard lock(empty_mutex_);
  empty_condition_.notify_all();
}

void Node::wait_until_empty(std::chrono::nanoseconds limit) {
  std::unique_lock lock(empty_mutex_);
  awaited_.store(true);
  fence_rarely();
  empty_condition_.wait_for(lock, limit, [this] { return table_.count() == 0; });
}

void Node::stop() { schedulers_->stop(); }

Node* current_node() noexcept {
  Process* process = current_process();
  return process == nullptr ? nullptr : process->node;
}

Node& node_in_passing() noexcept {
  return *static_cast<Process*>(current_scheduler()->current())->node;
}

}  // namespace otp::detail
