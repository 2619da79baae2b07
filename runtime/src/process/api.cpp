// The public face of processes: <otp/process.h>, <otp/receive.h> and what behaviours ask of the
// core.
#include <otp/process.h>
#include <otp/receive.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "process/await_answer.h"
#include "process/crash.h"
#include "process/node.h"
#include "process/process_main.h"
#include "process/signals.h"

namespace otp {
namespace detail {

void fail_outside_process(const char* operation) {
  throw std::logic_error(std::string("otp: `") + operation +
                         "` outside a process: run it through Runtime::run or Runtime::invoke");
}

Node& require_node(const char* operation) { return *require_process(operation).node; }

namespace {

/// A process that is one function.
class FunctionBehaviour final : public Behaviour {
 public:
  explicit FunctionBehaviour(std::move_only_function<void()> body) : body_(std::move(body)) {}
  Flow start() override {
    body_();
    return Flow::stop;
  }
  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    static_cast<void>(message);
    return Flow::stop;
  }
  std::string describe() const override { return "process"; }

 private:
  std::move_only_function<void()> body_;
};

/// What is not just put into a mailbox: it may have to wait for room, is seen by a simulation, or
/// its sender has had its share of the thread.
[[gnu::noinline]] void send_unusually(Pid target, Message* message) {
  Process& self = *current_process();
  MessagePtr owned(message);
  if (self.node->any_blocking()) wait_for_room(self, target, *message);
  self.node->send(target, owned.release());
  Scheduler* const scheduler = current_scheduler();
  if (scheduler->budget_spent() && scheduler->current() != nullptr &&
      std::uncaught_exceptions() == 0)
    scheduler->yield(self);
}

}  // namespace

std::unique_ptr<Behaviour> make_function_behaviour(std::move_only_function<void()> body) {
  return std::make_unique<FunctionBehaviour>(std::move(body));
}

/// Gives `name` to `pid`; null when done, else why not.
const char* claim_name(Node& node, Name name, Pid pid) noexcept {
  Process* process = node.table().slot(pid);
  if (process == nullptr || !node.is_alive(pid)) return "no such process";
  std::uint32_t unnamed = 0;
  if (!process->name.compare_exchange_strong(unnamed, name.index()))
    return "the process has a name already";
  const char* refusal = !node.names().claim(name, pid, *process) ? "the name is taken" : nullptr;
  // The process may have ended meanwhile, and not have seen the name.
  if (refusal == nullptr && !node.is_alive(pid)) {
    node.names().release(name, pid);
    refusal = "no such process";
  }
  if (refusal != nullptr) {
    std::uint32_t ours = name.index();
    process->name.compare_exchange_strong(ours, 0);
  }
  return refusal;
}

void release_name(Process& self) noexcept {
  const std::uint32_t index = self.name.exchange(0);
  if (index != 0) self.node->names().release(Name::from_index(index), self.pid());
}

Spawned spawn_behaviour(std::unique_ptr<Behaviour> behaviour, SpawnOptions options) {
  Process& self = require_process("spawn");
  Spawned spawned;
  spawned.pid = self.node->spawn(std::move(behaviour), options, &self, &spawned.monitor);
  return spawned;
}

void set_exit_reason(ExitReason reason) {
  Process& self = require_process("stop");
  if (self.exit_pending == ExitPending::signal) return;  // what it has come to end by
  if (!reason.is_normal() || self.extras) self.more().exit_reason = std::move(reason);
}

bool traps_exit() { return require_process("traps_exit").trap_exit; }

namespace {

/// For take_matching(): the Down of a Ref.
bool is_down_of(void* ref, Message& message) {
  return message.kind == MessageKind::down &&
         static_cast<DownMessage&>(message).down.ref == *static_cast<const Ref*>(ref);
}

/// The Exit of `other` that waits in the mailbox.
MessagePtr take_exit_of(Process& self, Pid other) {
  if (self.has_arrivals()) drain(self);
  const auto is_it = [](void* context, Message& message) {
    return message.kind == MessageKind::exit &&
           static_cast<ExitMessage&>(message).exit.pid == *static_cast<const Pid*>(context);
  };
  Message* checked = nullptr;
  return MessagePtr(take_matching(self, is_it, &other, checked));
}

}  // namespace

void unlink_and_flush(Pid other) {
  otp::unlink(other);
  take_exit_of(require_process("unlink"), other);
}

std::optional<ExitReason> stop_linked(Pid child, const ExitReason& signal, Timeout timeout) {
  Process& self = require_process("stop");
  self.links.erase(child);
  auto* const request = make_message<StopRequest>();
  request->type = &signal_type<StopRequest>;
  request->kills = signal.kind() == ExitReason::Kind::kill;
  const std::unique_ptr<CallBase, MessageDeleter> answer(
      exchange_request(self, child, request, MessageKind::stop, timeout));
  self.links.erase(child);  // it may have linked itself anew meanwhile
  if (answer == nullptr) return std::nullopt;
  if (const MessagePtr exited = take_exit_of(self, child))
    return std::move(static_cast<ExitMessage&>(*exited).exit.reason);
  return std::move(answer->failure);
}

std::optional<Down> await_down(Ref ref, Timeout timeout) {
  const auto message = receive_matching(&is_down_of, &ref, timeout);
  if (message == nullptr) return std::nullopt;
  return std::move(static_cast<DownMessage&>(*message).down);
}

Pid parent() { return require_process("parent").parent(); }

void send_message(Pid target, Message* message) {
  Scheduler* const scheduler = current_scheduler();
  const Process* const self =
      scheduler == nullptr ? nullptr : static_cast<const Process*>(scheduler->current());
  if (self == nullptr) [[unlikely]]
    return message->type->destroy(message);
  scheduler->note_entry();
  Node& node = *self->node;
  if (self->zombie.load(std::memory_order_relaxed) != Zombie::no || node.sends_unusually() ||
      scheduler->budget_spent()) [[unlikely]]
    return send_unusually(target, message);
  node.deliver_inline(target, message);
}

void post_message(Pid target, Message* message) noexcept {
  Scheduler* const scheduler = current_scheduler();
  Process* const self =
      scheduler == nullptr ? nullptr : static_cast<Process*>(scheduler->current());
  if (self == nullptr) return message->type->destroy(message);
  scheduler->note_entry();
  // One that is over goes no further than to where it could be suspended.
  if (self->zombie.load(std::memory_order_relaxed) != Zombie::no)
    return message->type->destroy(message);
  self->node->send(target, message);
}

std::int64_t request_deadline() {
  const Process& self = require_process("time_left");
  if (self.behaviour == nullptr) return 0;  // its destructors run
  const CallBase* const request = self.behaviour->handled_request();
  return request == nullptr ? 0 : request->deadline;
}

void set_application(std::uint8_t application) {
  require_process("application").application.store(application, std::memory_order_relaxed);
}

std::uint8_t application_of(Pid pid) {
  Node& node = require_node("get_application");
  const Process* process = node.table().slot(pid);
  if (process == nullptr || !node.is_alive(pid)) return 0;
  return process->application.load(std::memory_order_relaxed);
}

std::vector<Pid> processes_of_application(std::uint8_t application) {
  std::vector<Pid> pids = require_node("application").table().live();
  std::erase_if(pids, [application](Pid pid) { return application_of(pid) != application; });
  return pids;
}

void stop_node(const ExitReason& reason) { require_node("stop").exit_all(reason); }

void arm_idle_timer(Timeout timeout, std::unique_ptr<Message, MessageDeleter> message) {
  Process& self = require_process("timeout");
  self.more().idle_deadline = deadline_of(self, timeout);
  self.extras->idle_message = std::move(message);
}

void hibernate() { require_process("hibernate").hibernating = true; }

void hibernate_after(Duration idle) {
  require_process("hibernate").more().hibernate_after = idle.count();
}

std::unique_ptr<Message, MessageDeleter> receive_matching(bool (*accept)(void*, Message&),
                                                          void* context, Timeout timeout) {
  Process& self = require_process("receive");
  struct Search {
    Process& self;
    bool (*accept)(void*, Message&);
    void* context;
    Message* checked;
    Message* found;
  } search{self, accept, context, nullptr, nullptr};
  const auto find = [](void* raw) {
    auto& search = *static_cast<Search*>(raw);
    search.found = take_matching(search.self, search.accept, search.context, search.checked);
    if (search.found != nullptr) count_out(search.self, *search.found);
    return search.found != nullptr;
  };
  wait_for(self, WakeOn::message, deadline_of(self, timeout), find, &search);
  return std::unique_ptr<Message, MessageDeleter>(search.found);
}

BlockingSection::BlockingSection() {
  Process* self = current_process();
  if (self == nullptr || self->on_blocking_pool || self->node->schedulers().is_simulated()) return;
  self->on_blocking_pool = true;
  current_scheduler()->yield(*self);
  entered_ = true;
}

BlockingSection::~BlockingSection() {
  if (!entered_) return;
  Process* self = current_process();
  self->on_blocking_pool = false;
  current_scheduler()->yield(*self);
}

}  // namespace detail

