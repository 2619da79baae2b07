// The supervisor of children that come and go: one_for_one, found by pid, in no order.
#include <otp/supervisor.h>

#include <unordered_map>
#include <utility>

#include "behaviours/operation_calls.h"
#include "behaviours/restart_plan.h"
#include "behaviours/starting.h"
#include "behaviours/supervision.h"

namespace otp {
namespace detail {
namespace {

/// To oneself: a restart that failed is tried again. Carries the pid the child had last.
struct TryAgain : Message {
  Pid former;
  bool delayed = false;  ///< and counted already
};
constexpr MessageType try_again_type{.name = "try_again_restart",
                                     .interface = nullptr,
                                     .deliver = nullptr,
                                     .destroy = &destroy_message<TryAgain>};

class DynamicSupervisorProcess final : public StartedBehaviour {
 public:
  static constexpr const void* interface_id = &dynamic_supervisor_interface;

  DynamicSupervisorProcess(DynamicSupervisorSpec spec, const StartOptions& options)
      : StartedBehaviour(options),
        supervision_("supervisor " + spec.name),
        window_(spec.intensity, spec.period),
        period_(spec.period),
        backoff_(spec.backoff),
        max_children_(spec.max_children) {}

  Flow start() override {
    trap_exit(true);
    if (!take_name()) return Flow::stop;
    if (auto fault = fault_of_period(period_)) {
      return refuse({.kind = StartError::Kind::error, .reason = std::move(*fault), .pid = {}},
                    false);
    }
    acknowledge();
    return Flow::wait;
  }

  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    switch (message->kind) {
      case MessageKind::call:
        return answer_operation(*this, std::move(message));
      case MessageKind::exit:
        return handle_exit(static_cast<ExitMessage&>(*message).exit);
      default:
        break;
    }
    if (message->type == &try_again_type) {
      const auto& again = static_cast<TryAgain&>(*message);
      return restart(again.former, again.delayed);
    }
    emit_report(
        WarningReport{.text = std::string("unknown message ") + message->type->name + " dropped",
                      .server = describe(),
                      .pid = self()});
    return Flow::wait;
  }

  void terminate(ExitReason&) override {
    std::vector<std::pair<const ChildSpec*, Pid>> running;
    for (const auto& [pid, child] : children_) {
      if (!child.restarting) running.emplace_back(&child.spec, pid);
    }
    supervision_.stop_all(running);
    children_.clear();
  }
  std::string describe() const override { return supervision_.name(); }

  std::expected<StartedChild, StartError> start_child(ChildSpec spec) {
    const auto refused = [](ExitReason reason) {
      return std::unexpected(
          StartError{.kind = StartError::Kind::error, .reason = std::move(reason), .pid = {}});
    };
    if (auto fault = fault_of(spec, AutoShutdown::never)) return refused(std::move(*fault));
    if (max_children_ && children_.size() >= *max_children_)
      return refused(ExitReason("max_children"));
    auto started = supervision_.start(spec);
    if (started) runs(started->pid, Child{.spec = std::move(spec)});
    return started;
  }

  std::expected<ChildSpec, ChildError> get_childspec(Pid pid) const {
    const auto child = children_.find(pid);
    if (child == children_.end()) return std::unexpected(ChildError{});
    ChildSpec spec = child->second.spec;
    spec.shutdown = shutdown_of(spec);
    return spec;
  }

  std::expected<void, ChildError> terminate_child(Pid pid) {
    const auto child = children_.find(pid);
    if (child == children_.end()) return std::unexpected(ChildError{});
    const Child stopped = std::move(child->second);
    children_.erase(child);
    if (!stopped.restarting) supervision_.stop(stopped.spec, pid);
    return {};
  }

  std::vector<ChildInfo> which_children() const {
    std::vector<ChildInfo> infos;
    for (const auto& [pid, child] : children_) {
      infos.push_back({.id = child.spec.id,
                       .pid = child.restarting ? std::nullopt : std::optional(pid),
                       .restarting = child.restarting,
                       .type = child.spec.type});
    }
    return infos;
  }

  ChildCounts count_children() const {
    ChildCounts counts{.specs = children_.size(), .active = 0, .supervisors = 0, .workers = 0};
    for (const auto& [pid, child] : children_) {
      counts.active += child.restarting ? 0 : 1;
      ++(child.spec.type == ChildType::supervisor ? counts.supervisors : counts.workers);
    }
    return counts;
  }

