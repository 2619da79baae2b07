// Supervisors where it gets narrow: cut-off calls, mixed time limits, ends that cross. The cases of
// OTP's own suite are in tests/conformance.
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>
#include <otp/supervisor.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace otp {
namespace {

using namespace std::chrono_literals;

struct Nowhere final : ReportSink {
  void write(const Report&) noexcept override {}
};

class SupervisorEdgeTest : public ::testing::Test {
 protected:
  static void in_process(std::move_only_function<void()> body) {
    Runtime runtime({.schedulers = 2, .reports = std::make_shared<Nowhere>()});
    EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
  }
};

/// Obeys every exit signal.
ChildSpec plain(const std::string& id, Restart restart = Restart::permanent) {
  return {.id = id,
          .start = []() -> std::expected<Pid, StartError> {
            return spawn_link([] { receive_value<int>(); });
          },
          .restart = restart};
}
/// Told to end, it ends only once it gets a number besides.
ChildSpec reluctant(Shutdown shutdown) {
  return {.id = "reluctant",
          .start = []() -> std::expected<Pid, StartError> {
            const Pid starter = self();
            const Pid pid = spawn_link([starter] {
              trap_exit(true);
              send(starter, self());
              const Exit exit = receive_value<Exit>().value();
              receive_value<int>();
              otp::exit(exit.reason);
            });
            receive(on_if([pid](const Pid& from) { return from == pid; }, [](const Pid&) {}));
            return pid;
          },
          .restart = Restart::temporary,
          .shutdown = shutdown};
}
StartError error(const char* text) {
  return {.kind = StartError::Kind::error, .reason = ExitReason(text), .pid = {}};
}

TEST_F(SupervisorEdgeTest, a_client_learns_that_the_supervisor_was_killed_while_it_served_it) {
  in_process([] {
    trap_exit(true);
    const SupervisorRef supervisor = start_supervisor({.name = "S"}).value();
    const Pid test = self();
    ChildSpec endless = plain("endless");
    endless.start = [test]() -> std::expected<Pid, StartError> {
      send(test, std::string("starting"));
      sleep(infinity);
      return Pid{};
    };
    const auto [client, ref] =
        spawn_monitor([&] { static_cast<void>(supervisor.start_child(endless)); });
    receive_value<std::string>();
    exit(supervisor.address(), ExitReason::kill());
    const auto down = detail::await_down(ref, 5s);
    ASSERT_TRUE(down);
    EXPECT_EQ(down->reason.cause(), ExitReason::killed());
  });
}

// A significant child that waits for its next try is not down for good.
TEST_F(SupervisorEdgeTest, all_significant_waits_for_one_that_is_being_restarted) {
  in_process([] {
    trap_exit(true);
    auto allowed = std::make_shared<std::atomic<bool>>(true);
    ChildSpec fragile = plain("fragile", Restart::transient);
    fragile.significant = true;
    fragile.start = [allowed, start = fragile.start]() -> std::expected<Pid, StartError> {
      return *allowed ? start() : std::unexpected(error("not_yet"));
    };
    ChildSpec other = plain("other", Restart::transient);
    other.significant = true;
    const SupervisorRef supervisor =
        start_supervisor({.name = "S",
                          .intensity = 1'000'000'000,
                          .auto_shutdown = AutoShutdown::all_significant,
                          .children = {fragile, other}})
            .value();
    const auto children = supervisor.which_children();
    *allowed = false;
    exit(*children[1].pid, ExitReason("broken"));
    const auto restarting = [&] { return supervisor.which_children()[1].restarting; };
    while (!restarting()) yield();
    exit(*children[0].pid, ExitReason::shutdown());
    while (is_alive(*children[0].pid)) yield();
    EXPECT_TRUE(restarting());
    *allowed = true;
    while (supervisor.count_children().active == 0) yield();
    const Ref ref = supervisor.monitor();
    exit(*supervisor.which_children()[1].pid, ExitReason::shutdown());
    EXPECT_EQ(detail::await_down(ref)->reason, ExitReason::shutdown());
  });
}

TEST_F(SupervisorEdgeTest, a_child_without_a_limit_does_not_prolong_the_limit_of_another) {
  in_process([] {
    const DynamicSupervisorRef supervisor = start_dynamic_supervisor({.name = "D"}).value();
    std::vector<Pid> patient;
    std::vector<Ref> limited;
    for (int i = 0; i < 8; ++i) {
      patient.push_back(supervisor.start_child(reluctant(Shutdown::infinity())).value());
      limited.push_back(monitor(supervisor.start_child(reluctant(Shutdown::after(10ms))).value()));
    }
    const auto [stopper, stopped] = spawn_monitor([supervisor] { supervisor.stop(); });
    for (const Ref ref : limited) EXPECT_EQ(detail::await_down(ref)->reason, ExitReason::killed());
    for (const Pid pid : patient) {
      EXPECT_TRUE(is_alive(pid));
      const Ref ref = monitor(pid);
      send(pid, 1);
      EXPECT_EQ(detail::await_down(ref)->reason, ExitReason::shutdown());
    }
    EXPECT_EQ(detail::await_down(stopped)->reason, ExitReason::normal());
  });
}

TEST_F(SupervisorEdgeTest, the_parents_end_ends_the_supervisor_and_its_children) {
  in_process([] {
    const Pid test = self();
    const auto [parent, ref] = spawn_monitor([test] {
      const auto supervisor = start_supervisor({.name = "S", .children = {plain("a")}}).value();
      send(test, *supervisor.which_children().front().pid);
      exit(ExitReason("gone"));
    });
    const Ref child_end = monitor(receive_value<Pid>().value());
    EXPECT_EQ(detail::await_down(ref)->reason, ExitReason("gone"));
    const ExitReason end = detail::await_down(child_end)->reason;
    EXPECT_TRUE(end == ExitReason::shutdown() || end == ExitReason::noproc());
  });
}

TEST_F(SupervisorEdgeTest, a_progress_report_is_made_for_a_sink_that_wants_it) {
  struct Count final : ReportSink {
    explicit Count(bool wanting) : wanting(wanting) {}
    void write(const Report& report) noexcept override {
      progress += std::holds_alternative<ProgressReport>(report) ? 1 : 0;
    }
    bool wants(LogLevel level) const noexcept override {
      return wanting || level <= LogLevel::warning;
    }
    const bool wanting;
    std::atomic<int> progress{0};
  };
  for (const bool wanting : {false, true}) {
    const auto sink = std::make_shared<Count>(wanting);
    Runtime runtime({.schedulers = 2, .reports = sink});
    runtime.run(
        [] { start_supervisor({.name = "S", .children = {plain("a"), plain("b")}}).value(); });
    EXPECT_EQ(sink->progress.load(), wanting ? 2 : 0);
  }
}

// EXIT of a child that had ended by itself tells more than the DOWN of a dead process.
TEST_F(SupervisorEdgeTest, an_end_just_before_the_stop_is_reported_with_its_own_reason) {
  struct Collect final : ReportSink {
    void write(const Report& report) noexcept override {
      const auto* supervisor = std::get_if<SupervisorReport>(&report);
      if (supervisor != nullptr && supervisor->context == SupervisorReport::Context::shutdown_error)
        reasons.push_back(supervisor->reason);
    }
    std::vector<ExitReason> reasons;
  };
  const auto sink = std::make_shared<Collect>();
  Runtime runtime({.schedulers = 2, .reports = sink});
  const ExitReason end = runtime.run([] {
    const SupervisorRef supervisor =
        start_supervisor({.name = "S", .children = {plain("a")}}).value();
    const Pid child = *supervisor.which_children().front().pid;
    // Holds the supervisor up until first the request to stop the child waits, then its EXIT.
    ChildSpec deadly = plain("deadly");
    deadly.start = [supervisor, child]() -> std::expected<Pid, StartError> {
      spawn([supervisor] { static_cast<void>(supervisor.terminate_child("a")); });
      while (process_info(self())->message_queue_length == 0) yield();
      const Ref ref = monitor(child);
      exit(child, ExitReason("broken"));
      static_cast<void>(detail::await_down(ref));
      return std::unexpected(StartError{.kind = StartError::Kind::ignore, .reason = {}, .pid = {}});
    };
    EXPECT_TRUE(supervisor.start_child(deadly));
    EXPECT_EQ(supervisor.count_children().active, 0U);
    supervisor.stop();
  });
  EXPECT_EQ(end, ExitReason::normal());
  EXPECT_EQ(sink->reasons, std::vector{ExitReason("broken")});
}

}  // namespace
}  // namespace otp