using detail::make_signal;
using detail::MessageKind;
using detail::Process;
using detail::require_process;

Pid self() { return require_process("self").pid(); }
bool in_process() noexcept { return detail::current_process() != nullptr; }

Pid spawn(std::move_only_function<void()> body, SpawnOpt options) {
  return detail::spawn_behaviour(detail::make_function_behaviour(std::move(body)),
                                 {.priority = options.priority})
      .pid;
}
Pid spawn_link(std::move_only_function<void()> body, SpawnOpt options) {
  return detail::spawn_behaviour(detail::make_function_behaviour(std::move(body)),
                                 {.link = true, .priority = options.priority})
      .pid;
}
std::pair<Pid, Ref> spawn_monitor(std::move_only_function<void()> body, SpawnOpt options) {
  const auto spawned = detail::spawn_behaviour(detail::make_function_behaviour(std::move(body)),
                                               {.monitor = true, .priority = options.priority});
  return {spawned.pid, spawned.monitor};
}

void exit(ExitReason reason) {
  require_process("exit");
  throw detail::ExitException(std::move(reason));
}

void exit(Pid target, ExitReason reason) {
  Process& self = require_process("exit");
  detail::send_exit(*self.node, self.pid(), target, std::move(reason), false);
  if (target != self.pid()) return;
  if (self.has_arrivals()) detail::drain(self);  // else something holds the signal up
  detail::raise_pending_exit(self);
}

