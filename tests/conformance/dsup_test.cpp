// DSUP-001 to DSUP-021: dynamic supervisors.
#include "sup_support.h"

namespace otp::conformance {
namespace {

class DSup : public Sup {
 protected:
  static DynamicSupervisorRef start(DynamicSupervisorSpec given = {}) {
    given.name = "D";
    return start_dynamic_supervisor(std::move(given)).value();
  }
  static std::vector<Pid> pids_of(const DynamicSupervisorRef& supervisor) {
    std::vector<Pid> pids;
    for (const ChildInfo& each : supervisor.which_children()) pids.push_back(each.pid.value());
    return pids;
  }
  /// Ends one of its children and gives the pid of the one that takes its place.
  static Pid break_dynamic(const DynamicSupervisorRef& supervisor, Pid pid) {
    const auto before = pids_of(supervisor);
    end_child(pid, ExitReason("died"));
    Pid fresh;
    EXPECT_TRUE(eventually([&] {
      const auto now = supervisor.which_children();
      const auto found = std::ranges::find_if(now, [&](const ChildInfo& each) {
        return each.pid && std::ranges::find(before, *each.pid) == before.end();
      });
      if (found != now.end()) fresh = *found->pid;
      return static_cast<bool>(fresh);
    }));
    return fresh;
  }
};

TEST_F(DSup, DSUP_002_children_are_started_with_arguments_and_have_no_ids) {
  in_process([this] {
    trap_exit(true);
    const auto supervisor = sup_cases::DynamicDefaults::start_link().value();
    EXPECT_EQ(supervisor.count_children(), counts(0, 0, 0, 0));
    const auto first = supervisor.start_child({.script = script(worker("a"))}).value();
    const auto second = supervisor.start_child({.script = script(worker("b"))}).value();
    EXPECT_EQ(log->text(), "+a +b");
    EXPECT_EQ(supervisor.count_children(), counts(2, 2, 0, 2));
    auto pids = pids_of(supervisor);
    std::ranges::sort(pids);
    std::vector<Pid> expected{first.address(), second.address()};
    std::ranges::sort(expected);
    EXPECT_EQ(pids, expected);
    supervisor.stop();
  });
}

TEST_F(DSup, DSUP_003_a_spec_is_found_by_pid) {
  in_process([this] {
    const auto supervisor = start();
    const Pid a = supervisor.start_child(child("x", Restart::transient)).value();
    const Pid b = supervisor.start_child(child("x", Restart::transient)).value();
    for (const Pid pid : {a, b}) {
      const ChildSpec found = supervisor.get_childspec(pid).value();
      EXPECT_EQ(found.restart, Restart::transient);
      EXPECT_EQ(found.shutdown->time, 5000ms);
    }
    EXPECT_EQ(supervisor.get_childspec(self()).error().kind, ChildError::Kind::not_found);
    supervisor.stop();
  });
}

template <class T>
concept managed_by_id = requires(const T& supervisor) { supervisor.restart_child("x"); } ||
                        requires(const T& supervisor) { supervisor.delete_child("x"); } ||
                        requires(const T& supervisor) { supervisor.terminate_child("x"); };

TEST_F(DSup, DSUP_004_what_needs_an_id_does_not_compile) {
  static_assert(managed_by_id<SupervisorRef>);
  static_assert(!managed_by_id<DynamicSupervisorRef>);
}

TEST_F(DSup, DSUP_005_only_its_own_children_are_terminated) {
  in_process([this] {
    const auto supervisor = start();
    const Pid pid = supervisor.start_child(child("x")).value();
    EXPECT_TRUE(supervisor.terminate_child(pid).has_value());
    EXPECT_FALSE(is_alive(pid));
    const Pid foreign = spawn([] { stay(); });
    EXPECT_EQ(supervisor.terminate_child(foreign).error().kind, ChildError::Kind::not_found);
    EXPECT_TRUE(is_alive(foreign));
    exit(foreign, ExitReason::kill());
    supervisor.stop();
  });
}

TEST_F(DSup, DSUP_006_a_permanent_child_is_restarted_with_its_arguments_up_to_the_limit) {
  in_process([this] {
    trap_exit(true);
    const auto supervisor = start({.intensity = 2, .period = 1h});
    const Ref end = supervisor.monitor();
    const Pid sibling = supervisor.start_child(child("sibling")).value();
    Pid pid = supervisor.start_child(child("x")).value();
    log->take();
    for (int i = 0; i < 2; ++i) pid = break_dynamic(supervisor, pid);
    EXPECT_EQ(log->take(), "-x +x -x +x");
    EXPECT_TRUE(is_alive(sibling));
    Worker(pid).end("died");
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
  });
}

TEST_F(DSup, DSUP_007_a_child_that_ignores_is_not_kept) {
  in_process([this] {
    trap_exit(true);
    for (const Restart restart : {Restart::temporary, Restart::permanent}) {
      WorkerScript ignoring = worker("i");
      ignoring.init = [](int start) { return start == 1 ? Init(ignore()) : Init(ok()); };
      const ChildSpec template_spec = spec(ignoring, restart);
      const auto supervisor = start();
      EXPECT_EQ(supervisor.start_child(template_spec).error().kind, StartError::Kind::ignore);
      EXPECT_TRUE(supervisor.start_child(template_spec).has_value());
      EXPECT_EQ(supervisor.which_children().size(), 1U);
      const Ref end = supervisor.monitor();
      exit(supervisor.address(), ExitReason::shutdown());
      EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
    }
  });
}

TEST_F(DSup, DSUP_008_children_are_stopped_at_the_same_time) {
  in_process([this] {
    trap_exit(true);
    const auto stopping_for = [this](Duration time) {
      WorkerScript slow = worker("slow");
      slow.stopping = [time] { sleep(time); };
      ChildSpec made = spec(slow);
      made.shutdown = Shutdown::after(1s);
      return made;
    };
    const auto supervisor = start();
    std::vector<Ref> quick;
    for (int i = 0; i < 2; ++i)
      quick.push_back(monitor(supervisor.start_child(stopping_for(50ms)).value()));
    const Ref slow = monitor(supervisor.start_child(stopping_for(1h)).value());
    const TimePoint begin = monotonic_time();
    const Ref end = supervisor.monitor();
    exit(supervisor.address(), ExitReason::shutdown());
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
    EXPECT_GE(monotonic_time() - begin, 1s);
    EXPECT_LT(monotonic_time() - begin, patience);
    for (const Ref ref : quick) EXPECT_EQ(down_of(ref).reason, ExitReason::shutdown());
    EXPECT_EQ(down_of(slow).reason, ExitReason::killed());
  });
}

TEST_F(DSup, DSUP_009_time_outs_and_brutal_kill) {
  in_process([this] {
    trap_exit(true);
    const auto supervisor = start();
    WorkerScript stuck = worker("stuck");
    stuck.stopping = [] { receive_value<Never>(); };
    ChildSpec stuck_child = spec(stuck);
    stuck_child.shutdown = Shutdown::after(20ms);
    const Ref obedient = monitor(supervisor.start_child(child("obedient")).value());
    const Ref late = monitor(supervisor.start_child(stuck_child).value());
    std::vector<Ref> killed;
    ChildSpec brutal = child("brutal");
    brutal.shutdown = Shutdown::brutal_kill();
    for (int i = 0; i < 10; ++i) killed.push_back(monitor(supervisor.start_child(brutal).value()));
    const Ref end = supervisor.monitor();
    exit(supervisor.address(), ExitReason::shutdown());
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
    EXPECT_EQ(down_of(obedient).reason, ExitReason::shutdown());
    EXPECT_EQ(down_of(late).reason, ExitReason::killed());
    for (const Ref ref : killed) EXPECT_EQ(down_of(ref).reason, ExitReason::killed());
  });
}

// OTP counts one spec for all children, Elixir one for each; we follow Elixir.
TEST_F(DSup, DSUP_010_children_are_counted) {
  in_process([] {
    for (const ChildType type : {ChildType::worker, ChildType::supervisor}) {
      const auto supervisor = start({.intensity = 1'000'000});
      ChildSpec plain = spec({.id = "c", .log = nullptr}, Restart::temporary);
      plain.type = type;
      std::size_t started = 0;
      for (const std::size_t wanted : {200U, 400U}) {
        for (; started < wanted; ++started) ASSERT_TRUE(supervisor.start_child(plain).has_value());
        const bool workers = type == ChildType::worker;
        EXPECT_EQ(supervisor.count_children(),
                  counts(wanted, wanted, workers ? 0 : wanted, workers ? wanted : 0));
        EXPECT_EQ(supervisor.which_children().size(), wanted);
      }
      for (const Pid pid : pids_of(supervisor)) exit(pid, ExitReason::kill());
      EXPECT_TRUE(eventually([&] { return supervisor.count_children() == counts(0, 0, 0, 0); }));
      supervisor.stop();
    }
  });
}

TEST_F(DSup, DSUP_011_the_time_for_many_children_grows_linearly) {
  in_process([] {
    const auto churn = [](int count) {
      const Duration begin = processor_time();
      const auto supervisor = start();
      const ChildSpec plain = spec({.id = "c", .log = nullptr}, Restart::temporary);
      std::vector<Pid> pids;
      for (int i = 0; i < count; ++i) pids.push_back(supervisor.start_child(plain).value());
      for (const Pid pid : pids) EXPECT_TRUE(supervisor.terminate_child(pid).has_value());
      supervisor.stop();
      return processor_time() - begin;
    };
    churn(300);
    const Duration few = churn(300);
    EXPECT_LT(std::min({churn(3000), churn(3000), churn(3000)}), 50 * few);
  });
}

TEST_F(DSup, DSUP_012_defaults_are_elixirs) {
  const DynamicSupervisorSpec defaults;
  EXPECT_EQ(defaults.intensity, 3U);
  EXPECT_EQ(defaults.period, 5s);
  EXPECT_FALSE(defaults.max_children.has_value());
}

// Other values than these do not compile.
TEST_F(DSup, DSUP_013_a_faulty_limit_is_refused) {
  in_process([] {
    trap_exit(true);
    EXPECT_EQ(to_string(start_dynamic_supervisor({.period = 0s}).error()),
              "{supervisor_data,{invalid_period,0}}");
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(DSup, DSUP_014_what_a_start_gives_is_what_the_caller_gets) {
  in_process([] {
    const auto supervisor = start();
    const auto starting = [](auto result) {
      return ChildSpec{.id = "c", .start = [result]() -> std::expected<StartedChild, StartError> {
                         return result();
                       }};
    };
    const auto linked = [] { return spawn_link([] { stay(); }); };
    const auto extra = supervisor.start_child(
        starting([=] { return StartedChild(linked(), std::string("extra")); }));
    EXPECT_EQ(std::any_cast<std::string>(extra.value().info), "extra");
    EXPECT_TRUE(
        supervisor.start_child(starting([=] { return StartedChild(linked()); })).value().pid);
    EXPECT_EQ(supervisor.count_children().active, 2U);
    const auto failing = [&](StartError error) {
      return supervisor
          .start_child(starting([error]() -> std::expected<StartedChild, StartError> {
            return std::unexpected(error);
          }))
          .error();
    };
    EXPECT_EQ(failing({.kind = StartError::Kind::ignore}).kind, StartError::Kind::ignore);
    EXPECT_EQ(failing({.reason = ExitReason("found")}).reason, ExitReason("found"));
    EXPECT_EQ(supervisor.count_children().active, 2U);
    supervisor.stop();
  });
}

TEST_F(DSup, DSUP_015_a_start_that_fails_harms_nobody) {
  in_process([] {
    const auto supervisor = start();
    const auto reason_of = [&](std::function<std::expected<StartedChild, StartError>()> start) {
      return supervisor.start_child({.id = "c", .start = std::move(start)}).error().reason;
    };
    EXPECT_EQ(reason_of([]() -> std::expected<StartedChild, StartError> { throw 7; }),
              ExitReason::error("int", ""));
    EXPECT_EQ(reason_of([]() -> std::expected<StartedChild, StartError> {
                throw std::runtime_error("E");
              }),
              ExitReason::error("std::runtime_error", "E"));
    EXPECT_EQ(reason_of([]() -> std::expected<StartedChild, StartError> {
                otp::exit(ExitReason("oops"));
              }),
              ExitReason("oops"));
    EXPECT_EQ(supervisor.count_children(), counts(0, 0, 0, 0));
    supervisor.stop();
  });
}

TEST_F(DSup, DSUP_016_max_children) {
  in_process([this] {
    const auto none = start({.max_children = 0});
    EXPECT_EQ(none.start_child(child("c")).error().reason, ExitReason("max_children"));
    const auto one = start({.max_children = 1});
    const Pid pid = one.start_child(child("c", Restart::temporary)).value();
    EXPECT_EQ(one.start_child(child("c")).error().reason, ExitReason("max_children"));
    EXPECT_TRUE(one.terminate_child(pid).has_value());
    EXPECT_TRUE(one.start_child(child("c")).has_value());
    none.stop();
    one.stop();
  });
}

TEST_F(DSup, DSUP_017_restart_types) {
  in_process([this] {
    const std::vector<ExitReason> reasons{ExitReason::shutdown(), ExitReason::shutdown("signal"),
                                          ExitReason("whatever")};
    for (const Restart restart : {Restart::temporary, Restart::transient, Restart::permanent}) {
      for (const ExitReason& reason : reasons) {
        const auto supervisor = start();
        const Pid pid = supervisor.start_child(child("c", restart)).value();
        end_child(pid, reason);
        const bool comes_back = restart == Restart::permanent ||
                                (restart == Restart::transient && reason == ExitReason("whatever"));
        EXPECT_TRUE(eventually([&] {
          const auto children = supervisor.which_children();
          return comes_back ? children.size() == 1 && children[0].pid && children[0].pid != pid
                            : children.empty();
        }));
        EXPECT_EQ(supervisor.count_children().active, comes_back ? 1U : 0U);
        supervisor.stop();
      }
    }
  });
}

// The arguments of a child are in its start function, those common to all children among them.
TEST_F(DSup, DSUP_018_a_restarted_child_gets_the_same_arguments) {
  in_process([this] {
    trap_exit(true);
    const auto supervisor = start();
    const WorkerScript given = worker("args");
    const Pid pid = supervisor.start_child(spec(given, Restart::transient)).value();
    const Pid fresh = break_dynamic(supervisor, pid);
    EXPECT_EQ(Worker(fresh).ping(), 2);
    EXPECT_EQ(log->text(), "+args -args +args");
    supervisor.stop();
  });
}

TEST_F(DSup, DSUP_019_terminate_child) {
  in_process([this] {
    const auto supervisor = start();
    for (const auto& [shutdown, reason] :
         {std::pair(Shutdown::brutal_kill(), ExitReason::killed()),
          std::pair(Shutdown::after(1s), ExitReason::shutdown())}) {
      ChildSpec made = child("c");
      made.shutdown = shutdown;
      const Pid pid = supervisor.start_child(made).value();
      const Ref end = monitor(pid);
      EXPECT_TRUE(supervisor.terminate_child(pid).has_value());
      EXPECT_EQ(down_of(end).reason, reason);
      EXPECT_EQ(supervisor.terminate_child(pid).error().kind, ChildError::Kind::not_found);
      EXPECT_EQ(supervisor.count_children(), counts(0, 0, 0, 0));
    }
    supervisor.stop();
  });
}

TEST_F(DSup, DSUP_020_mixed_children_end_each_in_its_way) {
  in_process([this] {
    trap_exit(true);
    const auto supervisor = start();
    ChildSpec patient = child("patient");
    patient.shutdown = Shutdown::infinity();
    ChildSpec brutal = child("brutal");
    brutal.shutdown = Shutdown::brutal_kill();
    WorkerScript own = worker("own");
    own.stopping = [] { exit(ExitReason::shutdown("oops")); };
    const Ref end_patient = monitor(supervisor.start_child(patient).value());
    const Ref end_brutal = monitor(supervisor.start_child(brutal).value());
    const Ref end_own = monitor(supervisor.start_child(spec(own)).value());
    const Ref end = supervisor.monitor();
    exit(supervisor.address(), ExitReason::shutdown());
    EXPECT_EQ(down_of(end_patient).reason, ExitReason::shutdown());
    EXPECT_EQ(down_of(end_brutal).reason, ExitReason::killed());
    EXPECT_EQ(down_of(end_own).reason, ExitReason::shutdown("oops"));
    EXPECT_EQ(down_of(end).reason, ExitReason::shutdown());
  });
}

TEST_F(DSup, DSUP_021_several_live_under_one_supervisor) {
  in_process([this] {
    trap_exit(true);
    const auto parent = sup_cases::Several::start_link().value();
    EXPECT_EQ(parent.count_children(), counts(2, 2, 2, 0));
    for (const char* name : {"sup_several_one", "sup_several_two"}) {
      const sup_cases::DynamicDefaults dynamic{Name(name)};
      EXPECT_TRUE(dynamic.start_child({.script = script(worker(name))}).has_value());
      EXPECT_EQ(dynamic.count_children().active, 1U);
    }
    const ChildSpec unnamed{.id = "DynamicDefaults",
                            .start = []() -> std::expected<StartedChild, StartError> {
                              return sup_cases::DynamicDefaults::start_link().value().address();
                            },
                            .type = ChildType::supervisor};
    const Pid first = parent.start_child(unnamed).value();
    const auto second = parent.start_child(unnamed);
    EXPECT_EQ(second.error().kind, ChildError::Kind::already_started);
    EXPECT_EQ(second.error().pid, first);
    parent.stop();
  });
}

}  // namespace
}  // namespace otp::conformance
