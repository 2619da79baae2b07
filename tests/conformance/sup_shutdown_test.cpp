// SUP-029 to SUP-031, SUP-037 to SUP-039, SUP-041: how supervisors end.
#include "sup_support.h"

namespace otp::conformance {
namespace {

/// Lets a worker that is stopping go on.
struct GoOn {};

TEST_F(Sup, SUP_029_infinity_waits_for_as_long_as_it_takes) {
  in_process([this] {
    trap_exit(true);
    const Pid test = self();
    std::vector<ChildSpec> children;
    for (const ChildType type : {ChildType::worker, ChildType::supervisor}) {
      WorkerScript slow = worker(type == ChildType::worker ? "w" : "s");
      slow.stopping = [test] {
        send(test, self());
        receive_value<GoOn>();
      };
      ChildSpec slow_child = spec(slow);
      slow_child.shutdown = Shutdown::infinity();
      slow_child.type = type;
      children.push_back(slow_child);
    }
    const SupervisorRef supervisor = start({.children = children});
    const Ref end = supervisor.monitor();
    const std::vector<Ref> ends{monitor(pid_of(supervisor, "w")), monitor(pid_of(supervisor, "s"))};
    exit(supervisor.address(), ExitReason::shutdown());
    for (int i = 0; i < 2; ++i) {
      const Pid stopping = next<Pid>();
      EXPECT_TRUE(is_alive(supervisor.address()));
      send(stopping, GoOn{});
    }
    for (const Ref ref : ends) EXPECT_EQ(down_of(ref).reason, ExitReason::shutdown());
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
  });
}

TEST_F(Sup, SUP_030_a_child_that_is_stuck_is_killed_when_its_time_is_over) {
  in_process([this] {
    trap_exit(true);
    WorkerScript stuck = worker("stuck");
    stuck.stopping = [] { receive_value<Never>(); };
    ChildSpec stuck_child = spec(stuck);
    stuck_child.shutdown = Shutdown::after(50ms);
    ChildSpec obedient = child("obedient");
    obedient.shutdown = Shutdown::after(1h);
    const SupervisorRef supervisor = start({.children = {obedient, stuck_child}});
    const Ref end = supervisor.monitor();
    const Ref end_of_stuck = monitor(pid_of(supervisor, "stuck"));
    const Ref end_of_obedient = monitor(pid_of(supervisor, "obedient"));
    const TimePoint begin = monotonic_time();
    exit(supervisor.address(), ExitReason::shutdown());
    EXPECT_EQ(down_of(end_of_stuck).reason, ExitReason::killed());
    EXPECT_GE(monotonic_time() - begin, 50ms);
    EXPECT_EQ(down_of(end_of_obedient).reason, ExitReason::shutdown());
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
  });
}

TEST_F(Sup, SUP_031_brutal_kill_asks_nobody) {
  in_process([this] {
    trap_exit(true);
    ChildSpec killed = child("killed");
    killed.shutdown = Shutdown::brutal_kill();
    const SupervisorRef supervisor = start({.children = {killed, child("told")}});
    const Ref end_of_killed = monitor(pid_of(supervisor, "killed"));
    const Ref end_of_told = monitor(pid_of(supervisor, "told"));
    supervisor.stop(ExitReason::shutdown());
    EXPECT_EQ(down_of(end_of_killed).reason, ExitReason::killed());
    EXPECT_EQ(down_of(end_of_told).reason, ExitReason::shutdown());
    EXPECT_EQ(log->text(), "+killed +told -told");  // terminate of the killed one did not run
  });
}

class AutoShutdownCase : public Sup {
 protected:
  ChildSpec significant(const std::string& id, Restart restart) const {
    ChildSpec made = child(id, restart);
    made.significant = true;
    return made;
  }
};

TEST_F(AutoShutdownCase, SUP_037_any_significant_child_that_ends_stops_all) {
  in_process([this] {
    trap_exit(true);
    const std::vector<std::pair<Restart, ExitReason>> runs{
        {Restart::transient, ExitReason::normal()},
        {Restart::transient, ExitReason::shutdown()},
        {Restart::transient, ExitReason::shutdown("x")},
        {Restart::temporary, ExitReason::normal()},
        {Restart::temporary, ExitReason("died")},
        {Restart::temporary, ExitReason::killed()}};
    for (const auto& [restart, reason] : runs) {
      const SupervisorRef supervisor =
          start({.auto_shutdown = AutoShutdown::any_significant,
                 .children = {child("a"), significant("s", restart), child("b")}});
      const Ref end = supervisor.monitor();
      log->take();
      end_child(pid_of(supervisor, "s"), reason);
      EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
      EXPECT_EQ(log->take(), reason == ExitReason::killed() ? "-b -a" : "-s -b -a");
    }
  });
}

TEST_F(AutoShutdownCase, SUP_037_a_significant_child_that_is_restarted_stops_nothing) {
  in_process([this] {
    const SupervisorRef supervisor = start({.auto_shutdown = AutoShutdown::any_significant,
                                            .children = {significant("s", Restart::transient)}});
    break_child(supervisor, "s", ExitReason("died"));
    EXPECT_TRUE(supervisor.terminate_child("s").has_value());  // nor one that is terminated
    EXPECT_EQ(supervisor.count_children(), counts(1, 0, 0, 1));
    supervisor.stop();
  });
}

TEST_F(AutoShutdownCase, SUP_038_all_significant_waits_for_the_last) {
  in_process([this] {
    trap_exit(true);
    for (const Restart restart : {Restart::transient, Restart::temporary}) {
      const SupervisorRef supervisor = start(
          {.auto_shutdown = AutoShutdown::all_significant,
           .children = {significant("s1", restart), significant("s2", restart), child("plain")}});
      const Ref end = supervisor.monitor();
      end_child(pid_of(supervisor, "s1"), ExitReason::normal());
      EXPECT_TRUE(eventually([&] { return supervisor.count_children().active == 2; }));
      end_child(pid_of(supervisor, "s2"), ExitReason::normal());
      EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
    }
  });
}

TEST_F(AutoShutdownCase, SUP_039_other_children_never_trigger_it) {
  in_process([this] {
    for (const AutoShutdown mode :
         {AutoShutdown::never, AutoShutdown::any_significant, AutoShutdown::all_significant}) {
      const SupervisorRef supervisor =
          start({.intensity = 100, .auto_shutdown = mode, .children = {}});
      for (const Restart restart : {Restart::transient, Restart::temporary}) {
        for (const ExitReason& reason : ends()) {
          const Pid pid = supervisor.start_child(child("c", restart)).value();
          end_child(pid, reason);
          EXPECT_TRUE(eventually([&] { return pid_of(supervisor, "c") != pid; }));
          EXPECT_TRUE(is_alive(supervisor.address()));
          static_cast<void>(supervisor.terminate_child("c"));
          static_cast<void>(supervisor.delete_child("c"));
        }
      }
      supervisor.stop();
    }
  });
}

TEST_F(AutoShutdownCase, SUP_041_it_propagates_upwards_over_significant_supervisors) {
  in_process([this] {
    trap_exit(true);
    for (const bool inner_is_significant : {true, false}) {
      ChildSpec inner{.id = "inner",
                      .start = [this]() -> std::expected<StartedChild, StartError> {
                        return start({.auto_shutdown = AutoShutdown::any_significant,
                                      .children = {significant("s", Restart::transient)}})
                            .address();
                      },
                      .restart = Restart::transient,
                      .type = ChildType::supervisor,
                      .significant = inner_is_significant};
      const SupervisorRef outer =
          start({.auto_shutdown = AutoShutdown::any_significant, .children = {inner}});
      const SupervisorRef inner_ref(pid_of(outer, "inner"));
      const Ref end_of_inner = inner_ref.monitor();
      const Ref end_of_outer = outer.monitor();
      end_child(pid_of(inner_ref, "s"), ExitReason::normal());
      EXPECT_EQ(down_of(end_of_inner).reason, ExitReason::shutdown());
      if (inner_is_significant) {
        EXPECT_EQ(down_of(end_of_outer).reason, ExitReason::shutdown());
      } else {
        EXPECT_TRUE(eventually([&] { return outer.count_children().active == 0; }));
        outer.stop();
      }
    }
  });
}

}  // namespace
}  // namespace otp::conformance