void link(Pid other, LinkOptions options) {
  Process& self = require_process("link");
  if (other == self.pid()) return;
  if (options.priority) {
    self.more().priority_links.insert(other);
  } else if (self.extras) {
    self.extras->priority_links.erase(other);
  }
  if (!self.links.insert(other)) return;
  if (self.extras) self.extras->unlinking.erase(other);
  self.node->send(other, make_signal<detail::LinkSignal>(MessageKind::link, self.pid()));
}

void unlink(Pid other) {
  Process& self = require_process("unlink");
  if (!self.links.erase(other)) return;
  const std::uint64_t id = make_ref().id;
  self.more().unlinking[other] = id;
  self.extras->priority_links.erase(other);
  self.node->send(other, make_signal<detail::LinkSignal>(MessageKind::unlink, self.pid(), id));
}

namespace {

Ref monitor_as(Pid target, Name name, MonitorOptions options) {
  Process& self = require_process("monitor");
  const Ref ref = make_ref();
  if (options.alias != AliasMode::none) {
    self.more().aliases.emplace(
        ref, detail::ActiveAlias{.once = options.alias == AliasMode::reply_demonitor,
                                 .priority = options.priority,
                                 .monitor = ref});
  }
  if (target == self.pid()) return ref;  // inert, as in OTP
  self.more().monitors.emplace(ref, detail::Monitoring{.target = target,
                                                       .name = name,
                                                       .alias = options.alias,
                                                       .priority = options.priority,
                                                       .tag = std::move(options.tag)});
  self.node->send(target, make_signal<detail::MonitorSignal>(
                              MessageKind::monitor,
                              detail::Watcher{.pid = self.pid(), .ref = ref, .name = name}));
  return ref;
}

}  // namespace

