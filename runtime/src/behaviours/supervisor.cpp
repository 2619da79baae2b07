// The supervisor of a list of children. It decides by restart_plan, and carries out.
//
// The list keeps the order in which children were first started, which is that of restarts and,
// reversed, of stops; a restarted child keeps its place. Two indexes lead into it, so that a child
// costs the same whether it has ten siblings or a hundred thousand: by id always, by pid while it
// runs. Only what concerns all siblings (one_for_all, rest_for_one, all_significant) walks the
// list.
#include <otp/supervisor.h>

#include <iterator>
#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "behaviours/operation_calls.h"
#include "behaviours/restart_plan.h"
#include "behaviours/starting.h"
#include "behaviours/supervision.h"

namespace otp {
namespace detail {
namespace {

/// To oneself: a restart that failed is tried again, after whatever waits already; one that is
/// `delayed` was decided upon before.
struct TryAgain : Message {
  std::string id;
  bool delayed = false;
};
constexpr MessageType try_again_type{.name = "try_again_restart",
                                     .interface = nullptr,
                                     .deliver = nullptr,
                                     .destroy = &destroy_message<TryAgain>};

class SupervisorProcess final : public StartedBehaviour {
 public:
  static constexpr const void* interface_id = &supervisor_interface;

  SupervisorProcess(SupervisorSpec spec, const StartOptions& options)
      : StartedBehaviour(options),
        supervision_("supervisor " + spec.name),
        strategy_(spec.strategy),
        auto_shutdown_(spec.auto_shutdown),
        window_(spec.intensity, spec.period),
        period_(spec.period),
        backoff_(spec.backoff),
        initial_(std::move(spec.children)) {}

  Flow start() override {
    trap_exit(true);
    if (!take_name()) return Flow::stop;
    if (auto fault = fault_of_period(period_)) return refuse_for(std::move(*fault));
    for (ChildSpec& spec : std::exchange(initial_, {})) {
      if (const auto fault = fault_of(spec, auto_shutdown_))
        return refuse_for(ExitReason("{start_spec," + to_string(*fault) + "}"));
      if (by_id_.contains(spec.id))
        return refuse_for(ExitReason("{start_spec,{duplicate_child_name," + spec.id + "}}"));
      add(std::move(spec));
    }
    for (auto child = children_.begin(); child != children_.end();) {
      const auto pid = supervision_.start(child->spec);
      if (!pid && !is_ignore(pid.error())) {
        std::string failed =
            "{failed_to_start_child," + child->spec.id + "," + to_string(pid.error()) + "}";
        stop_children();
        return refuse_for(ExitReason::shutdown(failed));
      }
      const auto started = child++;
      if (pid)
        runs(started, *pid);
      else if (started->spec.restart == Restart::temporary)
        remove(started);
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
      return try_again(again.id, again.delayed);
    }
    emit_report(
        WarningReport{.text = std::string("unknown message ") + message->type->name + " dropped",
                      .server = describe(),
                      .pid = self()});
    return Flow::wait;
  }

  void terminate(ExitReason&) override { stop_children(); }

  /// New flags and specs; nothing is started or stopped.
  std::expected<void, ExitReason> change_code(std::string_view, const std::any& extra) override {
    const auto* spec = std::any_cast<SupervisorSpec>(&extra);
    if (spec == nullptr) return {};
    if (auto fault = fault_of_period(spec->period)) return std::unexpected(std::move(*fault));
    for (const ChildSpec& child : spec->children) {
      if (auto fault = fault_of(child, spec->auto_shutdown))
        return std::unexpected(std::move(*fault));
    }
    strategy_ = spec->strategy;
    auto_shutdown_ = spec->auto_shutdown;
    window_.set(spec->intensity, spec->period);
    backoff_ = spec->backoff;
    for (const ChildSpec& child : spec->children) {
      if (const auto known = by_id_.find(child.id); known != by_id_.end()) {
        const Place place = known->second;
        by_id_.erase(known);  // its key is the spec's own text
        place->spec = child;
        by_id_.emplace(place->spec.id, place);
      } else {
        add(child);
      }
    }
    return {};
  }
  std::string describe() const override { return supervision_.name(); }

  // ---- Calls ----

  std::expected<StartedChild, ChildError> start_child(ChildSpec spec) {
    if (auto fault = fault_of(spec, auto_shutdown_)) {
      return refusal(ChildError::Kind::start, {},
                     {.kind = StartError::Kind::error, .reason = std::move(*fault), .pid = {}});
    }
    if (const auto present = by_id_.find(spec.id); present != by_id_.end()) {
      const Pid pid = present->second->pid;
      if (pid) return refusal(ChildError::Kind::already_started, pid);
      return refusal(ChildError::Kind::already_present);
    }
    const auto started = supervision_.start(spec);
    if (!started && !is_ignore(started.error()))
      return refusal(ChildError::Kind::start, {}, started.error());
    if (!started && spec.restart == Restart::temporary) return Pid{};
    const Place child = add(std::move(spec));
    if (!started) return Pid{};
    runs(child, started->pid);
    return *started;
  }

