// What OTP does not have: back-off of restarts; and process groups, as pg(3). What becomes of those
// who use a scope, a registry or a partition supervisor that starts or ends.
#include <otp/global.h>
#include <otp/partition_supervisor.h>
#include <otp/pg.h>
#include <otp/receive.h>
#include <otp/registry.h>
#include <otp/runtime.h>
#include <otp/sys.h>
#include <otp/testing/simulation.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "simulated.h"

namespace otp {
namespace {

using namespace std::chrono_literals;

class Extras : public ::testing::Test {
 protected:
  static ChildSpec idle(const std::string& name = {}) {
    return {.id = "idle", .start = [name]() -> std::expected<StartedChild, StartError> {
              const Pid pid = spawn_link([] { sleep(infinity); });
              if (!name.empty()) register_name(name, pid);
              return pid;
            }};
  }
  /// What a call that must fail fails with.
  template <class F>
  static ExitReason failure_of(F call) {
    try {
      call();
    } catch (const CallExit& exit) {
      return exit.error().reason;
    }
    return ExitReason::normal();
  }
};

// ---- Back-off ----

/// How long the child is away after each of several crashes, to ten milliseconds.
template <class Start>
std::vector<Duration> absences(Start start, int crashes) {
  std::vector<Duration> times;
  start();
  for (int i = 0; i < crashes; ++i) {
    const Ref end = monitor(*whereis("child"));
    exit(*whereis("child"), ExitReason("crash"));
    detail::await_down(end);
    const TimePoint begin = monotonic_time();
    while (!whereis("child")) sleep(1ms);
    const auto away = monotonic_time() - begin;
    times.push_back(away - away % 10ms);
  }
  return times;
}

TEST_F(Extras, each_restart_waits_twice_as_long_up_to_the_longest) {
  simulated([] {
    const auto times = absences(
        [] {
          start_supervisor({.name = "s",
                            .intensity = 10,
                            .backoff = Backoff{100ms, 350ms},
                            .children = {idle("child")}})
              .value();
        },
        4);
    EXPECT_EQ(times, (std::vector<Duration>{100ms, 200ms, 350ms, 350ms}));
  });
}

TEST_F(Extras, a_child_that_has_run_for_long_begins_anew) {
  simulated([] {
    start_supervisor({.name = "s", .backoff = Backoff{100ms, 1s}, .children = {idle("child")}})
        .value();
    EXPECT_EQ(absences([] {}, 1).front(), 100ms);
    sleep(2s);
    EXPECT_EQ(absences([] {}, 1).front(), 100ms);
  });
}

TEST_F(Extras, a_dynamic_supervisor_delays_too_and_counts) {
  simulated([] {
    trap_exit(true);
    const auto supervisor =
        start_dynamic_supervisor({.name = "d", .intensity = 2, .backoff = Backoff{100ms, 1s}})
            .value();
    supervisor.start_child(idle("child")).value();
    EXPECT_EQ(absences([] {}, 2), (std::vector<Duration>{100ms, 200ms}));
    crash(*whereis("child"));  // the third within the period is too much
    EXPECT_EQ(receive_value<Exit>(1s)->reason, ExitReason::shutdown());
  });
}

TEST_F(Extras, the_others_of_one_for_all_wait_with_it) {
  simulated([] {
    const auto supervisor = start_supervisor({.name = "s",
                                              .strategy = Strategy::one_for_all,
                                              .backoff = Backoff{100ms, 1s},
                                              .children = {idle("child"),
                                                           [] {
                                                             ChildSpec other = idle("other");
                                                             other.id = "other";
                                                             return other;
                                                           }()}})
                                .value();
    crash(*whereis("child"));
    sleep(50ms);
    EXPECT_FALSE(whereis("other"));
    EXPECT_EQ(supervisor.restart_child("idle").error().kind, ChildError::Kind::restarting);
    sleep(51ms);
    EXPECT_TRUE(whereis("child") && whereis("other"));
  });
}

// ---- Process groups ----

using Groups = ProcessGroups<std::string>;

TEST_F(Extras, members_get_what_is_published) {
  simulated([] {
    const Groups groups = Groups::start_link({.name = "rooms"}).value();
    groups.join("kitchen");
    groups.join("kitchen");
    const Pid other = spawn([] { sleep(infinity); });
    groups.join("kitchen", other);
    EXPECT_EQ(groups.get_members("kitchen"), (std::vector{self(), self(), other}));
    EXPECT_EQ(Groups::open("rooms").publish("kitchen", 7), 3U);
    EXPECT_EQ(receive_value<int>(), 7);
    EXPECT_EQ(receive_value<int>(), 7);
    EXPECT_TRUE(groups.leave("kitchen"));
    EXPECT_TRUE(groups.leave("kitchen"));
    EXPECT_FALSE(groups.leave("kitchen"));
    EXPECT_EQ(groups.get_members("kitchen"), std::vector{other});
    EXPECT_EQ(groups.which_groups(), std::vector<std::string>{"kitchen"});
    crash(other);
    sleep(1ms);
    EXPECT_TRUE(groups.which_groups().empty());
    EXPECT_TRUE(groups.get_members("cellar").empty());
  });
}

TEST_F(Extras, monitors_see_who_joins_and_leaves) {
  simulated([] {
    const Groups groups = Groups::start_link().value();
    const Pid other = spawn([] { sleep(infinity); });
    groups.join("a", other);
    const auto [scope, all] = groups.monitor_scope();
    EXPECT_EQ(all.at("a"), std::vector{other});
    const auto [ref, members] = groups.monitor_group("b");
    EXPECT_TRUE(members.empty());
    groups.join("b", other);
    for (const Ref expected : {scope, ref}) {
      const auto event = receive_value<GroupEvent<std::string>>();
      EXPECT_EQ(event->ref, expected);
      EXPECT_EQ(event->kind, GroupEvent<std::string>::Kind::join);
      EXPECT_EQ(event->pids, std::vector{other});
    }
    EXPECT_TRUE(groups.demonitor_groups(scope));
    EXPECT_FALSE(groups.demonitor_groups(scope));
    crash(other);
    const auto event = receive_value<GroupEvent<std::string>>();
    EXPECT_EQ(event->ref, ref);
    EXPECT_EQ(event->kind, GroupEvent<std::string>::Kind::leave);
  });
}

// In a simulation a thread that waited for a lock whose holder is suspended would wait for ever.
TEST_F(Extras, nobody_is_suspended_while_a_scope_is_locked) {
  testing::for_each_seed(100, [](testing::Simulation& simulation) {
    simulation.run([] {
      const Groups groups = Groups::start_link().value();
      const auto [scope, all] = groups.monitor_scope();
      std::vector<Ref> ends;
      for (int i = 0; i < 4; ++i) {
        ends.push_back(spawn_monitor([groups] {
                         for (int round = 0; round < 5; ++round) {
                           groups.join("a");
                           groups.demonitor_groups(groups.monitor_group("a").first);
                           groups.leave("a");
                         }
                       }).second);
      }
      for (const Ref end : ends) EXPECT_TRUE(detail::await_down(end)->reason.is_normal());
      int members = 0;  // events tell it in the order in which it was so
      for (int i = 0; i < 40; ++i) {
        const auto event = receive_value<GroupEvent<std::string>>();
        members += event->kind == GroupEvent<std::string>::Kind::join ? 1 : -1;
        EXPECT_TRUE(members >= 0 && members <= 4);
      }
      EXPECT_EQ(members, 0);
    });
  });
}

TEST_F(Extras, nobody_joins_when_nobody_is_named) {
  simulated([] {
    const Groups groups = Groups::start_link().value();
    groups.join("a", std::span<const Pid>());
    EXPECT_TRUE(groups.which_groups().empty());
  });
}

TEST_F(Extras, a_scope_belongs_to_a_process_once_and_no_longer_than_that_is_there) {
  simulated([] {
    const auto table = std::make_shared<detail::GroupTable<std::string>>();
    const auto times_owned = [&] { return detail::parts_of(self(), *table).size(); };
    const Pid me = self();
    const auto join = [&](const char* group) { table->join(group, std::span(&me, 1)); };
    const auto monitor = [&](const std::optional<std::string>& group) {
      const std::lock_guard lock(table->mutex);
      return table->add_monitor(me, group);
    };
    for (int round = 0; round < 3; ++round) {
      join("a");
      join("a");
      join("b");
      const Ref group = monitor("a");
      const Ref scope = monitor(std::nullopt);
      EXPECT_EQ(times_owned(), 1U);
      for (const char* each : {"a", "b", "a"}) EXPECT_TRUE(table->leave(each, me));
      EXPECT_TRUE(table->remove_monitor(me, group));
      EXPECT_EQ(times_owned(), 1U);
      EXPECT_TRUE(table->remove_monitor(me, scope));
      EXPECT_EQ(times_owned(), 0U);
    }
    join("a");
    monitor("b");
    table->close();
    EXPECT_EQ(times_owned(), 0U);
    EXPECT_EQ(table.use_count(), 1);
  });
}

TEST_F(Extras, who_leaves_and_comes_again_before_the_scope_looks_leaves_when_it_ends) {
  testing::Simulation simulation;
  simulation.run([&] {
    const Groups groups = Groups::start().value();
    simulation.delay(groups.address(), 10ms);
    const auto [member, end] = spawn_monitor([&] {
      for (int round = 0; round < 3; ++round) {
        groups.join("a");
        groups.leave("a");
      }
      groups.join("a");
    });
    detail::await_down(end);
    groups.join("a", member);  // who has ended, which the scope has not been told of
    sleep(20ms);
    EXPECT_TRUE(groups.get_members("a").empty());
    groups.join("a", member);  // who has ended long since
    EXPECT_TRUE(groups.get_members("a").empty());
  });
}

TEST_F(Extras, a_process_that_others_take_in_and_out_leaves_when_it_ends) {
  testing::for_each_seed(100, [](testing::Simulation& simulation) {
    simulation.run([] {
      const Groups groups = Groups::start().value();
      const Pid member = spawn([] { sleep(infinity); });
      std::vector<Ref> ends;
      for (const char* group : {"a", "b", "c"}) {
        ends.push_back(spawn_monitor([=] {
                         for (int round = 0; round < 3; ++round) {
                           groups.join(group, member);
                           yield();
                           groups.leave(group, member);
                           yield();
                         }
                         groups.join(group, member);
                       }).second);
      }
      for (const Ref end : ends) EXPECT_TRUE(detail::await_down(end)->reason.is_normal());
      EXPECT_EQ(groups.which_groups().size(), 3U);
      crash(member);
      sleep(1ms);
      EXPECT_TRUE(groups.which_groups().empty());
    });
  });
}

TEST_F(Extras, a_scope_that_has_ended_is_told_of_and_its_members_live_on) {
  simulated([] {
    const Groups groups = Groups::start({.name = "rooms"}).value();
    groups.join("a");
    const Ref monitor = groups.monitor_scope().first;
    crash(groups.address());
    EXPECT_EQ(failure_of([&] { groups.join("a"); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { groups.leave("a"); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { groups.publish("a", 7); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { groups.get_members("a"); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { groups.which_groups(); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { groups.monitor_group("a"); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { groups.demonitor_groups(monitor); }), ExitReason::noproc());
    EXPECT_TRUE(Groups::ensure("rooms").get_members("a").empty());
  });
}

// ---- Registries ----

using Names = Registry<std::string, std::shared_ptr<int>>;

TEST_F(Extras, who_holds_a_key_of_a_registry_that_ends_ends_with_it) {
  simulated([] {
    const auto value = std::make_shared<int>(1);
    for (const auto& [reason, expected] :
         {std::pair(ExitReason("crash"), ExitReason("crash")),
          std::pair(ExitReason::kill(), ExitReason::killed()),
          std::pair(ExitReason::normal(), ExitReason::shutdown())}) {
      const Names names = Names::start().value();
      const Ref holds = spawn_monitor([=] {
                          names.add("a", value);
                          sleep(infinity);
                        }).second;
      const Pid held = spawn([=] {
        names.add("b", value);
        names.remove("b");
        sleep(infinity);
      });
      sleep(1ms);
      if (reason.is_normal())
        names.stop();
      else
        exit(names.address(), reason);
      EXPECT_EQ(detail::await_down(holds)->reason, expected);
      EXPECT_TRUE(is_alive(held));
      exit(held, ExitReason::kill());
      sleep(1ms);
      EXPECT_EQ(value.use_count(), 1);  // though we have its handle
    }
  });
}

TEST_F(Extras, who_uses_a_registry_that_has_ended_is_told_so) {
  simulated([] {
    const Names names = Names::start().value();
    const Via via = names.via("a");
    crash(names.address());
    EXPECT_EQ(failure_of([&] { names.add("a"); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { names.remove("a"); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { names.remove_all("a"); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { names.whereis("a"); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { names.lookup("a"); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { names.keys(self()); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { names.count(); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { names.lock("a", [] {}); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { via->register_name(); }), ExitReason::noproc());
    EXPECT_EQ(via->whereis_name(), Pid{});
  });
}

TEST_F(Extras, a_via_name_leads_to_the_registry_that_has_its_name_now) {
  simulated([] {
    const Via via = Names::start({}, {.name = "names"}).value().via("a");
    const Via worldwide = global::via("a");
    for (const char* name : {"names", "global_name_server"}) crash(*whereis(name));
    EXPECT_EQ(via->whereis_name(), Pid{});
    EXPECT_EQ(worldwide->whereis_name(), Pid{});
    const Names names = Names::start({}, {.name = "names"}).value();
    EXPECT_TRUE(via->equals(*names.via("a")));
    EXPECT_TRUE(via->register_name());
    EXPECT_EQ(via->whereis_name(), self());
    EXPECT_EQ(names.whereis("a"), self());
    EXPECT_TRUE(worldwide->register_name());
    EXPECT_EQ(worldwide->whereis_name(), self());
    EXPECT_EQ(global::whereis_name("a"), self());
  });
}

TEST_F(Extras, a_registry_refuses_what_it_does_not_understand) {
  simulated([] {
    const SupervisorRef registry(Names::start().value().address());
    EXPECT_EQ(failure_of([&] { registry.count_children(); }).kind(), ExitReason::Kind::bad_request);
  });
}

// ---- Partition supervisors ----

TEST_F(Extras, who_asks_a_partition_supervisor_that_starts_gets_its_partitions) {
  simulated([] {
    const auto start = [test = self()]() -> std::expected<StartedChild, StartError> {
      send(test, self());
      receive_value<char>();
      return spawn_link([] { sleep(infinity); });
    };
    spawn([start] {
      start_partition_supervisor(
          {.child = [start](std::size_t) { return ChildSpec{.start = start}; }, .partitions = 1},
          {.name = "shards"})
          .value();
      sleep(infinity);
    });
    const Pid supervisor = receive_value<Pid>().value();
    for (const bool counts : {true, false}) {
      spawn([counts, test = self()] {
        const PartitionSupervisorRef shards{Name("shards")};
        send(test, counts ? shards.partitions() == 1 : is_alive(shards.at(0)));
      });
    }
    sleep(1ms);
    EXPECT_FALSE(receive_value<bool>(Duration::zero()));  // they wait
    send(supervisor, 'x');
    for (int i = 0; i < 2; ++i) EXPECT_EQ(receive_value<bool>(), true);
  });
}

TEST(Scopes, belong_to_their_runtime) {
  Runtime one({.schedulers = 1});
  Runtime other({.schedulers = 1});
  const auto members_after_join = [] {
    const Groups groups = Groups::ensure("everywhere");
    groups.join("a");
    return groups.get_members("a").size();
  };
  EXPECT_EQ(one.invoke(members_after_join), 1U);
  EXPECT_EQ(other.invoke(members_after_join), 1U);
  EXPECT_TRUE(one.invoke([] { return whereis("everywhere").has_value(); }));
}
}  // namespace
}  // namespace otp
