// Process priorities, on real schedulers and on the simulated one.
#include <otp/priority.h>

#include <otp/agent.h>
#include <otp/receive.h>
#include <otp/runtime.h>
#include <otp/testing/simulation.h>

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace otp {
namespace {

constexpr int each = 100;

/// Starts `each` processes of every priority, mixed, and gives the letters of their priorities in
/// the order in which they ran.
std::string order_of_running() {
  set_priority(Priority::max);  // so that none of the others runs before all are there
  std::vector<Ref> ends;
  std::string order(std::size_t{3} * each, ' ');
  std::atomic<std::size_t> next{0};
  const auto start = [&](Priority priority, char letter) {
    ends.push_back(
        spawn_monitor([&, letter] { order[next.fetch_add(1)] = letter; }, {.priority = priority})
            .second);
  };
  for (int i = 0; i < each; ++i) {
    start(Priority::normal, 'n');
    start(Priority::high, 'h');
    start(Priority::max, 'm');
  }
  for (const Ref end : ends)
    receive(on_if([end](const Down& down) { return down.ref == end; }, [](Down) {}));
  return order;
}

std::string expected_order() {
  return std::string(each, 'm') + std::string(each, 'h') + std::string(each, 'n');
}

TEST(Priorities, max_runs_before_high_before_normal) {
  Runtime runtime({.schedulers = 1});
  // A second thread helps out when the machine takes the processor from the first for long: then a
  // neighbour or two change places.
  std::size_t displaced = 0;
  const std::string order = runtime.invoke([] { return order_of_running(); });
  for (std::size_t i = 0; i < order.size(); ++i) displaced += order[i] != expected_order()[i];
  EXPECT_LE(displaced, 4U) << order;
}

TEST(Priorities, in_a_simulation_too) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    testing::Simulation simulation({.seed = seed});
    std::string order;
    simulation.run([&] { order = order_of_running(); });
    EXPECT_EQ(order, expected_order()) << "seed " << seed;
  }
}

TEST(Priorities, high_that_gives_way_lets_no_normal_one_run) {
  Runtime runtime({.schedulers = 1});
  // What the machine does may disturb some tries, but not all of them.
  int ran = 1;
  for (int i = 0; i < 50 && ran != 0; ++i) {
    runtime.run([&] {
      set_priority(Priority::high);
      std::atomic<bool> done{false};
      const Ref end = spawn_monitor([&] { done = true; }).second;
      for (int n = 0; n < 1'000; ++n) yield();
      ran = done ? 1 : 0;
      receive(on_if([end](const Down& down) { return down.ref == end; }, [](Down) {}));
    });
  }
  EXPECT_EQ(ran, 0);
}

/// Turns of two that always have more to do, until that of normal priority has had `turns`.
struct Turns {
  int normal = 0;
  int low = 0;
};
Turns shared_turns(int turns) {
  Turns had;
  std::atomic<bool> done{false};
  const Ref low = spawn_monitor(
                      [&] {
                        for (; !done; yield()) ++had.low;
                      },
                      {.priority = Priority::low})
                      .second;
  const Ref normal = spawn_monitor([&] {
                       for (; had.normal < turns; yield()) ++had.normal;
                       done = true;
                     }).second;
  for (const Ref end : {low, normal})
    receive(on_if([end](const Down& down) { return down.ref == end; }, [](Down) {}));
  return had;
}

TEST(Priorities, low_runs_once_in_eight_rounds_of_normal) {
  Runtime runtime({.schedulers = 1});
  // What the machine does may disturb some tries, but not all of them.
  Turns had;
  for (int i = 0; i < 50 && (had.low < 90 || had.low > 110); ++i)
    had = runtime.invoke([] { return shared_turns(800); });
  EXPECT_GE(had.low, 90);
  EXPECT_LE(had.low, 110);
}

TEST(Priorities, low_runs_less_in_a_simulation) {
  testing::Simulation simulation({.seed = 7});
  Turns had;
  simulation.run([&] { had = shared_turns(8'000); });
  EXPECT_GT(had.low, 500);
  EXPECT_LT(had.low, 2'000);
}

TEST(Priorities, a_process_of_low_priority_runs_when_nothing_else_does) {
  for (const unsigned schedulers : {1U, 2U}) {
    Runtime runtime({.schedulers = schedulers});
    runtime.run([] {
      const auto answer = [](Pid to) { send(to, 1); };
      for (int i = 0; i < 100; ++i) {
        spawn([&, me = self()] { answer(me); }, {.priority = Priority::low});
        EXPECT_EQ(receive_value<int>(), 1);
      }
    });
  }
}

TEST(Priorities, high_does_not_wait_for_a_thousand_of_normal_priority) {
  constexpr int crowd = 1'000;
  Runtime runtime({.schedulers = 2});
  runtime.run([] {
    std::atomic<bool> done{false};
    std::atomic<int> turns{0};
    std::vector<Ref> ends;
    for (int i = 0; i < crowd; ++i) {
      ends.push_back(spawn_monitor([&] {
                       for (; !done; yield()) ++turns;
                     }).second);
    }
    const Pid echo = spawn([] {
      set_priority(Priority::high);
      for (;;) receive(on([](Pid from) { send(from, 1); }));
    });
    set_priority(Priority::high);
    int fewest = crowd;
    for (int i = 0; i < 1'000 && fewest >= crowd / 10; ++i) {
      const int before = turns;
      send(echo, self());
      receive_value<int>();
      fewest = std::min(fewest, turns - before);
    }
    EXPECT_LT(fewest, crowd / 10);
    done = true;
    for (const Ref end : ends)
      receive(on_if([end](const Down& down) { return down.ref == end; }, [](Down) {}));
    exit(echo, ExitReason::kill());
  });
}

TEST(Priorities, are_told_and_not_inherited) {
  Runtime runtime({.schedulers = 1});
  runtime.run([] {
    EXPECT_EQ(set_priority(Priority::high), Priority::normal);
    EXPECT_EQ(set_priority(Priority::max), Priority::high);
    EXPECT_EQ(process_info(self())->priority, Priority::max);
    const auto waits = [] { receive_value<int>(); };
    EXPECT_EQ(process_info(spawn(waits))->priority, Priority::normal);
    EXPECT_EQ(process_info(spawn(waits, {.priority = Priority::low}))->priority, Priority::low);
    const auto agent =
        Agent<int>::start_link([] { return 1; }, {.priority = Priority::high}).value();
    EXPECT_EQ(process_info(agent.address())->priority, Priority::high);
  });
}

TEST(Priorities, are_no_matter_on_the_blocking_pool) {
  Runtime runtime({.schedulers = 2, .blocking_threads = 2});
  runtime.run([] {
    for (const Priority priority : {Priority::low, Priority::high, Priority::max}) {
      spawn_link(
          [me = self()] {
            for (int i = 0; i < 50; ++i) send(me, blocking([i] { return i; }));
          },
          {.priority = priority});
    }
    int sum = 0;
    for (int i = 0; i < 150; ++i) sum += receive_value<int>().value();
    EXPECT_EQ(sum, 3 * 49 * 50 / 2);
  });
}

}  // namespace
}  // namespace otp
