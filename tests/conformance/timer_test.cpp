// TIMER-001 to TIMER-017. Times are OTP's, scaled down.
#include <otp/timer.h>

#include <algorithm>
#include <atomic>
#include <numeric>

#include "proc_support.h"

namespace otp::conformance {
namespace {

using std::chrono::milliseconds;

class Timers : public Proc {};

struct Tick {
  int number = 0;
};

/// A process that lives until it is told to end, and traps nothing.
Pid spawn_idle() {
  return spawn([] { stay(); });
}
void end(Pid pid) {
  const Ref ref = monitor(pid);
  exit(pid, ExitReason::kill());
  down_of(ref);
}

TEST_F(Timers, TIMER_001_a_timer_delivers_once_and_never_early) {
  in_process([] {
    const TimePoint begin = monotonic_time();
    const Ref started = start_timer(50ms, self(), std::string("x"));
    const Ref sent = send_after(50ms, self(), std::string("y"));
    const auto expired = next<TimerExpired<std::string>>();
    EXPECT_EQ(expired.timer, started);
    EXPECT_EQ(expired.value, "x");
    EXPECT_EQ(next<std::string>(), "y");
    EXPECT_GE(monotonic_time() - begin, 50ms);
    for (const Ref ref : {started, sent}) {
      EXPECT_EQ(read_timer(ref), std::nullopt);
      EXPECT_EQ(cancel_timer(ref), std::nullopt);
    }
  });
}

TEST_F(Timers, TIMER_002_cancelling_gives_what_was_left) {
  in_process([] {
    const Ref ref = start_timer(1h, self(), 1);
    const auto left = cancel_timer(ref);
    ASSERT_TRUE(left.has_value());
    EXPECT_GT(*left, 59min);
    EXPECT_LE(*left, 1h);
    EXPECT_EQ(cancel_timer(ref), std::nullopt);
    EXPECT_EQ(cancel_timer(make_ref()), std::nullopt);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Timers, TIMER_003_reading_gives_the_same_and_stops_nothing) {
  in_process([] {
    const Ref ref = start_timer(1h, self(), 1);
    const auto read = read_timer(ref);
    const auto cancelled = cancel_timer(ref);
    ASSERT_TRUE(read.has_value());
    ASSERT_TRUE(cancelled.has_value());
    EXPECT_GE(*read, *cancelled);
    EXPECT_LT(*read - *cancelled, 1min);
    EXPECT_EQ(read_timer(ref), std::nullopt);
    EXPECT_EQ(read_timer(make_ref()), std::nullopt);
    static_assert(!std::is_invocable_v<decltype(&read_timer), int>);
  });
}

TEST_F(Timers, TIMER_004_messages_arrive_by_due_time) {
  in_process([] {
    for (const int delay : {50, 0, 20, 10, 40, 30}) {
      send_after(milliseconds(delay), self(), Tick{delay});
    }
    for (const int expected : {0, 10, 20, 30, 40, 50}) EXPECT_EQ(next<Tick>().number, expected);
  });
}

TEST_F(Timers, TIMER_005_illegal_arguments_start_nothing) {
  in_process([] {
    EXPECT_THROW(send_after(-1ms, self(), 1), std::invalid_argument);
    EXPECT_THROW(start_timer(Duration::max(), self(), 1), std::invalid_argument);
    EXPECT_THROW(send_after(1ms, Pid{.id = 1, .serial = 1, .node = 2}, 1), std::invalid_argument);
    EXPECT_THROW(send_interval(0ms, self(), 1), std::invalid_argument);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Timers, TIMER_006_large_times_are_kept) {
  in_process([] {
    const std::vector<Duration> large{milliseconds(1LL << 31), milliseconds(1LL << 32),
                                      std::chrono::seconds(1LL << 31) + 1s};
    std::vector<Ref> refs;
    for (const Duration time : large) refs.push_back(send_after(time, self(), Tick{1}));
    send_after(2ms, self(), Tick{2});
    EXPECT_EQ(next<Tick>().number, 2);
    for (std::size_t i = 0; i < refs.size(); ++i) {
      const auto left = cancel_timer(refs[i]);
      ASSERT_TRUE(left.has_value());
      EXPECT_LT(*left, large[i]);
      EXPECT_GT(*left, large[i] - patience);
    }
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Timers, TIMER_007_a_time_may_be_absolute) {
  in_process([] {
    const TimePoint due = monotonic_time() + 10ms;
    send_after(due, self(), Tick{1});
    next<Tick>();
    EXPECT_GE(monotonic_time(), due);
    send_after(monotonic_time() - 1h, self(), Tick{2});
    EXPECT_EQ(next<Tick>().number, 2);
  });
}

TEST_F(Timers, TIMER_008_many_timers_for_one_instant_all_fire_and_none_before) {
  in_process([] {
    constexpr int starters = 4;
    constexpr int each = 500;
    const TimePoint due = monotonic_time() + 100ms;
    const Pid test = self();
    for (int i = 0; i < starters; ++i) {
      spawn([=] {
        for (int k = 0; k < each; ++k) send_after(due, test, Tick{});
      });
    }
    for (int i = 0; i < starters * each; ++i) {
      next<Tick>();
      ASSERT_GE(monotonic_time(), due);
    }
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Timers, TIMER_009_a_name_is_resolved_when_the_timer_fires) {
  in_process([] {
    send_after(300ms, "timer_009", Tick{9});
    send_after(0ms, "timer_009", Tick{8});  // nobody holds it yet
    send_after(5ms, self(), Tick{7});
    EXPECT_EQ(next<Tick>().number, 7);
    register_name("timer_009", self());
    EXPECT_EQ(next<Tick>().number, 9);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Timers, TIMER_010_the_timers_of_a_dead_process_are_gone) {
  in_process([] {
    const Pid target = spawn_idle();
    const Ref once = send_after(1h, target, Tick{});
    const Ref again = send_interval(1h, target, Tick{});
    EXPECT_NE(read_timer(once), std::nullopt);
    end(target);
    EXPECT_EQ(read_timer(once), std::nullopt);
    EXPECT_EQ(read_timer(again), std::nullopt);
    EXPECT_EQ(read_timer(send_after(1h, target, Tick{})), std::nullopt);
  });
}

TEST_F(Timers, TIMER_010_timers_started_while_their_target_ends_do_not_stay) {
  in_process([] {
    for (int round = 0; round < 200; ++round) {
      const Pid target = spawn([] {});
      const Ref ref = send_after(1h, target, Tick{});
      down_of(monitor(target));
      ASSERT_EQ(read_timer(ref), std::nullopt);
    }
  });
}

TEST_F(Timers, TIMER_011_sleep_takes_at_least_its_time_and_ends_by_a_signal) {
  in_process([] {
    const TimePoint begin = monotonic_time();
    sleep(50ms);
    EXPECT_GE(monotonic_time() - begin, 50ms);
    sleep(0ms);
    const auto [sleeper, ref] = spawn_monitor([] { sleep(milliseconds((1LL << 32) + 1)); });
    kill_after(5ms, sleeper);
    EXPECT_EQ(down_of(ref).reason, ExitReason::killed());
  });
}

TEST_F(Timers, TIMER_012_apply_after_runs_once_in_another_process) {
  in_process([] {
    const Pid test = self();
    for (const milliseconds delay : {0ms, 30ms}) {
      const TimePoint begin = monotonic_time();
      apply_after(delay, [test] { send(test, self()); });
      EXPECT_NE(next<Pid>(), test);
      EXPECT_GE(monotonic_time() - begin, delay);
    }
    EXPECT_EQ(receive_value<Pid>(20ms), std::nullopt);
    const Ref never_run = apply_after(1h, [test] { send(test, self()); });
    EXPECT_NE(cancel_timer(never_run), std::nullopt);
  });
}

TEST_F(Timers, TIMER_013_exit_and_kill_come_later) {
  in_process([] {
    trap_exit(true);
    const auto linked_child = [] { return spawn_link([] { stay(); }); };
    const Pid by_pid = linked_child();
    exit_after(1ms, by_pid, ExitReason("R"));
    EXPECT_EQ(next<Exit>().reason, ExitReason("R"));
    const Pid by_name = linked_child();
    register_name("timer_013", by_name);
    exit_after(1ms, "timer_013", ExitReason("R2"));
    const Exit named = next<Exit>();
    EXPECT_EQ(named.pid, by_name);
    EXPECT_EQ(named.reason, ExitReason("R2"));
    spawn_link([] {
      exit_after(1ms, self(), ExitReason("own"));
      stay();
    });
    EXPECT_EQ(next<Exit>().reason, ExitReason("own"));
    const Pid killed = linked_child();
    kill_after(1ms, killed);
    EXPECT_EQ(next<Exit>().reason, ExitReason::killed());
  });
}

TEST_F(Timers, TIMER_014_an_interval_keeps_to_multiples_of_its_period) {
  in_process([] {
    const TimePoint begin = monotonic_time();
    const Ref ref = send_interval(20ms, self(), Tick{3});
    for (int i = 1; i <= 5; ++i) {
      EXPECT_EQ(next<Tick>().number, 3);
      EXPECT_GE(monotonic_time(), begin + i * 20ms);
    }
    EXPECT_NE(cancel_timer(ref), std::nullopt);
    while (receive_value<Tick>(0s)) {
    }
    EXPECT_EQ(receive_value<Tick>(60ms), std::nullopt);
  });
}

TEST_F(Timers, TIMER_015_an_action_longer_than_its_interval_overlaps_with_the_next) {
  in_process([] {
    struct Done {};
    const Pid test = self();
    const Ref ref = apply_interval(10ms, [test] {
      send(test, self());
      receive_value<Done>();
    });
    std::vector<Pid> running;
    for (int i = 0; i < 3; ++i) running.push_back(next<Pid>());
    EXPECT_NE(cancel_timer(ref), std::nullopt);
    for (const Pid each : running) EXPECT_TRUE(is_alive(each));
    sleep(30ms);  // one that was on its way when it was cancelled has begun by now
    while (const auto late = receive_value<Pid>(0s)) running.push_back(*late);
    EXPECT_EQ(receive_value<Pid>(30ms), std::nullopt);
    for (const Pid each : running) send(each, Done{});
  });
}

TEST_F(Timers, TIMER_016_illegal_service_arguments_harm_nobody) {
  in_process([] {
    EXPECT_THROW(apply_after(-1ms, [] {}), std::invalid_argument);
    EXPECT_THROW(apply_interval(-1ms, [] {}), std::invalid_argument);
    static_assert(!std::is_constructible_v<std::function<void()>, void (*)(int)>);
    EXPECT_EQ(cancel_timer(Ref{}), std::nullopt);
    send_after(0ms, self(), Tick{});
    next<Tick>();
  });
}

TEST_F(Timers, TIMER_017_under_load_no_timer_is_early_and_none_is_lost) {
  in_process([] {
    std::vector<Pid> spinners;
    for (int i = 0; i < 4; ++i) {
      spinners.push_back(spawn([] {
        for (;;) yield();
      }));
    }
    struct Due_ {
      TimePoint at;
    };
    constexpr int count = 300;
    unsigned seed = 1;
    for (int i = 0; i < count; ++i) {
      seed = seed * 1664525U + 1013904223U;
      const TimePoint at = monotonic_time() + milliseconds((seed >> 16) % 200);
      send_after(at, self(), Due_{at});
    }
    for (int i = 0; i < count; ++i) {
      const TimePoint at = next<Due_>().at;
      ASSERT_GE(monotonic_time(), at);
    }
    for (const Pid each : spinners) end(each);
  });
}

}  // namespace
}  // namespace otp::conformance
