#include "behaviours/supervision.h"

#include <cxxabi.h>

#include <algorithm>
#include <functional>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include <otp/detail/exit_exception.h>
#include <otp/receive.h>

#include "process/crash.h"

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

std::string milliseconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

std::string text(Shutdown shutdown) {
  if (shutdown.time == Duration::zero()) return "brutal_kill";
  if (shutdown.time == Duration::max()) return "infinity";
  return milliseconds(shutdown.time) + " ms";
}

}  // namespace

Shutdown shutdown_of(const ChildSpec& spec) {
  if (spec.shutdown) return *spec.shutdown;
  if (spec.type == ChildType::supervisor) return Shutdown::infinity();
  return Shutdown::after(std::chrono::seconds{5});
}

bool RestartWindow::add(Nanoseconds now) {
  while (!restarts_.empty() && now - restarts_.front() > period_) restarts_.pop_front();
  restarts_.push_back(now);
  return restarts_.size() <= intensity_;
}

Duration RestartDelay::next(const std::optional<Backoff>& backoff, TimePoint now) noexcept {
  if (!backoff) return Duration::zero();
  if (now - started_ >= backoff->longest) restarts_ = 0;
  Duration delay = backoff->first;
  for (unsigned i = 0; i < restarts_ && delay < backoff->longest; ++i) delay *= 2;
  ++restarts_;
  return std::min(delay, backoff->longest);
}

std::optional<ExitReason> fault_of(const ChildSpec& spec, AutoShutdown auto_shutdown) {
  if (!spec.start) return ExitReason("missing_start");
  if (spec.shutdown && spec.shutdown->time < Duration::zero())
    return ExitReason("{invalid_shutdown," + milliseconds(spec.shutdown->time) + "}");
  if (!spec.significant) return std::nullopt;
  if (spec.restart == Restart::permanent)
    return ExitReason("{bad_combination,[{restart,permanent},{significant,true}]}");
  if (auto_shutdown == AutoShutdown::never)
    return ExitReason("{bad_combination,[{auto_shutdown,never},{significant,true}]}");
  return std::nullopt;
}

std::optional<ExitReason> fault_of_period(Duration period) {
  if (period > Duration::zero()) return std::nullopt;
  return ExitReason("{supervisor_data,{invalid_period," + milliseconds(period) + "}}");
}

std::expected<StartedChild, StartError> Supervision::start(const ChildSpec& spec) const {
  std::expected<StartedChild, StartError> result(Pid{});
  const auto fail = [&](ExitReason reason) {
    result = std::unexpected(
        StartError{.kind = StartError::Kind::error, .reason = std::move(reason), .pid = {}});
  };
  try {
    result = spec.start();
  } catch (const ExitException& exit) {
    if (exit.from_signal()) throw;
    fail(exit.reason());
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    fail(reason_of_exception());
  }
  if (result) {
    if (reports_of(LogLevel::info)) {
      emit_report(ProgressReport{
          .supervisor = name_, .pid = self(), .child_id = spec.id, .child = result->pid});
    }
  } else if (!is_ignore(result.error())) {
    report(SupervisorReport::Context::start_error, spec, {}, result.error().as_reason());
  }
  return result;
}

void Supervision::stop(const ChildSpec& spec, Pid pid) const {
  const Duration limit = shutdown_of(spec).time;
  std::optional<ExitReason> reason;
  if (limit != Duration::zero()) {
    const Timeout wait = limit == Duration::max() ? otp::infinity : Timeout(limit);
    reason = stop_linked(pid, ExitReason::shutdown(), wait);
  }
  if (!reason) reason = stop_linked(pid, ExitReason::kill(), otp::infinity);
  report_stop(spec, pid, *reason);
}

void Supervision::stop_all(const std::vector<std::pair<const ChildSpec*, Pid>>& children) const {
  const TimePoint start = monotonic_time();
  const auto left = [&](Shutdown shutdown) -> Timeout {
    if (shutdown.time == Duration::max()) return otp::infinity;
    return shutdown.time - (monotonic_time() - start);
  };
  boost::unordered_flat_map<Pid, Stopping, std::hash<Pid>> stopping;
  std::vector<std::pair<Duration, Pid>> limits;  // the soonest last
  for (const auto& [spec, pid] : children) {
    const Duration limit = shutdown_of(*spec).time;
    // The monitor first: from here on the child's end is told by its Down. Its Exit comes only when
    // it was there already, and then before the Down.
    stopping.emplace(pid, Stopping{spec, otp::monitor(pid), std::nullopt});
    unlink(pid);
    exit(pid, limit == Duration::zero() ? ExitReason::kill() : ExitReason::shutdown());
    if (limit != Duration::zero() && limit != Duration::max()) limits.emplace_back(limit, pid);
  }
  std::ranges::sort(limits, std::greater{}, &std::pair<Duration, Pid>::first);
  while (!stopping.empty()) {
    while (!limits.empty() && !stopping.contains(limits.back().second)) limits.pop_back();
    const Timeout wait = limits.empty() ? otp::infinity : left({limits.back().first});
    receive(on_if([&](const Exit& exit) { return stopping.contains(exit.pid); },
                  [&](Exit exit) { stopping.at(exit.pid).exited = std::move(exit.reason); }),
            on_if(
                [&](const Down& down) {
                  const auto child = stopping.find(down.pid);
                  return child != stopping.end() && child->second.monitor == down.ref;
                },
                [&](Down down) {
                  const auto child = stopping.find(down.pid);
                  const auto& [spec, monitor, exited] = child->second;
                  report_stop(*spec, down.pid, exited ? *exited : down.reason);
                  stopping.erase(child);
                }),
            after(wait, [&] {
              exit(limits.back().second, ExitReason::kill());
              limits.pop_back();
            }));
  }
}

void Supervision::report_stop(const ChildSpec& spec, Pid pid, const ExitReason& reason) const {
  const bool is_permanent = spec.restart == Restart::permanent;
  const bool is_killed = shutdown_of(spec).time == Duration::zero();
  const bool asked_for = reason == ExitReason::shutdown() ||
                         (!is_permanent && (reason.is_shutdown() || reason.is_normal())) ||
                         (is_killed && reason == ExitReason::killed()) ||
                         reason == ExitReason::noproc();
  if (!asked_for) report(SupervisorReport::Context::shutdown_error, spec, pid, reason);
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
                               .shutdown = text(shutdown_of(spec)),
                               .type = spec.type == ChildType::worker ? "worker" : "supervisor"});
}

}  // namespace otp::detail
