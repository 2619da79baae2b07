// What tests in virtual time share.
#pragma once

#include <otp/receive.h>
#include <otp/testing/simulation.h>

#include <functional>
#include <utility>

#include <gtest/gtest.h>

namespace otp {

inline void simulated(std::move_only_function<void()> body) {
  testing::Simulation simulation;
  EXPECT_EQ(simulation.run(std::move(body)), ExitReason::normal());
}
/// Returns when it is over.
inline void crash(Pid pid) {
  const Ref end = monitor(pid);
  exit(pid, ExitReason("crash"));
  detail::await_down(end);
}

}  // namespace otp
