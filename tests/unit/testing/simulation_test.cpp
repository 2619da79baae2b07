// The simulation itself: seeds, virtual time, faults, expectations.
#include <otp/gen_server.h>
#include <otp/receive.h>
#include <otp/supervisor.h>
#include <otp/testing/simulation.h>
#include <otp/timer.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace otp::testing {
namespace {

using namespace std::chrono_literals;

/// The order in which three processes of five yields each write their letters.
std::string interleaving(std::uint64_t seed) {
  Simulation sim({.seed = seed});
  std::string written;
  for (const char letter : {'a', 'b', 'c'}) {
    sim.spawn([&written, letter] {
      for (int i = 0; i < 5; ++i) {
        written += letter;
        yield();
      }
    });
  }
  sim.run_until_idle();
  return written;
}

TEST(Simulation, the_same_seed_gives_the_same_interleaving_and_others_give_others) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::string once = interleaving(seed);
    EXPECT_EQ(interleaving(seed), once);
    EXPECT_EQ(once.size(), 15U);
    seen.insert(once);
  }
  EXPECT_GT(seen.size(), 40U);
}

TEST(Simulation, time_passes_only_when_nothing_else_can_happen) {
  Simulation sim;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Duration> ticks;
  sim.spawn([&] {
    const TimePoint start = monotonic_time();
    send_interval(1h, self(), 1);
    for (int i = 0; i < 24; ++i) {
      receive_value<int>();
      ticks.push_back(monotonic_time() - start);
    }
  });
  sim.advance(23h);
  EXPECT_EQ(ticks.size(), 22U) << "the 23rd is due a moment after it was started";
  sim.advance(1h + 10ms);
  ASSERT_EQ(ticks.size(), 24U);
  for (int i = 0; i < 24; ++i) {
    EXPECT_GE(ticks[static_cast<std::size_t>(i)], (i + 1) * 1h);
    EXPECT_LT(ticks[static_cast<std::size_t>(i)], (i + 1) * 1h + 5ms);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST(Simulation, run_lets_pass_what_time_it_needs_and_gives_the_reason) {
  Simulation sim;
  EXPECT_EQ(sim.run([] { sleep(48h); }), ExitReason::normal());
  EXPECT_GE(sim.now(), 48h);
  EXPECT_EQ(sim.run([] { exit(ExitReason("bye")); }), ExitReason("bye"));
}

TEST(Simulation, a_process_that_waits_for_nothing_is_found_out) {
  Simulation sim({.seed = 5});
  EXPECT_THAT(
      [&] { sim.run([] { receive_value<int>(); }); },
      ::testing::ThrowsMessage<SimulationFailure>(::testing::AllOf(
          ::testing::HasSubstr("seed 5"), ::testing::HasSubstr("nothing can happen any more"))));
}

TEST(Simulation, a_process_that_never_waits_is_found_out) {
  Simulation sim;
  const Pid busy = sim.spawn([] {
    for (;;) yield();
  });
  EXPECT_THROW(sim.run_until_idle(), SimulationFailure);
  sim.kill(busy);
  sim.run_until_idle();
  EXPECT_FALSE(sim.is_alive(busy));
}

TEST(Simulation, step_runs_one_turn) {
  Simulation sim;
  int turns = 0;
  sim.spawn([&] {
    ++turns;
    sleep(infinity);
  });
  EXPECT_EQ(turns, 0);
  EXPECT_TRUE(sim.step());
  EXPECT_EQ(turns, 1);
  EXPECT_FALSE(sim.step());
}

/// A process under a name that counts what it gets; told to, it shows how much that is.
struct Show {
  int* into;
};
Pid spawn_counter(Simulation& sim) {
  const Pid pid = sim.spawn([] {
    register_name("counter", self());
    int count = 0;
    for (;;) receive(on([&](int) { ++count; }), on([&](const Show& show) { *show.into = count; }));
  });
  sim.run_until_idle();
  return pid;
}
int count_of(Simulation& sim, Pid counter) {
  int count = -1;
  sim.run([&] { send(counter, Show{&count}); });
  sim.run_until_idle();
  return count;
}

TEST(Simulation, kill_ends_a_process_without_a_word) {
  Simulation sim;
  const Pid counter = spawn_counter(sim);
  EXPECT_EQ(sim.whereis("counter"), counter);
  sim.kill(counter);
  sim.expect("the name is free").that([&] { return !sim.whereis("counter"); });
  EXPECT_FALSE(sim.is_alive(counter));
}

TEST(Simulation, messages_are_lost_when_told_and_signals_are_not) {
  Simulation sim;
  const Pid counter = spawn_counter(sim);
  sim.drop(counter, 2);
  sim.run([&] {
    for (int i = 0; i < 5; ++i) send(counter, i);
  });
  sim.run_until_idle();
  EXPECT_EQ(count_of(sim, counter), 3);
  sim.drop(counter, 1000);
  sim.kill(counter, ExitReason("told"));
  sim.run_until_idle();
  EXPECT_FALSE(sim.is_alive(counter));
}

TEST(Simulation, a_delay_keeps_the_order_and_ends_in_order) {
  Simulation sim;
  std::string got;
  const Pid receiver = sim.spawn([&] {
    for (;;) got += receive_value<char>().value();
  });
  sim.run_until_idle();
  sim.delay(receiver, 1s);
  sim.run([&] {
    send(receiver, 'a');
    send(receiver, 'b');
  });
  sim.advance(900ms);
  EXPECT_EQ(got, "");
  sim.delay(receiver, 0s);
  sim.run([&] { send(receiver, 'c'); });
  EXPECT_EQ(got, "");
  sim.advance(200ms);
  EXPECT_EQ(got, "abc");
  sim.run([&] { send(receiver, 'd'); });
  sim.run_until_idle();
  EXPECT_EQ(got, "abcd");
}

TEST(Simulation, an_expectation_waits_in_virtual_time_and_fails_with_a_sentence) {
  Simulation sim({.seed = 9});
  bool done = false;
  sim.spawn([&] {
    sleep(10min);
    done = true;
  });
  sim.expect("it is done").within(11min).that([&] { return done; });
  EXPECT_THAT([&] { sim.expect("it is undone").within(2s).that([&] { return !done; }); },
              ::testing::ThrowsMessage<SimulationFailure>(::testing::AllOf(
                  ::testing::HasSubstr("seed 9"),
                  ::testing::HasSubstr("expected, within 2000 ms: it is undone"))));
  sim.expect("it stays done").within(1h).stays([&] { return done; });
}

TEST(Simulation, a_failing_seed_is_named_and_alone_replays) {
  // One of many interleavings is taken for a bug: that a is the first to write twice.
  const auto check = [](Simulation& sim) {
    std::string written;
    for (const char letter : {'a', 'b'}) {
      sim.spawn([&written, letter] {
        for (int i = 0; i < 3; ++i) {
          written += letter;
          yield();
        }
      });
    }
    sim.run_until_idle();
    if (written.starts_with("aa"))
      throw std::runtime_error("the bug, seed " + std::to_string(sim.seed()));
  };
  std::string failure;
  try {
    for_each_seed(1000, check);
  } catch (const SimulationFailure& error) {
    failure = error.what();
  }
  ASSERT_NE(failure, "");
  const std::string seed = failure.substr(failure.rfind('=') + 1);
  EXPECT_NE(failure.find("the bug, seed " + seed), std::string::npos);
  Simulation again({.seed = std::stoull(seed)});
  EXPECT_THROW(check(again), std::runtime_error);
}

TEST(Simulation, what_is_left_at_its_end_is_stopped_as_by_a_runtime) {
  bool stopped = false;
  {
    Simulation sim;
    sim.spawn([&] {
      trap_exit(true);
      stopped = receive_value<Exit>()->reason == ExitReason::shutdown();
    });
    sim.spawn([] {  // obeys nobody
      trap_exit(true);
      for (;;) receive_value<Exit>();
    });
    sim.run_until_idle();
  }
  EXPECT_TRUE(stopped);
}

TEST(Simulation, blocking_runs_in_place) {
  Simulation sim;
  int value = 0;
  sim.run([&] { value = blocking([] { return 7; }); });
  EXPECT_EQ(value, 7);
}

}  // namespace
}  // namespace otp::testing
