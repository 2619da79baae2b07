// The supervisor of a fixed list of children. It decides by restart_plan, and carries out.
#include <otp/supervisor.h>

#include <algorithm>
#include <utility>

#include "behaviours/restart_plan.h"
#include "behaviours/starting.h"
#include "behaviours/supervision.h"
#include "behaviours/supervisor_calls.h"

namespace otp {
namespace detail {
namespace {

/// To oneself: a restart that failed is tried again, after whatever waits already.
struct TryAgain : Message {
  std::string id;
};
constexpr MessageType try_again_type{.name = "try_again_restart",
                                     .interface = nullptr,
                                     .deliver = nullptr,
                                     .destroy = &destroy_message<TryAgain>};

class SupervisorProcess final : public StartedBehaviour {
 public:
  static constexpr const void* interface_id = &supervisor_interface;

  SupervisorProcess(SupervisorSpec spec, Name name)
      : StartedBehaviour(name),
        supervision_("supervisor " + spec.name),
        strategy_(spec.strategy),
        auto_shutdown_(spec.auto_shutdown),
        window_(spec.intensity, spec.period) {
    for (ChildSpec& child : spec.children) children_.push_back({std::move(child), {}, false});
  }

  Flow start() override {
    trap_exit(true);
    if (!take_name()) return Flow::stop;
    for (std::size_t i = 0; i < children_.size(); ++i) {
      const auto pid = supervision_.start(children_[i].spec);
      if (pid) {
        children_[i].pid = *pid;
      } else if (!is_ignore(pid.error())) {
        const std::string failed =
            "{failed_to_start_child," + children_[i].spec.id + "," + to_string(pid.error()) + "}";
        stop_children();
        return refuse(
            {.kind = StartError::Kind::error, .reason = ExitReason::shutdown(failed), .pid = {}},
            false);
      }
    }
    std::erase_if(children_, [](const Child& child) {
      return !child.pid && child.spec.restart == Restart::temporary;
    });
    acknowledge();
    return Flow::wait;
  }

  Flow handle(std::unique_ptr<Message, MessageDeleter> message) override {
    switch (message->kind) {
      case MessageKind::call:
        return answer_supervisor_call(std::move(message), interface_id, this);
      case MessageKind::exit:
        return handle_exit(static_cast<ExitMessage&>(*message).exit);
      case MessageKind::system:
        set_exit_reason(std::move(static_cast<StopMessage&>(*message).reason));
        return Flow::stop;
      default:
        break;
    }
    if (message->type == &try_again_type) return try_again(static_cast<TryAgain&>(*message).id);
    emit_report(
        WarningReport{.text = std::string("unknown message ") + message->type->name + " dropped",
                      .server = describe(),
                      .pid = self()});
    return Flow::wait;
  }

  void terminate(ExitReason&) override { stop_children(); }
  std::string describe() const override { return supervision_.name(); }

  // ---- Calls ----

  std::expected<Pid, ChildError> start_child(ChildSpec spec) {
    if (const Child* present = find(spec.id)) {
      if (present->pid)
        return std::unexpected(ChildError{
            .kind = ChildError::Kind::already_started, .pid = present->pid, .start = {}});
      return std::unexpected(
          ChildError{.kind = ChildError::Kind::already_present, .pid = {}, .start = {}});
    }
    const auto pid = supervision_.start(spec);
    if (!pid && !is_ignore(pid.error()))
      return std::unexpected(
          ChildError{.kind = ChildError::Kind::start, .pid = {}, .start = pid.error()});
    if (pid || spec.restart != Restart::temporary)
      children_.push_back({std::move(spec), pid.value_or(Pid{}), false});
    return pid.value_or(Pid{});
  }

  std::expected<void, ChildError> terminate_child(const std::string& id) {
    Child* child = find(id);
    if (child == nullptr) return std::unexpected(ChildError{});
    child->restarting = false;
    if (child->pid) supervision_.stop(child->spec, std::exchange(child->pid, {}));
    if (child->spec.restart == Restart::temporary) erase(*child);
    return {};
  }

  std::expected<Pid, ChildError> restart_child(const std::string& id) {
    Child* child = find(id);
    if (child == nullptr) return std::unexpected(ChildError{});
    if (child->restarting)
      return std::unexpected(
          ChildError{.kind = ChildError::Kind::restarting, .pid = {}, .start = {}});
    if (child->pid)
      return std::unexpected(
          ChildError{.kind = ChildError::Kind::running, .pid = child->pid, .start = {}});
    const auto pid = supervision_.start(child->spec);
    if (!pid && !is_ignore(pid.error()))
      return std::unexpected(
          ChildError{.kind = ChildError::Kind::start, .pid = {}, .start = pid.error()});
    child->pid = pid.value_or(Pid{});
    return child->pid;
  }

  std::expected<void, ChildError> delete_child(const std::string& id) {
    Child* child = find(id);
    if (child == nullptr) return std::unexpected(ChildError{});
    if (child->restarting)
      return std::unexpected(
          ChildError{.kind = ChildError::Kind::restarting, .pid = {}, .start = {}});
    if (child->pid)
      return std::unexpected(
          ChildError{.kind = ChildError::Kind::running, .pid = child->pid, .start = {}});
    erase(*child);
    return {};
  }

  std::vector<ChildInfo> which_children() const {
    std::vector<ChildInfo> infos;
    for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
      infos.push_back({.id = child->spec.id,
                       .pid = child->pid ? std::optional(child->pid) : std::nullopt,
                       .restarting = child->restarting,
                       .type = child->spec.type});
    }
    return infos;
  }

