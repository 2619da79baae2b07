// SUP-018 to SUP-028, SUP-032: restarts.
#include "sup_support.h"

namespace otp::conformance {
namespace {

TEST_F(Sup, SUP_018_a_permanent_child_is_always_restarted) {
  in_process([this] {
    const SupervisorRef supervisor = start({.intensity = 100, .children = {child("p")}});
    for (const ExitReason& reason : ends()) {
      break_child(supervisor, "p", reason);
      EXPECT_EQ(supervisor.count_children(), counts(1, 1, 0, 1));
    }
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_019_a_transient_child_is_restarted_after_an_abnormal_end) {
  in_process([this] {
    const SupervisorRef supervisor =
        start({.intensity = 100, .children = {child("t", Restart::transient)}});
    for (const ExitReason& reason : ends()) {
      if (reason.is_abnormal()) {
        break_child(supervisor, "t", reason);
        continue;
      }
      end_child(pid_of(supervisor, "t"), reason);
      EXPECT_TRUE(eventually([&] { return !pid_of(supervisor, "t"); }));
      EXPECT_EQ(supervisor.count_children(), counts(1, 0, 0, 1));
      EXPECT_TRUE(supervisor.restart_child("t").has_value());
    }
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_020_a_temporary_child_is_never_restarted) {
  in_process([this] {
    const SupervisorRef supervisor = start({});
    for (const ExitReason& reason : ends()) {
      end_child(supervisor.start_child(child("t", Restart::temporary)).value(), reason);
      EXPECT_TRUE(eventually([&] { return supervisor.which_children().empty(); }));
      EXPECT_EQ(supervisor.count_children(), counts(0, 0, 0, 0));
    }
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_021_one_restart_too_many_ends_the_supervisor) {
  in_process([this] {
    trap_exit(true);
    const SupervisorRef supervisor =
        start({.intensity = 2, .period = 1h, .children = {child("a"), child("b")}});
    const Ref end = supervisor.monitor();
    break_child(supervisor, "a");
    const Pid a = break_child(supervisor, "a");
    const Pid b = pid_of(supervisor, "b");
    const Ref end_of_b = monitor(b);
    Worker(a).end("died");
    EXPECT_EQ(down_of(end_of_b).reason, ExitReason::shutdown());
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
  });
}

TEST_F(Sup, SUP_022_the_limit_is_a_sliding_window) {
  in_process([this] {
    const SupervisorRef supervisor =
        start({.intensity = 1, .period = 50ms, .children = {child("c")}});
    for (int i = 0; i < 4; ++i) {
      break_child(supervisor, "c", ExitReason::killed());
      sleep(60ms);
    }
    EXPECT_TRUE(pid_of(supervisor, "c"));
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_023_one_for_one_leaves_siblings_alone) {
  in_process([this] {
    const SupervisorRef supervisor = start({.children = {child("child1"), child("child2")}});
    const Pid second = pid_of(supervisor, "child2");
    break_child(supervisor, "child1");
    EXPECT_EQ(pid_of(supervisor, "child2"), second);
    EXPECT_EQ(supervisor.count_children(), counts(2, 2, 0, 2));
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_024_one_for_all_restarts_all_as_one_restart) {
  in_process([this] {
    const SupervisorRef supervisor = start({.strategy = Strategy::one_for_all,
                                            .intensity = 1,
                                            .period = 1h,
                                            .children = {child("child1"), child("child2")}});
    const Pid second = pid_of(supervisor, "child2");
    break_child(supervisor, "child1");
    EXPECT_NE(restarted(supervisor, "child2", second), second);
    EXPECT_FALSE(is_alive(second));
    EXPECT_EQ(log->text(), "+child1 +child2 -child1 -child2 +child1 +child2");
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_025_rest_for_one_restarts_those_behind) {
  in_process([this] {
    const SupervisorRef supervisor =
        start({.strategy = Strategy::rest_for_one,
               .children = {child("child1"), child("child2"), child("child3")}});
    const Pid first = pid_of(supervisor, "child1");
    const Pid third = pid_of(supervisor, "child3");
    break_child(supervisor, "child2");
    restarted(supervisor, "child3", third);
    EXPECT_EQ(pid_of(supervisor, "child1"), first);
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_026_a_restart_that_keeps_failing_escalates) {
  in_process([this] {
    trap_exit(true);
    for (const Strategy strategy :
         {Strategy::one_for_one, Strategy::one_for_all, Strategy::rest_for_one}) {
      WorkerScript fragile = worker("f");
      fragile.init = [](int start) {
        return start == 1 ? Init(ok()) : Init(stop(ExitReason("no")));
      };
      const SupervisorRef supervisor = start({.strategy = strategy,
                                              .intensity = 4,
                                              .period = 1h,
                                              .children = {child("other"), spec(fragile)}});
      const Ref end = supervisor.monitor();
      const Ref other = monitor(pid_of(supervisor, "other"));
      Worker(pid_of(supervisor, "f")).end("died");
      EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
      EXPECT_EQ(down_of(other).reason, ExitReason::shutdown());
      EXPECT_EQ(*fragile.starts, 1 + 4);
    }
  });
}

TEST_F(Sup, SUP_027_a_member_that_fails_to_restart_takes_the_restarted_ones_down_again) {
  in_process([this] {
    WorkerScript second = worker("child2");
    second.init = [](int start) { return start == 2 ? Init(stop(ExitReason("no"))) : Init(ok()); };
    const SupervisorRef supervisor = start({.strategy = Strategy::one_for_all,
                                            .intensity = 5,
                                            .period = 1h,
                                            .children = {child("child1"), spec(second)}});
    log->take();
    Worker(pid_of(supervisor, "child1")).end("died");
    EXPECT_TRUE(eventually([&] { return *second.starts == 3; }));
    EXPECT_EQ(supervisor.count_children(), counts(2, 2, 0, 2));
    EXPECT_EQ(log->text(), "-child1 -child2 +child1 -child1 +child1 +child2");
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_028_children_start_in_order_and_stop_in_reverse) {
  in_process([this] {
    const SupervisorRef supervisor =
        start({.strategy = Strategy::rest_for_one,
               .children = {child("c"), child("a"), child("e"), child("b"), child("d")}});
    EXPECT_EQ(log->take(), "+c +a +e +b +d");
    break_child(supervisor, "e");
    EXPECT_TRUE(eventually([&] { return supervisor.count_children().active == 5; }));
    EXPECT_EQ(log->take(), "-e -d -b +e +b +d");
    supervisor.stop();
    EXPECT_EQ(log->take(), "-d -b -e -a -c");
  });
}

TEST_F(Sup, SUP_032_a_tree_escalates_and_its_static_children_come_back) {
  in_process([this] {
    const auto sub = [this](const std::string& id) {
      return ChildSpec{
          .id = id,
          .start = [this, id]() -> std::expected<StartedChild, StartError> {
            return start({.intensity = 1, .period = 1h, .children = {child(id + "_worker")}})
                .address();
          },
          .type = ChildType::supervisor};
    };
    const SupervisorRef top = start(
        {.strategy = Strategy::one_for_all, .children = {sub("sub1"), sub("sub2"), sub("sub3")}});
    EXPECT_TRUE(top.terminate_child("sub3").has_value());
    const SupervisorRef second(pid_of(top, "sub2"));
    EXPECT_TRUE(second.start_child(child("added")).has_value());
    const Pid first = pid_of(top, "sub1");
    const Ref end = second.monitor();
    break_child(second, "added");
    Worker(pid_of(second, "added")).end("died");
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
    restarted(top, "sub1", first);
    ASSERT_TRUE(eventually([&] { return top.count_children() == counts(3, 3, 3, 0); }));
    const SupervisorRef again(pid_of(top, "sub2"));
    EXPECT_EQ(ids_of(again.which_children()), Ids{"sub2_worker"});
    EXPECT_EQ(again.count_children().active, 1U);
    top.stop();
  });
}

}  // namespace
}  // namespace otp::conformance