Ref monitor(Pid target, MonitorOptions options) {
  return detail::is_name(target) ? monitor(detail::name_of(target), std::move(options))
                                 : monitor_as(detail::resolve(target), {}, std::move(options));
}
Ref monitor(Name target, MonitorOptions options) {
  return monitor_as(require_process("monitor").node->names().holder(target), target,
                    std::move(options));
}

bool demonitor(Ref ref, DownOptions options) {
  Process& self = require_process("demonitor");
  if (self.has_arrivals()) detail::drain(self);
  const bool active = detail::stop_monitor(self, ref);
  if (options.flush && !active) {
    detail::Message* checked = nullptr;
    const detail::MessagePtr flushed(
        detail::take_matching(self, &detail::is_down_of, &ref, checked));
  }
  return active;
}

bool trap_exit(bool on) { return std::exchange(require_process("trap_exit").trap_exit, on); }

Priority set_priority(Priority priority) {
  return std::exchange(require_process("set_priority").priority, priority);
}

void register_name(Name name, Pid pid) {
  detail::Node& node = detail::require_node("register_name");
  if (!name) throw std::invalid_argument("register_name: the empty name");
  if (const char* why = detail::claim_name(node, name, pid)) {
    throw std::invalid_argument("register_name `" + std::string(name.text()) + "` for " +
                                to_string(pid) + ": " + why);
  }
}

void unregister_name(Name name) {
  detail::Node& node = detail::require_node("unregister_name");
  const Pid holder = node.names().holder(name);
  detail::Process* process = node.table().slot(holder);
  std::uint32_t index = name.index();
  if (process == nullptr || !process->name.compare_exchange_strong(index, 0)) {
    throw std::invalid_argument("unregister_name `" + std::string(name.text()) +
                                "`: nobody holds it");
  }
  node.names().release(name, holder);
}

std::optional<Pid> whereis(Name name) {
  const Pid holder = detail::require_node("whereis").names().holder(name);
  return holder ? std::optional<Pid>(holder) : std::nullopt;
}

bool is_alive(Pid pid) { return detail::require_node("is_alive").is_alive(pid); }

void sleep(Timeout time) {
  Process& self = require_process("sleep");
  const auto nothing = [](void*) { return false; };
  detail::wait_for(self, detail::WakeOn::signal, detail::deadline_of(self, time), nothing, nullptr);
}

void yield() {
  Process& self = require_process("yield");
  if (self.has_signals()) detail::drain(self);
  detail::raise_pending_exit(self);
  detail::current_scheduler()->yield(self);
}

unsigned schedulers_online() {
  return detail::require_node("schedulers_online").schedulers().online();
}

unsigned set_schedulers_online(unsigned count) {
  constexpr unsigned most = detail::SchedulerGroup::max_online;
  if (count == 0 || count > most)
    throw std::invalid_argument("set_schedulers_online takes 1 to " + std::to_string(most) +
                                ", not " + std::to_string(count));
  return detail::require_node("set_schedulers_online").schedulers().set_online(count);
}

std::vector<Pid> callers() {
  const Process& self = require_process("callers");
  return self.extras ? self.extras->callers : std::vector<Pid>();
}
void detail::set_callers(std::vector<Pid> callers) {
  require_process("a task").more().callers = std::move(callers);
}

void set_label(std::string label) { require_process("set_label").more().label = std::move(label); }

std::optional<ProcessInfo> process_info(Pid pid, Timeout timeout) {
  Process& self = require_process("process_info");
  auto* call = make_signal<detail::InspectCall>(MessageKind::inspect);
  const std::unique_ptr<detail::CallBase, detail::MessageDeleter> answer(
      detail::exchange_request(self, pid, call, MessageKind::inspect, timeout));
  if (answer == nullptr || answer->state != static_cast<std::uint8_t>(detail::CallState::replied))
    return std::nullopt;
  return std::move(static_cast<detail::InspectCall&>(*answer).info);
}

}  // namespace otp
