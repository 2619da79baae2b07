#include "behaviours/restart_plan.h"

#include <algorithm>

namespace otp::detail {
namespace {

/// A significant child that ended by itself and is not restarted.
bool ends_supervisor(AutoShutdown auto_shutdown, const std::vector<PlannedChild>& children,
                     std::size_t failed) {
  if (!children[failed].significant || auto_shutdown == AutoShutdown::never) return false;
  if (auto_shutdown == AutoShutdown::any_significant) return true;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const bool lasts = children[i].running || children[i].restarting;
    if (i != failed && children[i].significant && lasts) return false;
  }
  return true;
}

}  // namespace

bool is_restarted(Restart restart, const ExitReason& reason) noexcept {
  return restart == Restart::permanent || (restart == Restart::transient && reason.is_abnormal());
}

RestartPlan restart_plan(Strategy strategy, AutoShutdown auto_shutdown,
                         const std::vector<PlannedChild>& children, std::size_t failed,
                         const ExitReason& reason) {
  RestartPlan plan;
  if (!is_restarted(children[failed].restart, reason)) {
    plan.shuts_down = ends_supervisor(auto_shutdown, children, failed);
    if (children[failed].restart == Restart::temporary) plan.remove.push_back(failed);
    return plan;
  }
  plan.restarts = true;
  const std::size_t first = strategy == Strategy::one_for_all ? 0 : failed;
  const std::size_t last = strategy == Strategy::one_for_one ? failed : children.size() - 1;
  for (std::size_t i = first; i <= last; ++i) {
    if (i != failed && children[i].running) plan.stop.push_back(i);
    if (children[i].restart == Restart::temporary)
      plan.remove.push_back(i);
    else
      plan.start.push_back(i);
  }
  std::ranges::reverse(plan.stop);
  return plan;
}

}  // namespace otp::detail