  std::expected<void, ChildError> terminate_child(const std::string& id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return std::unexpected(ChildError{});
    const Place child = found->second;
    child->restarting = false;
    stop(child);
    if (child->spec.restart == Restart::temporary) remove(child);
    return {};
  }

  std::expected<StartedChild, ChildError> restart_child(const std::string& id) {
    const auto child = find_stopped(id);
    if (!child) return std::unexpected(child.error());
    const auto started = supervision_.start((*child)->spec);
    if (!started && !is_ignore(started.error()))
      return refusal(ChildError::Kind::start, {}, started.error());
    if (!started) return Pid{};
    runs(*child, started->pid);
    return *started;
  }

  std::expected<void, ChildError> delete_child(const std::string& id) {
    const auto child = find_stopped(id);
    if (!child) return std::unexpected(child.error());
    remove(*child);
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

  std::expected<ChildSpec, ChildError> get_childspec(const std::string& id) const {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return std::unexpected(ChildError{});
    ChildSpec spec = found->second->spec;
    spec.shutdown = shutdown_of(spec);
    return spec;
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
    Pid pid;  ///< null while it does not run
    bool restarting = false;
    RestartDelay delay{};
  };
  using Place = std::list<Child>::iterator;

  static std::unexpected<ChildError> refusal(ChildError::Kind kind, Pid pid = {},
                                             StartError start = {}) {
    return std::unexpected(ChildError{.kind = kind, .pid = pid, .start = std::move(start)});
  }
  Flow refuse_for(ExitReason reason) {
    return refuse({.kind = StartError::Kind::error, .reason = std::move(reason), .pid = {}}, false);
  }

  // ---- The list and its indexes ----

  Place add(ChildSpec spec) {
    children_.push_back({.spec = std::move(spec), .pid = {}});
    const Place child = std::prev(children_.end());
    by_id_.emplace(child->spec.id, child);
    return child;
  }
  void runs(Place child, Pid pid) {
    child->pid = pid;
    if (backoff_) child->delay.started(monotonic_time());
    by_pid_.emplace(pid, child);
  }
  /// Its pid, which is none from now on.
  Pid ends(Place child) {
    by_pid_.erase(child->pid);
    return std::exchange(child->pid, {});
  }
  void remove(Place child) {
    by_id_.erase(child->spec.id);
    children_.erase(child);
  }
  void stop(Place child) {
    if (child->pid) supervision_.stop(child->spec, ends(child));
  }
  void stop_children() {
    for (auto child = children_.end(); child != children_.begin();) {
      --child;
      child->restarting = false;
      stop(child);
    }
  }

  /// A child that neither runs nor is about to.
  std::expected<Place, ChildError> find_stopped(const std::string& id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return std::unexpected(ChildError{});
    const Place child = found->second;
    if (child->restarting) return refusal(ChildError::Kind::restarting);
    if (child->pid) return refusal(ChildError::Kind::running, child->pid);
    return child;
  }

  // ---- Restarts ----

  Flow handle_exit(const Exit& exit) {
    if (exit.pid == parent() && exit.pid) {
      set_exit_reason(exit.reason);
      return Flow::stop;
    }
    const auto found = by_pid_.find(exit.pid);
    if (found == by_pid_.end()) return Flow::wait;
    const Place child = found->second;
    ends(child);
    if (exit.reason.is_abnormal() || child->spec.restart == Restart::permanent) {
      supervision_.report(SupervisorReport::Context::child_terminated, child->spec, exit.pid,
                          exit.reason);
    }
    return carry_out(child, exit.reason);
  }

  /// Whom the plan may concern, in start order: often `failed` alone.
  std::vector<Place> concerned_by(Place failed) {
    if (strategy_ == Strategy::one_for_one && auto_shutdown_ != AutoShutdown::all_significant)
      return {failed};
    std::vector<Place> all;
    for (auto child = children_.begin(); child != children_.end(); ++child) all.push_back(child);
    return all;
  }

  Flow carry_out(Place failed, const ExitReason& reason, bool delayed = false) {
    const std::vector<Place> places = concerned_by(failed);
    std::vector<PlannedChild> planned;
    std::size_t failed_index = 0;
    for (const Place child : places) {
      if (child == failed) failed_index = planned.size();
      planned.push_back({.restart = child->spec.restart,
                         .running = static_cast<bool>(child->pid),
                         .significant = child->spec.significant,
                         .restarting = child->restarting});
    }
    const RestartPlan plan = restart_plan(strategy_, auto_shutdown_, planned, failed_index, reason);
    if (plan.shuts_down) return give_up(ExitReason::shutdown());
    if (plan.restarts && !delayed && !window_.add(monotonic_time().time_since_epoch().count())) {
      supervision_.report(SupervisorReport::Context::shutdown, failed->spec, {},
                          ExitReason("reached_max_restart_intensity"));
      return give_up(ExitReason::shutdown().with_payload(ReachedMaxRestartIntensity{}));
    }
    for (const std::size_t index : plan.stop) stop(places[index]);
    for (const std::size_t index : plan.remove) remove(places[index]);
    if (plan.restarts && !delayed && backoff_) {
      failed->restarting = true;
      send_try_again(*failed, failed->delay.next(backoff_, monotonic_time()));
      return Flow::wait;
    }
    for (const std::size_t index : plan.start) {
      if (!restart(places[index])) break;  // those behind it start with its next try
    }
    return Flow::wait;
  }

  /// False: it did not start, and is tried again after whatever waits already.
  bool restart(Place child) {
    const auto pid = supervision_.start(child->spec);
    child->restarting = !pid && !is_ignore(pid.error());
    if (pid) runs(child, *pid);
    if (!child->restarting) return true;
    send_try_again(*child, std::nullopt);
    return false;
  }

  void send_try_again(const Child& child, std::optional<Duration> delay) {
    auto* again = make_message<TryAgain>(Message{}, child.spec.id, delay.has_value());
    again->type = &try_again_type;
    if (delay)
      send_message_at(monotonic_time() + *delay, self(), again);
    else
      send_message(self(), again);
  }

  Flow try_again(const std::string& id, bool delayed) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end() || !found->second->restarting) return Flow::wait;
    return carry_out(found->second, ExitReason("failed_to_restart"), delayed);
  }

