#include "behaviours/supervision.h"

#include <exception>
#include <unordered_map>

#include <otp/detail/exit_exception.h>

namespace otp::detail {
namespace {

const char* text(Restart restart) {
  switch (restart) {
    case Restart::permanent:
      return "permanent";
    case Restart::transient:
      return "transient";
    case Restart::temporary:
      return "temporary";
  }
  return "";
}

std::string text(Shutdown shutdown) {
  if (shutdown.time == Duration::zero()) return "brutal_kill";
  if (shutdown.time == Duration::max()) return "infinity";
  return std::to_string(
             std::chrono::duration_cast<std::chrono::milliseconds>(shutdown.time).count()) +
         " ms";
}

}  // namespace

bool RestartWindow::add(Nanoseconds now) {
  while (!restarts_.empty() && now - restarts_.front() > period_) restarts_.pop_front();
  restarts_.push_back(now);
  return restarts_.size() <= intensity_;
}

std::expected<Pid, StartError> Supervision::start(const ChildSpec& spec) const {
  std::expected<Pid, StartError> result;
  try {
    result = spec.start();
  } catch (const ExitException& exit) {
    if (exit.from_signal()) throw;
    result = std::unexpected(
        StartError{.kind = StartError::Kind::error, .reason = exit.reason(), .pid = {}});
  } catch (const std::exception& error) {
    result = std::unexpected(StartError{.kind = StartError::Kind::error,
                                        .reason = ExitReason::error("exception", error.what()),
                                        .pid = {}});
  }
  if (result) {
    emit_report(
        ProgressReport{.supervisor = name_, .pid = self(), .child_id = spec.id, .child = *result});
  } else if (!is_ignore(result.error())) {
    report(SupervisorReport::Context::start_error, spec, {}, result.error().as_reason());
  }
  return result;
}

void Supervision::stop(const ChildSpec& spec, Pid pid) const { stop_all({{&spec, pid}}); }

void Supervision::stop_all(const std::vector<std::pair<const ChildSpec*, Pid>>& children) const {
  struct Stopping {
    const ChildSpec* spec;
    Pid pid;
    Ref monitor;
    bool killed;
  };
  std::vector<Stopping> stopping;
  stopping.reserve(children.size());
  const auto start = std::chrono::steady_clock::now();
  for (const auto& [spec, pid] : children) {
    // The monitor first: from here on the child's end is told by its Down, and by nothing else.
    const Ref ref = monitor(pid);
    unlink_and_flush(pid);
    const bool kill = spec->shutdown.time == Duration::zero();
    exit(pid, kill ? ExitReason::kill() : ExitReason::shutdown());
    stopping.push_back({spec, pid, ref, kill});
  }
  for (Stopping& each : stopping) {
    const bool limited = !each.killed && each.spec->shutdown.time != Duration::max();
    std::optional<Down> down;
    if (limited) {
      const auto left = each.spec->shutdown.time - (std::chrono::steady_clock::now() - start);
      down = await_down(each.monitor, left);
      if (!down) exit(each.pid, ExitReason::kill());
    }
    if (!down) down = await_down(each.monitor);
    const bool asked_for = down->reason.is_shutdown() || down->reason == ExitReason::noproc() ||
                           (down->reason.is_normal() && each.spec->restart != Restart::permanent) ||
                           (each.killed && down->reason == ExitReason::killed());
    if (!asked_for)
      report(SupervisorReport::Context::shutdown_error, *each.spec, each.pid, down->reason);
  }
}

void Supervision::report(SupervisorReport::Context context, const ChildSpec& spec, Pid child,
                         const ExitReason& reason) const {
  emit_report(SupervisorReport{.supervisor = name_,
                               .pid = self(),
                               .context = context,
                               .reason = reason,
                               .child_id = spec.id,
                               .child = child,
                               .restart = text(spec.restart),
                               .shutdown = text(spec.shutdown),
                               .type = spec.type == ChildType::worker ? "worker" : "supervisor"});
}

}  // namespace otp::detail
