// SUP-001 to SUP-017, SUP-033 to SUP-036, SUP-040, SUP-042: specs, and children at run time.
#include "sup_support.h"

namespace otp::conformance {
namespace {

TEST_F(Sup, SUP_001_a_supervisor_starts_without_children_and_ends_with_its_parents_shutdown) {
  in_process([] {
    trap_exit(true);
    const SupervisorRef supervisor = start({});
    EXPECT_TRUE(supervisor.which_children().empty());
    exit(supervisor.address(), ExitReason::shutdown());
    EXPECT_EQ(next<Exit>().reason, ExitReason::shutdown());
  });
}

// There is no init of a supervisor to return anything else: its spec is a value. What is left is a
// spec that is faulty, and a taken name.
TEST_F(Sup, SUP_002_a_supervisor_that_cannot_start_says_so_and_sends_no_exit) {
  in_process([this] {
    trap_exit(true);
    const auto faulty = start_supervisor({.name = "S", .period = 0s});
    EXPECT_EQ(to_string(faulty.error()), "{supervisor_data,{invalid_period,0}}");
    const auto first = start_supervisor({.name = "S"}, {.name = "sup_002"}).value();
    const auto second =
        start_supervisor({.name = "S", .children = {child("a")}}, {.name = "sup_002"});
    EXPECT_EQ(second.error().kind, StartError::Kind::already_started);
    EXPECT_EQ(second.error().pid, first.address());
    EXPECT_TRUE(mailbox_is_empty());
    EXPECT_EQ(log->text(), "");
  });
}

TEST_F(Sup, SUP_003_a_child_that_does_not_start_stops_those_before_it) {
  in_process([this] {
    trap_exit(true);
    WorkerScript bad = worker("bad");
    bad.init = [](int) { return Init(stop(ExitReason("E"))); };
    const auto started = start_supervisor(
        {.name = "S", .children = {child("a"), child("b"), spec(bad), child("c")}});
    EXPECT_EQ(to_string(started.error()), "{shutdown,{failed_to_start_child,bad,E}}");
    EXPECT_TRUE(started.error().reason.is_shutdown());
    EXPECT_EQ(log->text(), "+a +b -b -a");
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Sup, SUP_004_a_spec_has_otps_defaults) {
  in_process([this] {
    ChildSpec killed = child("k");
    killed.shutdown = Shutdown::brutal_kill();
    ChildSpec nested = child("s");
    nested.type = ChildType::supervisor;
    const SupervisorRef supervisor = start({.children = {child("a"), killed, nested}});
    const ChildSpec plain = supervisor.get_childspec("a").value();
    EXPECT_EQ(plain.id, "a");
    EXPECT_EQ(plain.restart, Restart::permanent);
    EXPECT_EQ(plain.type, ChildType::worker);
    EXPECT_EQ(plain.shutdown->time, 5000ms);
    EXPECT_FALSE(plain.significant);
    EXPECT_EQ(supervisor.get_childspec("k")->shutdown->time, Shutdown::brutal_kill().time);
    EXPECT_EQ(supervisor.get_childspec("s")->shutdown->time, Shutdown::infinity().time);
    EXPECT_EQ(supervisor.get_childspec("none").error().kind, ChildError::Kind::not_found);
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_005_a_supervisor_has_elixirs_defaults) {
  in_process([] {
    trap_exit(true);
    const SupervisorSpec defaults;
    EXPECT_EQ(defaults.strategy, Strategy::one_for_one);
    EXPECT_EQ(defaults.intensity, 3U);
    EXPECT_EQ(defaults.period, 5s);
    EXPECT_EQ(defaults.auto_shutdown, AutoShutdown::never);
    const auto supervisor = sup_cases::Defaults::start_link().value();
    const Ref end = supervisor.monitor();
    for (int i = 0; i < 3; ++i) break_child(supervisor, supervisor.which_children().front().id);
    Worker(*supervisor.which_children().front().pid).end("died");
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
  });
}

// An unknown restart, shutdown or type does not compile; an id is there, if empty.
TEST_F(Sup, SUP_006_a_faulty_child_spec_is_refused_with_otps_reason) {
  in_process([this] {
    trap_exit(true);
    ChildSpec negative = child("n");
    negative.shutdown = Shutdown::after(-10ms);
    const std::vector<std::pair<ChildSpec, std::string>> faulty{
        {{.id = "m"}, "missing_start"}, {negative, "{invalid_shutdown,-10}"}};
    const SupervisorRef supervisor = start({});
    for (const auto& [spec, reason] : faulty) {
      const auto result = supervisor.start_child(spec);
      EXPECT_EQ(result.error().kind, ChildError::Kind::start);
      EXPECT_EQ(to_string(result.error().start), reason);
      EXPECT_EQ(to_string(start_supervisor({.children = {spec}}).error()),
                "{start_spec," + reason + "}");
    }
    EXPECT_EQ(to_string(start_supervisor({.children = {child("a"), child("a")}}).error()),
              "{start_spec,{duplicate_child_name,a}}");
    EXPECT_EQ(supervisor.count_children(), counts(0, 0, 0, 0));
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_007_every_legal_combination_is_accepted) {
  in_process([this] {
    const SupervisorRef supervisor = start({});
    std::size_t number = 0;
    for (const Restart restart : {Restart::permanent, Restart::transient, Restart::temporary}) {
      for (const Shutdown shutdown : {Shutdown::after(1ms), Shutdown::after(1s),
                                      Shutdown::infinity(), Shutdown::brutal_kill()}) {
        for (const ChildType type : {ChildType::worker, ChildType::supervisor}) {
          ChildSpec spec = child(std::to_string(++number), restart);
          spec.shutdown = shutdown;
          spec.type = type;
          EXPECT_TRUE(supervisor.start_child(spec).has_value());
        }
      }
    }
    EXPECT_EQ(supervisor.count_children(), counts(24, 24, 12, 12));
    supervisor.stop();
  });
}

// Another strategy, intensity or auto_shutdown than the legal ones does not compile.
TEST_F(Sup, SUP_008_a_period_must_be_positive) {
  in_process([] {
    trap_exit(true);
    EXPECT_EQ(to_string(start_supervisor({.period = 0s}).error()),
              "{supervisor_data,{invalid_period,0}}");
    EXPECT_EQ(to_string(start_supervisor({.period = -1s}).error()),
              "{supervisor_data,{invalid_period,-1000}}");
  });
}

TEST_F(Sup, SUP_009_a_child_that_ignores_keeps_its_spec) {
  in_process([this] {
    WorkerScript ignoring = worker("child1");
    ignoring.init = [](int) { return Init(ignore()); };
    const SupervisorRef supervisor = start({});
    EXPECT_EQ(supervisor.start_child(spec(ignoring))->pid, Pid{});
    const Pid second = supervisor.start_child(child("child2")).value();
    const auto children = supervisor.which_children();
    EXPECT_EQ(ids_of(children), (Ids{"child2", "child1"}));
    EXPECT_EQ(children[0].pid, second);
    EXPECT_EQ(children[1].pid, std::nullopt);
    EXPECT_EQ(supervisor.count_children(), counts(2, 1, 0, 2));
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_010_a_temporary_child_that_ignores_is_forgotten) {
  in_process([this] {
    WorkerScript ignoring = worker("t");
    ignoring.init = [](int) { return Init(ignore()); };
    const ChildSpec temporary = spec(ignoring, Restart::temporary);
    const SupervisorRef supervisor = start({.children = {temporary}});
    EXPECT_TRUE(supervisor.which_children().empty());
    EXPECT_EQ(supervisor.start_child(temporary)->pid, Pid{});
    EXPECT_TRUE(supervisor.which_children().empty());
    EXPECT_EQ(supervisor.count_children(), counts(0, 0, 0, 0));
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_011_an_id_that_is_taken_is_refused) {
  in_process([this] {
    const SupervisorRef supervisor = start({});
    const Pid pid = supervisor.start_child(child("c")).value();
    const auto running = supervisor.start_child(child("c"));
    EXPECT_EQ(running.error().kind, ChildError::Kind::already_started);
    EXPECT_EQ(running.error().pid, pid);
    EXPECT_TRUE(supervisor.terminate_child("c").has_value());
    EXPECT_EQ(supervisor.start_child(child("c")).error().kind, ChildError::Kind::already_present);
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_012_children_are_terminated_restarted_and_deleted_by_id) {
  in_process([this] {
    const SupervisorRef supervisor = start({.children = {child("c")}});
    const Pid first = pid_of(supervisor, "c");
    const Ref end = monitor(first);
    EXPECT_TRUE(supervisor.terminate_child("c").has_value());
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
    EXPECT_TRUE(supervisor.terminate_child("c").has_value());
    const Pid second = supervisor.restart_child("c").value();
    EXPECT_NE(second, first);
    EXPECT_EQ(supervisor.restart_child("c").error().kind, ChildError::Kind::running);
    EXPECT_EQ(supervisor.delete_child("c").error().kind, ChildError::Kind::running);
    EXPECT_TRUE(supervisor.terminate_child("c").has_value());
    EXPECT_TRUE(supervisor.delete_child("c").has_value());
    EXPECT_EQ(supervisor.restart_child("c").error().kind, ChildError::Kind::not_found);
    for (const auto& result : {supervisor.terminate_child("x"), supervisor.delete_child("x")}) {
      EXPECT_EQ(result.error().kind, ChildError::Kind::not_found);
    }
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_013_a_child_that_was_terminated_is_not_restarted) {
  in_process([this] {
    const SupervisorRef supervisor = start({.intensity = 0, .children = {child("c")}});
    EXPECT_TRUE(supervisor.terminate_child("c").has_value());
    EXPECT_EQ(info_of(supervisor, "c")->pid, std::nullopt);
    EXPECT_FALSE(info_of(supervisor, "c")->restarting);
    EXPECT_EQ(supervisor.count_children(), counts(1, 0, 0, 1));
    EXPECT_EQ(log->text(), "+c -c");
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_014_a_pid_is_no_id) {
  static_assert(
      !std::is_invocable_v<decltype(&SupervisorRef::terminate_child), SupervisorRef, Pid>);
  in_process([this] {
    const SupervisorRef supervisor = start({.children = {child("c")}});
    const Pid pid = pid_of(supervisor, "c");
    EXPECT_EQ(supervisor.terminate_child(to_string(pid)).error().kind, ChildError::Kind::not_found);
    EXPECT_TRUE(is_alive(pid));
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_015_a_supervisor_that_is_not_there_fails_the_call) {
  in_process([this] {
    const SupervisorRef nobody{Name("sup_015")};
    const auto reason_of = [](auto operation) {
      try {
        operation();
      } catch (const CallExit& exit) {
        return exit.error().reason;
      }
      return ExitReason("no failure");
    };
    EXPECT_EQ(reason_of([&] { nobody.which_children(); }), ExitReason::noproc());
    EXPECT_EQ(reason_of([&] { nobody.count_children(); }), ExitReason::noproc());
    EXPECT_EQ(reason_of([&] { static_cast<void>(nobody.start_child(child("c"))); }),
              ExitReason::noproc());
    EXPECT_EQ(reason_of([&] { static_cast<void>(nobody.terminate_child("c")); }),
              ExitReason::noproc());
    EXPECT_EQ(reason_of([&] { static_cast<void>(nobody.delete_child("c")); }),
              ExitReason::noproc());
  });
}

TEST_F(Sup, SUP_016_what_a_start_gives_besides_the_pid_reaches_who_asked_for_it) {
  in_process([this] {
    ChildSpec extra = child("e");
    extra.start = [start = extra.start]() -> std::expected<StartedChild, StartError> {
      return StartedChild(start()->pid, std::string("info"));
    };
    const SupervisorRef supervisor = start({});
    const auto info = [](const auto& started) {
      return std::any_cast<std::string>(started.value().info);
    };
    EXPECT_EQ(info(supervisor.start_child(extra)), "info");
    break_child(supervisor, "e");
    EXPECT_TRUE(supervisor.terminate_child("e").has_value());
    EXPECT_EQ(info(supervisor.restart_child("e")), "info");
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_017_children_are_listed_newest_first_and_keep_their_place) {
  in_process([this] {
    const SupervisorRef supervisor = start({.children = {child("a"), child("b"), child("c")}});
    EXPECT_EQ(ids_of(supervisor.which_children()), (Ids{"c", "b", "a"}));
    break_child(supervisor, "a");
    EXPECT_EQ(ids_of(supervisor.which_children()), (Ids{"c", "b", "a"}));
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_033_a_child_whose_restarts_fail_does_not_block_its_supervisor) {
  in_process([this] {
    WorkerScript hanging = worker("h");
    hanging.init = [](int start) {
      if (start > 1) {
        sleep(1ms);
        return Init(stop(ExitReason("not_yet")));
      }
      return Init(ok());
    };
    const auto starts = hanging.starts;
    const SupervisorRef supervisor =
        start({.intensity = 1'000'000, .period = 1h, .children = {spec(hanging)}});
    end_child(pid_of(supervisor, "h"), ExitReason("died"));
    ASSERT_TRUE(eventually([&] { return info_of(supervisor, "h")->restarting; }));
    EXPECT_EQ(supervisor.start_child(child("h")).error().kind, ChildError::Kind::already_present);
    EXPECT_EQ(supervisor.restart_child("h").error().kind, ChildError::Kind::restarting);
    EXPECT_EQ(supervisor.delete_child("h").error().kind, ChildError::Kind::restarting);
    EXPECT_EQ(supervisor.count_children(), counts(1, 0, 0, 1));
    EXPECT_TRUE(supervisor.terminate_child("h").has_value());
    EXPECT_FALSE(info_of(supervisor, "h")->restarting);
    EXPECT_EQ(info_of(supervisor, "h")->pid, std::nullopt);
    const int tries = *starts;
    supervisor.count_children();
    EXPECT_EQ(*starts, tries);
    supervisor.stop();
  });
}

/// Starts and terminates `count` children; the time that took.
Duration churn(int count) {
  const Duration begin = processor_time();
  const SupervisorRef supervisor = start_supervisor({.name = "S"}).value();
  const std::int64_t plain = script({});
  const auto start_worker = [plain]() -> std::expected<StartedChild, StartError> {
    return Worker::start_link({.script = plain}).value().address();
  };
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(
        supervisor.start_child({.id = std::to_string(i), .start = start_worker}).has_value());
  }
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(supervisor.terminate_child(std::to_string(i)).has_value());
  }
  supervisor.stop();
  return processor_time() - begin;
}

TEST_F(Sup, SUP_034_the_time_for_many_children_grows_linearly) {
  in_process([] {
    churn(200);
    const Duration few = churn(200);
    EXPECT_LT(churn(10'000), 10 * 50 * few);
  });
}

TEST_F(Sup, SUP_035_what_a_temporary_child_was_started_with_is_not_kept) {
  in_process([] {
    const auto kept_after_end = [](Restart restart) {
      const auto large = std::make_shared<std::string>(1'000'000, 'x');
      const std::weak_ptr<std::string> watch = large;
      const SupervisorRef supervisor = start_supervisor({.name = "S"}).value();
      ChildSpec child{
          .id = "c",
          .start = [large, plain = script({})]() -> std::expected<StartedChild, StartError> {
            return Worker::start_link({.script = plain}).value().address();
          },
          .restart = restart};
      const Pid pid = supervisor.start_child(std::move(child)).value();
      end_child(pid, ExitReason::normal());
      // `large` itself is one of its owners.
      eventually(
          [&] { return restart != Restart::temporary || supervisor.count_children().specs == 0; });
      const long owners = watch.use_count();
      supervisor.stop();
      return owners > 1;
    };
    EXPECT_TRUE(kept_after_end(Restart::transient));
    EXPECT_FALSE(kept_after_end(Restart::temporary));
  });
}

TEST_F(Sup, SUP_036_the_spec_of_a_temporary_child_vanishes_however_it_ends) {
  in_process([this] {
    const SupervisorRef supervisor = start({});
    const ChildSpec temporary = child("t", Restart::temporary);
    for (const ExitReason& reason : ends()) {
      end_child(supervisor.start_child(temporary).value(), reason);
      EXPECT_TRUE(eventually([&] { return supervisor.count_children().specs == 0; }));
    }
    EXPECT_TRUE(supervisor.start_child(temporary).has_value());
    EXPECT_TRUE(supervisor.terminate_child("t").has_value());
    EXPECT_TRUE(supervisor.start_child(temporary).has_value());
    for (const Restart restart : {Restart::permanent, Restart::transient}) {
      const ChildSpec kept = child(restart == Restart::permanent ? "p" : "tr", restart);
      EXPECT_TRUE(supervisor.start_child(kept).has_value());
      EXPECT_TRUE(supervisor.terminate_child(kept.id).has_value());
      EXPECT_EQ(supervisor.start_child(kept).error().kind, ChildError::Kind::already_present);
    }
    supervisor.stop();
  });
}

TEST_F(Sup, SUP_040_illegal_combinations_are_refused) {
  in_process([this] {
    trap_exit(true);
    ChildSpec transient = child("t", Restart::transient);
    transient.significant = true;
    ChildSpec permanent = child("p");
    permanent.significant = true;
    const std::string never = "{bad_combination,[{auto_shutdown,never},{significant,true}]}";
    EXPECT_EQ(to_string(start_supervisor({.children = {transient}}).error()),
              "{start_spec," + never + "}");
    EXPECT_EQ(to_string(start_supervisor({.auto_shutdown = AutoShutdown::any_significant,
                                          .children = {permanent}})
                            .error()),
              "{start_spec,{bad_combination,[{restart,permanent},{significant,true}]}}");
    const SupervisorRef supervisor = start({});
    EXPECT_EQ(to_string(supervisor.start_child(transient).error().start), never);
    const auto dynamic = start_dynamic_supervisor({.name = "D"}).value();
    EXPECT_EQ(to_string(dynamic.start_child(transient).error()), never);
    supervisor.stop();
    dynamic.stop();
  });
}

TEST_F(Sup, SUP_042_a_change_of_code_changes_flags_and_specs_and_starts_nothing) {
  in_process([this] {
    trap_exit(true);
    const SupervisorRef supervisor = start({.children = {child("stays"), child("gone")}});
    const Pid stays = pid_of(supervisor, "stays");
    const Pid gone = pid_of(supervisor, "gone");
    ChildSpec changed = child("stays", Restart::transient);
    changed.shutdown = Shutdown::after(7ms);
    const auto change = [&](std::any extra) {
      sys::suspend(supervisor);
      const auto result = sys::change_code(supervisor, "1", std::move(extra));
      sys::resume(supervisor);
      return result;
    };
    EXPECT_TRUE(change(SupervisorSpec{.strategy = Strategy::one_for_all,
                                      .intensity = 0,
                                      .children = {changed, child("new")}})
                    .has_value());
    EXPECT_EQ(supervisor.get_childspec("stays")->shutdown->time, 7ms);
    EXPECT_EQ(supervisor.get_childspec("stays")->restart, Restart::transient);
    EXPECT_EQ(pid_of(supervisor, "stays"), stays);
    EXPECT_EQ(pid_of(supervisor, "gone"), gone);
    EXPECT_EQ(pid_of(supervisor, "new"), Pid{});
    EXPECT_TRUE(supervisor.restart_child("new").has_value());
    EXPECT_TRUE(change({}).has_value());  // nothing new
    EXPECT_EQ(to_string(change(SupervisorSpec{.period = 0s}).error()),
              "{supervisor_data,{invalid_period,0}}");
    const Ref end = supervisor.monitor();
    Worker(gone).end("died");  // intensity 0 is in force
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
  });
}

}  // namespace
}  // namespace otp::conformance
