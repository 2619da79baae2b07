// What a supervisor decides when the child in the middle has crashed.
#include <vector>

#include <benchmark/benchmark.h>

#include "behaviours/restart_plan.h"
#include "check.h"

namespace otp::detail {
namespace {

using otp_bench::check;

void plan(benchmark::State& state, Strategy strategy) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<PlannedChild> children(count);
  const std::size_t failed = count / 2;
  children[failed].running = false;
  const ExitReason reason("crashed");
  const std::size_t started = strategy == Strategy::one_for_one   ? 1
                              : strategy == Strategy::one_for_all ? count
                                                                  : count - failed;
  for (auto _ : state) {
    const RestartPlan made = restart_plan(strategy, AutoShutdown::never, children, failed, reason);
    check(made.start.size() == started, "another plan was expected");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(plan, one_for_one, Strategy::one_for_one)
    ->Name("restart_plan/one_for_one")
    ->Arg(10)
    ->Arg(1000);
BENCHMARK_CAPTURE(plan, rest_for_one, Strategy::rest_for_one)
    ->Name("restart_plan/rest_for_one")
    ->Arg(10)
    ->Arg(1000);
BENCHMARK_CAPTURE(plan, one_for_all, Strategy::one_for_all)
    ->Name("restart_plan/one_for_all")
    ->Arg(10)
    ->Arg(1000);

}  // namespace
}  // namespace otp::detail
