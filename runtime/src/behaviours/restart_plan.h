// What a supervisor does when a child has ended: a pure function, so that it can be enumerated in a
// test. Source: supervisor(3), restart strategies; supervisor.erl, restart/2.
#pragma once

#include <cstddef>
#include <vector>

#include <otp/supervisor.h>

namespace otp::detail {

struct PlannedChild {
  Restart restart = Restart::permanent;
  bool running = true;
  bool significant = false;
  bool restarting = false;  ///< not running, but waits for its next try
};

struct RestartPlan {
  /// Counts against the intensity; stops and starts follow.
  bool restarts = false;
  /// The supervisor ends with `shutdown` instead.
  bool shuts_down = false;
  std::vector<std::size_t> stop;    ///< running siblings, in the order in which to stop them
  std::vector<std::size_t> remove;  ///< whose specs are dropped, ascending
  std::vector<std::size_t> start;   ///< in the order in which to start them
};

bool is_restarted(Restart restart, const ExitReason& reason) noexcept;

/// `children` in start order; `failed` has ended with `reason`, and is not running.
RestartPlan restart_plan(Strategy strategy, AutoShutdown auto_shutdown,
                         const std::vector<PlannedChild>& children, std::size_t failed,
                         const ExitReason& reason);

}  // namespace otp::detail