 private:
  struct Child {
    ChildSpec spec;
    bool restarting = false;
    RestartDelay delay{};
  };

  void runs(Pid pid, Child child) {
    child.restarting = false;
    if (backoff_) child.delay.started(monotonic_time());
    children_.emplace(pid, std::move(child));
  }

  void send_try_again(Pid former, std::optional<Duration> delay) {
    auto* again = make_message<TryAgain>(Message{}, former, delay.has_value());
    again->type = &try_again_type;
    if (delay)
      send_message_at(monotonic_time() + *delay, self(), again);
    else
      send_message(self(), again);
  }

  Flow handle_exit(const Exit& exit) {
    if (exit.pid == parent() && exit.pid) {
      set_exit_reason(exit.reason);
      return Flow::stop;
    }
    const auto child = children_.find(exit.pid);
    if (child == children_.end()) return Flow::wait;
    const ChildSpec& spec = child->second.spec;
    if (exit.reason.is_abnormal() || spec.restart == Restart::permanent) {
      supervision_.report(SupervisorReport::Context::child_terminated, spec, exit.pid, exit.reason);
    }
    if (!is_restarted(spec.restart, exit.reason)) {
      children_.erase(child);
      return Flow::wait;
    }
    child->second.restarting = true;
    return restart(exit.pid, false);
  }

  Flow restart(Pid former, bool delayed) {
    const auto child = children_.find(former);
    if (child == children_.end() || !child->second.restarting) return Flow::wait;
    if (!delayed && !window_.add(monotonic_time().time_since_epoch().count())) {
      supervision_.report(SupervisorReport::Context::shutdown, child->second.spec, {},
                          ExitReason("reached_max_restart_intensity"));
      set_exit_reason(ExitReason::shutdown().with_payload(ReachedMaxRestartIntensity{}));
      return Flow::stop;
    }
    if (backoff_ && !delayed) {
      send_try_again(former, child->second.delay.next(backoff_, monotonic_time()));
      return Flow::wait;
    }
    const auto pid = supervision_.start(child->second.spec);
    if (pid) {
      Child restarted = std::move(child->second);
      children_.erase(child);
      runs(pid->pid, std::move(restarted));
    } else if (is_ignore(pid.error())) {
      children_.erase(child);
    } else {
      send_try_again(former, std::nullopt);
    }
    return Flow::wait;
  }

  Supervision supervision_;
  RestartWindow window_;
  Duration period_;
  std::optional<Backoff> backoff_;
  std::optional<std::size_t> max_children_;
  std::unordered_map<Pid, Child> children_;
};

}  // namespace
}  // namespace detail

using detail::call_operation;
using detail::DynamicSupervisorProcess;

std::expected<StartedChild, StartError> DynamicSupervisorRef::start_child(ChildSpec spec) const {
  return call_operation<DynamicSupervisorProcess>(
      *this, "start_child", [spec = std::move(spec)](DynamicSupervisorProcess& s) mutable {
        return s.start_child(std::move(spec));
      });
}
std::expected<void, ChildError> DynamicSupervisorRef::terminate_child(Pid pid) const {
  return call_operation<DynamicSupervisorProcess>(
      *this, "terminate_child",
      [pid](DynamicSupervisorProcess& s) { return s.terminate_child(pid); });
}
std::vector<ChildInfo> DynamicSupervisorRef::which_children() const {
  return call_operation<DynamicSupervisorProcess>(
      *this, "which_children", [](DynamicSupervisorProcess& s) { return s.which_children(); });
}
std::expected<ChildSpec, ChildError> DynamicSupervisorRef::get_childspec(Pid pid) const {
  return call_operation<DynamicSupervisorProcess>(
      *this, "get_childspec", [pid](DynamicSupervisorProcess& s) { return s.get_childspec(pid); });
}
ChildCounts DynamicSupervisorRef::count_children() const {
  return call_operation<DynamicSupervisorProcess>(
      *this, "count_children", [](DynamicSupervisorProcess& s) { return s.count_children(); });
}

std::expected<DynamicSupervisorRef, StartError> start_dynamic_supervisor(
    DynamicSupervisorSpec spec, const StartOptions& options) {
  const auto started =
      detail::start_behaviour(std::make_unique<DynamicSupervisorProcess>(std::move(spec), options),
                              options, {.link = true, .monitor = false, .trap_exit = true});
  if (!started) return std::unexpected(started.error());
  return DynamicSupervisorRef(started->pid);
}

}  // namespace otp
