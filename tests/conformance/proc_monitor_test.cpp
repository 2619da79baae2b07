// PROC-017 to PROC-029: monitors.
#include "proc_support.h"

namespace otp::conformance {
namespace {

using Pids = std::vector<Pid>;

/// A process that ends with the reason it is sent.
Pid spawn_obedient() {
  return spawn([] { exit(next<ExitReason>()); });
}

TEST_F(Proc, PROC_017_a_down_carries_the_reason_and_comes_once) {
  in_process([] {
    const auto [returning, first] = spawn_monitor([] {});
    EXPECT_EQ(down_of(first).reason, ExitReason::normal());
    const auto [stopped, second] = spawn_monitor(&stay);
    exit(stopped, ExitReason("frop"));
    const Down down = down_of(second);
    EXPECT_EQ(down.pid, stopped);
    EXPECT_EQ(down.reason, ExitReason("frop"));
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_018_monitoring_the_dead_gives_noproc_whatever_they_died_of) {
  in_process([] {
    const auto [dead, first] = spawn_monitor([] { exit(ExitReason("its_reason")); });
    down_of(first);
    const Down down = down_of(monitor(dead));
    EXPECT_EQ(down.pid, dead);
    EXPECT_EQ(down.reason, ExitReason::noproc());
    EXPECT_EQ(down_of(monitor(Pid{})).reason, ExitReason::noproc());
  });
}

TEST_F(Proc, PROC_019_spawn_monitor_never_misses_the_reason) {
  in_process([] {
    for (int round = 0; round < 2000; ++round)
      ASSERT_EQ(down_of(spawn_monitor([] {}).second).reason, ExitReason::normal());
  });
}

TEST_F(Proc, PROC_020_a_down_of_a_monitor_by_name_names_the_name) {
  in_process([] {
    for (const ExitReason& reason : {ExitReason::normal(), ExitReason("frop")}) {
      const Pid holder = spawn_obedient();
      register_name("proc_020", holder);
      const Ref ref = monitor(Name("proc_020"));
      send(holder, reason);
      const Down down = down_of(ref);
      EXPECT_EQ(down.name, Name("proc_020"));
      EXPECT_EQ(down.reason, reason);
      EXPECT_EQ(whereis("proc_020"), std::nullopt);
    }
  });
}

TEST_F(Proc, PROC_021_monitoring_a_free_name_gives_noproc_with_the_name) {
  in_process([] {
    const Down down = down_of(monitor(Name("proc_021")));
    EXPECT_EQ(down.name, Name("proc_021"));
    EXPECT_EQ(down.reason, ExitReason::noproc());
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_022_monitoring_oneself_is_inert) {
  in_process([] {
    register_name("proc_022", self());
    const Ref by_pid = monitor(self());
    const Ref by_name = monitor(Name("proc_022"));
    EXPECT_NE(by_pid, by_name);
    EXPECT_TRUE(by_pid);
    EXPECT_EQ(process_info(self())->monitors, Pids{});
    EXPECT_TRUE(mailbox_is_empty());
    EXPECT_NO_THROW(demonitor(by_pid));
    EXPECT_NO_THROW(demonitor(by_name));
  });
}

TEST_F(Proc, PROC_023_monitors_are_independent_of_each_other) {
  in_process([] {
    const Pid target = spawn_obedient();
    std::vector<Ref> refs;
    for (int i = 0; i < 4; ++i) refs.push_back(monitor(target));
    EXPECT_TRUE(demonitor(refs[0]));
    send(target, ExitReason("bang"));
    for (int i = 1; i < 4; ++i)
      EXPECT_EQ(down_of(refs[static_cast<std::size_t>(i)]).reason, ExitReason("bang"));
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_024_a_monitor_stopped_before_the_exit_says_nothing_and_may_be_stopped_again) {
  in_process([] {
    const Pid target = spawn_obedient();
    const Ref stopped = monitor(target);
    const Ref kept = monitor(target);
    EXPECT_TRUE(demonitor(stopped));
    EXPECT_FALSE(demonitor(stopped));
    send(target, ExitReason::normal());
    down_of(kept);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_025_flush_drops_a_queued_down_and_only_that_one) {
  in_process([] {
    const Pid target = spawn_obedient();
    const Ref flushed = monitor(target);
    const Ref kept = monitor(target);
    send(target, ExitReason("bang"));
    ASSERT_TRUE(eventually([] { return process_info(self())->message_queue_length == 2; }));
    EXPECT_FALSE(demonitor(flushed, flush));
    EXPECT_FALSE(demonitor(kept));
    EXPECT_EQ(next<Down>().ref, kept);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_026_only_its_owner_can_stop_a_monitor) {
  in_process([] {
    const Pid target = spawn([] {
      EXPECT_FALSE(demonitor(next<Ref>()));
      exit(ExitReason("bang"));
    });
    const Ref ref = monitor(target);
    send(target, ref);
    EXPECT_EQ(down_of(ref).reason, ExitReason("bang"));
  });
}

// What is no reference does not compile here.
TEST_F(Proc, PROC_027_stopping_an_unknown_monitor_has_no_effect) {
  in_process([] {
    EXPECT_FALSE(demonitor(make_ref()));
    EXPECT_FALSE(demonitor(make_ref(), flush));
    EXPECT_FALSE(demonitor(Ref{}));
  });
}

TEST_F(Proc, PROC_028_a_dying_watcher_leaves_no_monitor_behind) {
  in_process([] {
    const Pid watched = spawn(&stay);
    register_name("proc_028", watched);
    const Pid main = self();
    const auto [watcher, ref] = spawn_monitor([main] {
      monitor(Name("proc_028"));
      next<std::string>();
      throw std::runtime_error("crash");
    });
    EXPECT_TRUE(eventually([&] { return process_info(watched)->monitored_by == Pids{watcher}; }));
    send(watcher, std::string("crash"));
    down_of(ref);
    EXPECT_TRUE(eventually([&] { return process_info(watched)->monitored_by.empty(); }));
    EXPECT_EQ(process_info(watched)->message_queue_length, 0U);
    exit(watched, ExitReason::kill());
  });
}

TEST_F(Proc, PROC_029_both_sides_show_a_monitor_until_it_ends) {
  in_process([] {
    const Pid target = spawn_obedient();
    register_name("proc_029", target);
    for (const bool by_name : {false, true}) {
      const Ref ref = by_name ? monitor(Name("proc_029")) : monitor(target);
      EXPECT_EQ(process_info(self())->monitors, by_name ? Pids{} : Pids{target});
      EXPECT_EQ(process_info(self())->monitored_names,
                by_name ? std::vector<Name>{"proc_029"} : std::vector<Name>{});
      EXPECT_EQ(process_info(target)->monitored_by, Pids{self()});
      demonitor(ref);
      EXPECT_EQ(process_info(self())->monitors, Pids{});
      EXPECT_TRUE(process_info(self())->monitored_names.empty());
      EXPECT_EQ(process_info(target)->monitored_by, Pids{});
    }
    const Ref ref = monitor(target);
    send(target, ExitReason::normal());
    down_of(ref);
    EXPECT_EQ(process_info(self())->monitors, Pids{});
  });
}

}  // namespace
}  // namespace otp::conformance
