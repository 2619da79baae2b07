#include <otp/task.h>

#include <stdexcept>
#include <string>

#include <otp/runtime.h>

#include "behaviours/starting.h"

namespace otp {
namespace detail {

void run_task(Pid owner, std::vector<Pid> callers, const std::shared_ptr<TaskBody>& body) {
  set_callers(std::move(callers));
  // An owner that ends normally before it has said where to answer would leave the task waiting.
  const Ref watch = monitor(owner);
  std::optional<Alias> reply_to;
  receive(on([&](const TaskBegin& begin) { reply_to = begin.reply_to; }),
          on_if([&](const Down& down) { return down.ref == watch; },
                [](const Down& down) { otp::exit(ExitReason::shutdown(to_string(down.reason))); }));
  demonitor(watch, flush);
  (*body)(*reply_to);
}

std::vector<Pid> callers_of_task() {
  std::vector<Pid> callers = otp::callers();
  callers.insert(callers.begin(), self());
  return callers;
}

namespace {

/// A task that nobody waits for.
std::function<void()> lone_task(std::function<void()> f) {
  return [f = std::move(f), callers = callers_of_task()] {
    set_callers(callers);
    f();
  };
}

/// A lone task that has its name before its start returns.
class NamedTask final : public StartedBehaviour {
 public:
  NamedTask(std::function<void()> f, const StartOptions& options)
      : StartedBehaviour(options), f_(std::move(f)) {}

  Flow start() override {
    if (!take_name()) return Flow::stop;
    acknowledge();
    f_();
    return Flow::stop;
  }
  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    static_cast<void>(message);
    return Flow::stop;
  }
  std::string describe() const override { return "task"; }

 private:
  std::function<void()> f_;
};

}  // namespace

std::expected<ServerRef, StartError> start_task_process(std::function<void()> f,
                                                        const StartOptions& options) {
  const auto started = start_behaviour(
      std::make_unique<NamedTask>(lone_task(std::move(f)), options), options, {.link = true});
  if (!started) return std::unexpected(started.error());
  return ServerRef(started->pid);
}

void require_owner(Pid owner, Pid task) {
  if (owner == self()) return;
  throw std::invalid_argument("task " + to_string(task) + " belongs to " + to_string(owner) +
                              " and cannot be asked by " + to_string(self()));
}

void exit_awaiting(const char* what, Pid task, const ExitReason& reason, Timeout timeout) {
  std::string call = std::string("Task.") + what + " of " + to_string(task);
  if (!timeout.is_infinite()) {
    call += " within " +
            std::to_string(
                std::chrono::duration_cast<std::chrono::milliseconds>(timeout.value).count()) +
            " ms";
  }
  throw CallExit(CallError{.reason = reason, .call = std::move(call)});
}

std::optional<ExitReason> stop_task(Pid pid, Ref watch, Shutdown shutdown) {
  const bool brutal = shutdown.time == Duration::zero();
  std::optional<ExitReason> reason;
  if (!brutal) reason = stop_linked(pid, ExitReason::shutdown(), shutdown.time);
  if (!reason) reason = stop_linked(pid, ExitReason::kill(), infinity);
  if (reason == ExitReason::noproc()) {
    // How it had ended, its Down tells: that is here or, while its alias is on, on its way.
    const bool comes = unalias(alias_of(watch));
    if (auto down = await_down(watch, comes ? infinity : Timeout(Duration::zero())))
      reason = std::move(down->reason);
  }
  demonitor(watch, flush);
  const ExitReason asked_for = brutal ? ExitReason::killed() : ExitReason::shutdown();
  if (reason == asked_for) return std::nullopt;
  return reason;
}

std::size_t default_concurrency() { return schedulers_online(); }

void check_stream_options(const StreamOptions& options) {
  if (options.on_timeout == OnTimeout::ignore)
    throw std::invalid_argument("async_stream: on_timeout is `nothing` (exit) or `kill_task`");
}

}  // namespace detail

Pid start_task(std::function<void()> f) { return spawn(detail::lone_task(std::move(f))); }
Pid start_task_link(std::function<void()> f) { return spawn_link(detail::lone_task(std::move(f))); }

ChildSpec task_child_spec(std::string id, std::function<void()> f) {
  return {.id = std::move(id),
          .start = [f = std::move(f)]() -> std::expected<StartedChild, StartError> {
            return start_task_link(f);
          },
          .restart = Restart::temporary};
}

std::expected<Pid, StartError> TaskSupervisor::start_child(std::function<void()> f,
                                                           TaskChildOptions options) const {
  const auto run = detail::lone_task(std::move(f));
  return DynamicSupervisorRef::start_child(
      {.id = "task",
       .start = [run]() -> std::expected<StartedChild, StartError> { return spawn_link(run); },
       .restart = options.restart,
       .shutdown = options.shutdown});
}

Pid TaskSupervisor::start_task(std::shared_ptr<detail::TaskBody> body, Shutdown shutdown) const {
  const auto started = DynamicSupervisorRef::start_child(
      {.id = "task",
       .start = [owner = self(), callers = detail::callers_of_task(),
                 body = std::move(body)]() -> std::expected<StartedChild, StartError> {
         return spawn_link([=] { detail::run_task(owner, callers, body); });
       },
       .restart = Restart::temporary,
       .shutdown = shutdown});
  if (!started) {
    throw std::runtime_error("task supervisor " + to_string(address()) +
                             " cannot start a task: " + to_string(started.error()));
  }
  return *started;
}

std::expected<TaskSupervisor, StartError> start_task_supervisor(DynamicSupervisorSpec spec,
                                                                const StartOptions& options) {
  const auto started = start_dynamic_supervisor(std::move(spec), options);
  if (!started) return std::unexpected(started.error());
  return TaskSupervisor(started->address());
}

}  // namespace otp
