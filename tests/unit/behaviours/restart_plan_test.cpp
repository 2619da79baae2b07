// restart_plan is pure, so it is enumerated: every strategy, every position of the failed child,
// every kind of children and reason, against what supervisor(3) says, stated anew.
#include "behaviours/restart_plan.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace otp::detail {
namespace {

constexpr std::size_t most_children = 3;

template <class Check>
void for_each_case(Check check) {
  const ExitReason reasons[] = {ExitReason::normal(), ExitReason::shutdown(),
                                ExitReason::shutdown("x"), ExitReason("died"),
                                ExitReason::killed()};
  for (std::size_t count = 1; count <= most_children; ++count) {
    // Of each child: restart type (3), running, down or waiting for its next try (3), significant
    // (2).
    std::size_t combinations = 1;
    for (std::size_t i = 0; i < count; ++i) combinations *= 18;
    for (std::size_t code = 0; code < combinations; ++code) {
      std::vector<PlannedChild> children;
      for (std::size_t i = 0, rest = code; i < count; ++i, rest /= 18) {
        children.push_back({.restart = static_cast<Restart>(rest % 3),
                            .running = rest / 3 % 3 == 0,
                            .significant = rest / 9 % 2 == 0,
                            .restarting = rest / 3 % 3 == 1});
      }
      for (std::size_t failed = 0; failed < count; ++failed) {
        children[failed].running = false;
        for (const auto strategy :
             {Strategy::one_for_one, Strategy::one_for_all, Strategy::rest_for_one}) {
          for (const auto automatic : {AutoShutdown::never, AutoShutdown::any_significant,
                                       AutoShutdown::all_significant}) {
            for (const ExitReason& reason : reasons)
              check(strategy, automatic, children, failed, reason);
          }
        }
      }
    }
  }
}

bool contains(const std::vector<std::size_t>& list, std::size_t index) {
  return std::ranges::find(list, index) != list.end();
}

TEST(RestartPlan, is_what_the_manual_says_in_every_case) {
  std::size_t cases = 0;
  for_each_case([&](Strategy strategy, AutoShutdown automatic,
                    const std::vector<PlannedChild>& children, std::size_t failed,
                    const ExitReason& reason) {
    ++cases;
    const RestartPlan plan = restart_plan(strategy, automatic, children, failed, reason);
    const Restart restart = children[failed].restart;
    const bool ordered = reason.is_normal() || reason.is_shutdown();
    const bool expected =
        restart == Restart::permanent || (restart == Restart::transient && !ordered);
    ASSERT_EQ(plan.restarts, expected);
    ASSERT_TRUE(std::ranges::is_sorted(plan.start));
    ASSERT_TRUE(std::ranges::is_sorted(plan.remove));
    ASSERT_TRUE(std::ranges::is_sorted(plan.stop, std::greater{}));
    for (std::size_t i = 0; i < children.size(); ++i) {
      const bool affected = i == failed || strategy == Strategy::one_for_all ||
                            (strategy == Strategy::rest_for_one && i > failed);
      const bool temporary = children[i].restart == Restart::temporary;
      ASSERT_EQ(contains(plan.stop, i), expected && affected && i != failed && children[i].running);
      ASSERT_EQ(contains(plan.start, i), expected && affected && !temporary);
      ASSERT_EQ(contains(plan.remove, i), temporary && (expected ? affected : i == failed));
    }
    bool others_run = false;
    for (std::size_t i = 0; i < children.size(); ++i) {
      others_run |=
          i != failed && children[i].significant && (children[i].running || children[i].restarting);
    }
    const bool ends = !expected && children[failed].significant &&
                      (automatic == AutoShutdown::any_significant ||
                       (automatic == AutoShutdown::all_significant && !others_run));
    ASSERT_EQ(plan.shuts_down, ends);
  });
  EXPECT_GT(cases, 700'000U);
}

}  // namespace
}  // namespace otp::detail