  ChildCounts count_children() const {
    ChildCounts counts{.specs = children_.size(), .active = 0, .supervisors = 0, .workers = 0};
    for (const Child& child : children_) {
      counts.active += child.pid ? 1 : 0;
      ++(child.spec.type == ChildType::supervisor ? counts.supervisors : counts.workers);
    }
    return counts;
  }

 private:
  struct Child {
    ChildSpec spec;
    Pid pid;
    bool restarting = false;
  };

  Child* find(const std::string& id) {
    const auto found = std::ranges::find(
        children_, id, [](const Child& child) -> const std::string& { return child.spec.id; });
    return found == children_.end() ? nullptr : &*found;
  }
  void erase(const Child& child) {
    children_.erase(children_.begin() + (&child - children_.data()));
  }

  void stop_children() {
    for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
      child->restarting = false;
      if (child->pid) supervision_.stop(child->spec, std::exchange(child->pid, {}));
    }
  }

  Flow handle_exit(const Exit& exit) {
    if (exit.pid == parent() && exit.pid) {
      set_exit_reason(exit.reason);
      return Flow::stop;
    }
    const auto child = std::ranges::find(children_, exit.pid, &Child::pid);
    if (child == children_.end() || !exit.pid) return Flow::wait;
    child->pid = {};
    if (exit.reason.is_abnormal() || child->spec.restart == Restart::permanent) {
      supervision_.report(SupervisorReport::Context::child_terminated, child->spec, exit.pid,
                          exit.reason);
    }
    return carry_out(static_cast<std::size_t>(child - children_.begin()), exit.reason);
  }

  Flow carry_out(std::size_t failed, const ExitReason& reason) {
    std::vector<PlannedChild> planned;
    for (const Child& child : children_) {
      planned.push_back({.restart = child.spec.restart,
                         .running = static_cast<bool>(child.pid),
                         .significant = child.spec.significant});
    }
    const RestartPlan plan = restart_plan(strategy_, auto_shutdown_, planned, failed, reason);
    if (plan.shuts_down) return give_up(ExitReason::shutdown());
    if (plan.restarts && !window_.add(machine_now())) {
      supervision_.report(SupervisorReport::Context::shutdown, children_[failed].spec, {},
                          ExitReason("reached_max_restart_intensity"));
      return give_up(ExitReason::shutdown().with_payload(ReachedMaxRestartIntensity{}));
    }
    for (const std::size_t index : plan.stop)
      supervision_.stop(children_[index].spec, std::exchange(children_[index].pid, {}));
    std::vector<std::string> starts;
    for (const std::size_t index : plan.start) starts.push_back(children_[index].spec.id);
    for (auto index = plan.remove.rbegin(); index != plan.remove.rend(); ++index) {
      children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(*index));
    }
    restart(starts);
    return Flow::wait;
  }

  /// Starts in order; the first that fails is tried again later, and those behind it with it.
  void restart(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      Child& child = *find(id);
      const auto pid = supervision_.start(child.spec);
      child.restarting = !pid && !is_ignore(pid.error());
      child.pid = pid.value_or(Pid{});
      if (!child.restarting) continue;
      auto* again = make_message<TryAgain>(Message{}, id);
      again->type = &try_again_type;
      send_message(self(), again);
      return;
    }
  }

  Flow try_again(const std::string& id) {
    const Child* child = find(id);
    if (child == nullptr || !child->restarting) return Flow::wait;
    return carry_out(static_cast<std::size_t>(child - children_.data()),
                     ExitReason("failed_to_restart"));
  }

  Flow give_up(ExitReason reason) {
    set_exit_reason(std::move(reason));
    return Flow::stop;
  }

  Supervision supervision_;
  Strategy strategy_;
  AutoShutdown auto_shutdown_;
  RestartWindow window_;
  std::vector<Child> children_;  ///< in start order
};

}  // namespace
}  // namespace detail

using detail::call_supervisor;
using detail::SupervisorProcess;

std::expected<Pid, ChildError> SupervisorRef::start_child(ChildSpec spec) const {
  return call_supervisor<SupervisorProcess>(*this, "start_child",
                                            [spec = std::move(spec)](SupervisorProcess& s) mutable {
                                              return s.start_child(std::move(spec));
                                            });
}
std::expected<void, ChildError> SupervisorRef::terminate_child(const std::string& id) const {
  return call_supervisor<SupervisorProcess>(
      *this, "terminate_child", [id](SupervisorProcess& s) { return s.terminate_child(id); });
}
std::expected<Pid, ChildError> SupervisorRef::restart_child(const std::string& id) const {
  return call_supervisor<SupervisorProcess>(
      *this, "restart_child", [id](SupervisorProcess& s) { return s.restart_child(id); });
}
std::expected<void, ChildError> SupervisorRef::delete_child(const std::string& id) const {
  return call_supervisor<SupervisorProcess>(
      *this, "delete_child", [id](SupervisorProcess& s) { return s.delete_child(id); });
}
std::vector<ChildInfo> SupervisorRef::which_children() const {
  return call_supervisor<SupervisorProcess>(
      *this, "which_children", [](SupervisorProcess& s) { return s.which_children(); });
}
ChildCounts SupervisorRef::count_children() const {
  return call_supervisor<SupervisorProcess>(
      *this, "count_children", [](SupervisorProcess& s) { return s.count_children(); });
}

std::expected<SupervisorRef, StartError> start_supervisor(SupervisorSpec spec,
                                                          const StartOptions& options) {
  const auto started =
      detail::start_behaviour(std::make_unique<SupervisorProcess>(std::move(spec), options.name),
                              options, {.link = true, .monitor = false, .trap_exit = true});
  if (!started) return std::unexpected(started.error());
  return SupervisorRef(started->pid);
}

}  // namespace otp
