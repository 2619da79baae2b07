// Processes that do not give way for long are reported.
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>

#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "../reports.h"

namespace otp {
namespace {

using namespace std::chrono_literals;

Down await_down(Ref ref) {
  Down result;
  receive(on_if([ref](const Down& down) { return down.ref == ref; },
                [&](Down down) { result = std::move(down); }));
  return result;
}

#if defined(__SANITIZE_THREAD__)
constexpr bool can_look = false;  // it cannot know of memory barriers on all threads
#else
constexpr bool can_look = true;
#endif

TEST(LongTurns, are_reported_once_while_they_last) {
  if (!can_look) GTEST_SKIP() << "the monitor looks by membarrier(2)";
  const auto reports = std::make_shared<Reports>();
  Runtime runtime({.schedulers = 2, .long_schedule = 30ms, .reports = reports});
  std::atomic<bool> spins{true};
  Pid pid;
  Ref end;
  runtime.run([&] {
    const auto spun = spawn_monitor([&] {
      while (spins) {
      }
    });
    pid = spun.first;
    end = spun.second;
    reports->wait_for<WarningReport>([&](const WarningReport& each) { return each.pid == pid; });
    receive_value<int>(100ms);
    spins = false;
    EXPECT_EQ(await_down(end).reason, ExitReason::normal());
  });
  const auto report =
      reports->wait_for<WarningReport>([&](const WarningReport& each) { return each.pid == pid; });
  EXPECT_EQ(report.server, "process");
  EXPECT_TRUE(report.text.starts_with("it has not given way for ")) << report.text;
  EXPECT_GE(std::stoi(report.text.substr(25)), 30);
  EXPECT_EQ(reports->warnings_of(pid), 1);
}

TEST(LongTurns, are_not_those_of_a_process_that_gives_way) {
  const auto reports = std::make_shared<Reports>();
  Runtime runtime({.schedulers = 2, .long_schedule = 1s, .reports = reports});
  Pid pid;
  runtime.run([&pid] {
    pid = self();
    const TimePoint end = monotonic_time() + 1200ms;
    while (monotonic_time() < end) yield();
    receive_value<int>(100ms);
    blocking([] { usleep(1'200'000); });  // longer than the limit: nobody waits for an event here
  });
  EXPECT_EQ(reports->warnings_of(pid), 0);
}

TEST(LongTurns, looking_does_not_disturb_processes_that_come_and_go) {
  const auto reports = std::make_shared<Reports>();
  Runtime runtime({.schedulers = 4, .long_schedule = 1ms, .reports = reports});
  runtime.run([] {
    for (int round = 0; round < 20; ++round) {
      std::vector<Ref> ends;
      for (int i = 0; i < 20; ++i) {
        ends.push_back(spawn_monitor([] {
                         const TimePoint end = monotonic_time() + 500us;
                         while (monotonic_time() < end) {
                         }
                         for (volatile int n = 0; n < 1'000'000;) n = n + 1;
                       }).second);
      }
      for (const Ref ref : ends) EXPECT_EQ(await_down(ref).reason, ExitReason::normal());
    }
  });
}

}  // namespace
}  // namespace otp