  Flow give_up(ExitReason reason) {
    set_exit_reason(std::move(reason));
    return Flow::stop;
  }

  Supervision supervision_;
  Strategy strategy_;
  AutoShutdown auto_shutdown_;
  RestartWindow window_;
  Duration period_;
  std::optional<Backoff> backoff_;
  std::vector<ChildSpec> initial_;  ///< until start()
  std::list<Child> children_;       ///< in start order
  std::unordered_map<std::string_view, Place> by_id_;
  std::unordered_map<Pid, Place> by_pid_;
};

}  // namespace
}  // namespace detail

using detail::call_operation;
using detail::SupervisorProcess;

std::expected<StartedChild, ChildError> SupervisorRef::start_child(ChildSpec spec) const {
  return call_operation<SupervisorProcess>(*this, "start_child",
                                           [spec = std::move(spec)](SupervisorProcess& s) mutable {
                                             return s.start_child(std::move(spec));
                                           });
}
std::expected<void, ChildError> SupervisorRef::terminate_child(const std::string& id) const {
  return call_operation<SupervisorProcess>(
      *this, "terminate_child", [id](SupervisorProcess& s) { return s.terminate_child(id); });
}
std::expected<StartedChild, ChildError> SupervisorRef::restart_child(const std::string& id) const {
  return call_operation<SupervisorProcess>(
      *this, "restart_child", [id](SupervisorProcess& s) { return s.restart_child(id); });
}
std::expected<void, ChildError> SupervisorRef::delete_child(const std::string& id) const {
  return call_operation<SupervisorProcess>(
      *this, "delete_child", [id](SupervisorProcess& s) { return s.delete_child(id); });
}
std::vector<ChildInfo> SupervisorRef::which_children() const {
  return call_operation<SupervisorProcess>(*this, "which_children",
                                           [](SupervisorProcess& s) { return s.which_children(); });
}
std::expected<ChildSpec, ChildError> SupervisorRef::get_childspec(const std::string& id) const {
  return call_operation<SupervisorProcess>(
      *this, "get_childspec", [id](SupervisorProcess& s) { return s.get_childspec(id); });
}
ChildCounts SupervisorRef::count_children() const {
  return call_operation<SupervisorProcess>(*this, "count_children",
                                           [](SupervisorProcess& s) { return s.count_children(); });
}

std::expected<SupervisorRef, StartError> start_supervisor(SupervisorSpec spec,
                                                          const StartOptions& options) {
  const auto started =
      detail::start_behaviour(std::make_unique<SupervisorProcess>(std::move(spec), options),
                              options, {.link = true, .monitor = false, .trap_exit = true});
  if (!started) return std::unexpected(started.error());
  return SupervisorRef(started->pid);
}

}  // namespace otp
