// What OTP does not have: back-off of restarts and pools of workers; and process groups, as pg(3).
#include <otp/pg.h>
#include <otp/receive.h>
#include <otp/registry.h>
#include <otp/runtime.h>
#include <otp/testing/simulation.h>
#include <otp/worker_pool.h>

#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace otp {
namespace {

using namespace std::chrono_literals;

class Extras : public ::testing::Test {
 protected:
  static void simulated(std::move_only_function<void()> body) {
    testing::Simulation simulation;
    EXPECT_EQ(simulation.run(std::move(body)), ExitReason::normal());
  }
  static ChildSpec idle(const std::string& name = {}) {
    return {.id = "idle", .start = [name]() -> std::expected<StartedChild, StartError> {
              const Pid pid = spawn_link([] { sleep(infinity); });
              if (!name.empty()) register_name(name, pid);
              return pid;
            }};
  }
  static void crash(Pid pid) {
    const Ref end = monitor(pid);
    exit(pid, ExitReason("crash"));
    detail::await_down(end);
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

// ---- Worker pools ----

WorkerPool pool_of(std::size_t size, std::size_t max_overflow = 0) {
  return WorkerPool::start_link(
             {.worker =
                  [] {
                    return ChildSpec{.id = "worker",
                                     .start = []() -> std::expected<StartedChild, StartError> {
                                       return spawn_link([] { sleep(infinity); });
                                     }};
                  },
              .size = size,
              .max_overflow = max_overflow})
      .value();
}

TEST_F(Extras, a_worker_is_lent_to_one_at_a_time) {
  simulated([] {
    const WorkerPool pool = pool_of(2);
    const Pid first = pool.check_out().value();
    const Pid second = pool.check_out().value();
    EXPECT_NE(first, second);
    EXPECT_EQ(pool.check_out(1s).error().reason, ExitReason::timeout());
    pool.check_in(first);
    EXPECT_EQ(pool.check_out().value(), first);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.lent = 2}));
  });
}

TEST_F(Extras, a_transaction_gives_the_worker_back_in_every_case) {
  simulated([] {
    const WorkerPool pool = pool_of(1);
    EXPECT_EQ(pool.transaction([](Pid) { return 7; }), 7);
    EXPECT_THROW(pool.transaction([](Pid) -> int { throw std::runtime_error("x"); }),
                 std::runtime_error);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.idle = 1}));
  });
}

TEST_F(Extras, who_waits_is_served_in_turn) {
  simulated([] {
    const WorkerPool pool = pool_of(1);
    const Pid worker = pool.check_out().value();
    for (int i = 0; i < 3; ++i) {
      spawn([pool, i, test = self()] { pool.transaction([&](Pid) { send(test, i); }); });
      sleep(1ms);
    }
    EXPECT_EQ(pool.status().waiting, 3U);
    pool.check_in(worker);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(receive_value<int>(), i);
  });
}

TEST_F(Extras, overflow_workers_come_and_go) {
  simulated([] {
    const WorkerPool pool = pool_of(1, 1);
    const Pid first = pool.check_out().value();
    const Pid more = pool.check_out().value();
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.lent = 2, .overflow = 1}));
    EXPECT_FALSE(pool.check_out(1s));
    pool.check_in(more);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.lent = 1}));
    EXPECT_FALSE(is_alive(more));
    pool.check_in(first);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.idle = 1}));
  });
}

TEST_F(Extras, a_worker_that_ends_and_one_whose_borrower_ends_are_replaced) {
  simulated([] {
    const WorkerPool pool = pool_of(1);
    const Pid first = pool.check_out().value();
    pool.check_in(first);
    crash(first);
    sleep(1ms);
    Pid second;
    const Pid borrower = spawn([&] {
      second = pool.check_out().value();
      sleep(infinity);
    });
    sleep(1ms);
    EXPECT_NE(second, first);
    crash(borrower);
    sleep(1ms);
    EXPECT_FALSE(is_alive(second));
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.idle = 1}));
  });
}

// The worker is on its way when the time is over.
TEST_F(Extras, what_was_lent_to_who_has_given_up_comes_back) {
  testing::Simulation simulation;
  simulation.run([&] {
    const WorkerPool pool = pool_of(1);
    const Pid worker = pool.check_out().value();
    const Pid late = spawn([pool, test = self()] {
      const auto lent = pool.check_out(10ms);
      send(test, lent ? ExitReason::normal() : lent.error().reason);
      sleep(infinity);
    });
    sleep(5ms);
    simulation.delay(late, 20ms);
    pool.check_in(worker);
    EXPECT_EQ(receive_value<ExitReason>(), ExitReason::timeout());
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.idle = 1}));
    EXPECT_EQ(pool.check_out(1ms).value(), worker);
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

#if defined(__SANITIZE_THREAD__)
constexpr bool thread_sanitizer = true;
#else
constexpr bool thread_sanitizer = false;
#endif

TEST(RegistryLock, is_not_released_by_a_holder_that_was_given_up_for_lost) {
  if (thread_sanitizer) GTEST_SKIP() << "a zombie is taken over by membarrier(2)";
  std::atomic<bool> spinning{true};
  std::atomic<bool> comes_back{false};
  std::atomic<bool> inside{false};
  Runtime runtime({.schedulers = 2});
  runtime.run([&] {
    const auto names = Registry<std::string>::start_link().value();
    const auto [lost, end] = spawn_monitor([&, test = self()] {
      names.lock("a", [&] {
        send(test, 1);
        while (spinning) {
        }
        comes_back = true;
      });
    });
    receive_value<int>();
    exit(lost, ExitReason::kill());
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::killed());
    const Pid second = spawn([&, test = self()] {
      names.lock("a", [&] {
        inside = true;
        send(test, 2);
        receive_value<char>();
        inside = false;
      });
    });
    receive_value<int>();
    const auto [third, third_end] =
        spawn_monitor([&] { names.lock("a", [&] { EXPECT_FALSE(inside); }); });
    spinning = false;
    while (!comes_back) yield();
    sleep(10ms);  // for what it must not do
    send(second, 'x');
    EXPECT_TRUE(detail::await_down(third_end)->reason.is_normal());
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
