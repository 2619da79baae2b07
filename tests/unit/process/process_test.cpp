// The process core as its users see it. The cases of OTP's own suites are in tests/conformance;
// here is what is ours: stacks, threads, exceptions, scheduling.
#include <otp/receive.h>
#include <otp/runtime.h>
#include <otp/timer.h>

#include <signal.h>

#include <array>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "process/process.h"

#if defined(__SANITIZE_ADDRESS__)
// A stack that std::terminate was reached on cannot be unwound: it is left behind on purpose, with
// all it owns.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT
  return "leak:make_function_behaviour\nleak:terminate_process\n"
         "leak:__cxa_allocate_exception\nleak:throw_runtime_error\n";
}
#endif

namespace otp {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_THREAD__)
constexpr int many = 2'000;  // the sanitizer follows at most 8,128 stacks
#else
constexpr int many = 10'000;
#endif

class Processes : public ::testing::TestWithParam<unsigned> {
 protected:
  /// Runs `body` as a process and expects it to end normally.
  void in_process(std::move_only_function<void()> body) {
    Runtime runtime({.schedulers = GetParam()});
    EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
  }
};

INSTANTIATE_TEST_SUITE_P(Schedulers, Processes, ::testing::Values(1U, 2U, 4U));

[[gnu::noipa]] void throw_runtime_error(const char* text) { throw std::runtime_error(text); }

Down await_down(Ref ref) {
  Down result;
  receive(on_if([ref](const Down& down) { return down.ref == ref; },
                [&](Down down) { result = std::move(down); }));
  return result;
}

TEST_P(Processes, an_exception_becomes_the_exit_reason_with_its_type_and_text) {
  in_process([] {
    const auto [pid, ref] = spawn_monitor([] { throw std::runtime_error("boom"); });
    EXPECT_EQ(await_down(ref).reason, ExitReason::error("std::runtime_error", "boom"));
  });
}

TEST_P(Processes, an_exception_that_is_no_std_exception_is_contained_too) {
  in_process([] {
    const auto [pid, ref] = spawn_monitor([] { throw 42; });
    EXPECT_EQ(await_down(ref).reason, ExitReason::error("int", ""));
  });
}

TEST_P(Processes, processes_that_suspend_inside_catch_keep_their_own_exceptions) {
  in_process([] {
    std::vector<Ref> monitors;
    for (int i = 0; i < 20; ++i) {
      monitors.push_back(spawn_monitor([i] {
                           try {
                             throw std::runtime_error(std::to_string(i));
                           } catch (const std::runtime_error&) {
                             sleep(std::chrono::milliseconds(20 - i));
                             yield();
                             throw;
                           }
                         }).second);
    }
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(await_down(monitors[static_cast<std::size_t>(i)]).reason,
                ExitReason::error("std::runtime_error", std::to_string(i)));
    }
  });
}

TEST_P(Processes, kill_unwinds_a_blocked_process_and_its_destructors_cannot_wait) {
  in_process([] {
    const Pid parent = self();
    struct Farewell {
      Pid to;
      ~Farewell() {
        sleep(1h);  // returns at once: the process is dead
        send(to, std::string("unwound"));
      }
    };
    const auto [pid, ref] = spawn_monitor([parent] {
      const Farewell farewell{parent};
      send(parent, 1);
      sleep(infinity);
    });
    EXPECT_EQ(receive_value<int>(), 1);
    exit(pid, ExitReason::kill());
    EXPECT_EQ(await_down(ref).reason, ExitReason::killed());
    EXPECT_EQ(receive_value<std::string>(0s), "unwound");
  });
}

TEST_P(Processes, a_swallowed_exit_signal_ends_the_process_at_its_next_wait) {
  in_process([] {
    const Pid parent = self();
    const auto [pid, ref] = spawn_monitor([parent] {
      try {
        send(parent, 1);
        sleep(infinity);
      } catch (...) {
      }
      sleep(infinity);
    });
    EXPECT_EQ(receive_value<int>(), 1);
    exit(pid, ExitReason("stop_now"));
    EXPECT_EQ(await_down(ref).reason, ExitReason("stop_now"));
  });
}

TEST_P(Processes, std_terminate_ends_only_the_process_that_reached_it) {
  in_process([] {
    const auto leave_noexcept = []() noexcept { throw_runtime_error("out of noexcept"); };
    for (int round = 0; round < 3; ++round) {
      const auto [pid, ref] = spawn_monitor([&] { leave_noexcept(); });
      EXPECT_EQ(await_down(ref).reason,
                ExitReason::terminate("std::runtime_error: out of noexcept"));
    }
    EXPECT_EQ(std::uncaught_exceptions(), 0);
    const auto [pid, ref] = spawn_monitor([] { throw std::runtime_error("boom"); });
    EXPECT_EQ(await_down(ref).reason, ExitReason::error("std::runtime_error", "boom"));
  });
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// NOLINTNEXTLINE(misc-no-recursion)
[[gnu::noipa]] int recurse_for_ever(int depth) {
  std::array<volatile char, 512> frame{};
  frame[static_cast<std::size_t>(depth) % frame.size()] = 1;
  return depth < 0 ? 0 : recurse_for_ever(depth + 1) + frame[0];
}

TEST_P(Processes, a_stack_that_overflows_ends_only_its_process) {
  in_process([] {
    for (int round = 0; round < 20; ++round) {
      const auto [pid, ref] = spawn_monitor([] { recurse_for_ever(0); });
      const Down down = await_down(ref);
      EXPECT_EQ(down.reason.origin(), "otp::StackOverflow");
      EXPECT_NE(std::string(down.reason.text()).find("256 KiB"), std::string::npos);
      EXPECT_FALSE(is_alive(pid));
    }
    EXPECT_EQ(await_down(spawn_monitor([] {}).second).reason, ExitReason::normal());
  });
}

TEST(Runtime, a_fault_that_is_no_overflow_ends_the_program) {
  EXPECT_DEATH(
      {
        Runtime runtime({.schedulers = 1});
        runtime.run([] { raise(SIGSEGV); });
      },
      "");
}
#endif

TEST_P(Processes, thousands_of_processes_block_at_once_and_all_are_woken) {
  in_process([] {
    const Pid parent = self();
    std::vector<Pid> pids;
    for (int i = 0; i < many; ++i) {
      pids.push_back(spawn([parent] { send(parent, receive_value<int>().value()); }));
    }
    for (int i = 0; i < many; ++i) send(pids[static_cast<std::size_t>(i)], i);
    std::int64_t sum = 0;
    for (int i = 0; i < many; ++i) sum += receive_value<int>().value();
    EXPECT_EQ(sum, std::int64_t{many} * (many - 1) / 2);
  });
}

TEST_P(Processes, a_dead_process_stays_dead_when_its_slot_is_given_out_again) {
  in_process([] {
    std::atomic<bool> over{false};
    const auto [other, end] = spawn_monitor([&] {
      while (!over.load()) await_down(spawn_monitor([] {}).second);
    });
    for (int i = 0; i < 20'000; ++i) {
      const auto [pid, ref] = spawn_monitor([] {});
      await_down(ref);
      for (int look = 0; look < 5; ++look) ASSERT_FALSE(is_alive(pid));
    }
    over.store(true);
    await_down(end);
  });
}

TEST(Schedulers, a_process_that_computes_does_not_keep_the_others_from_the_other_scheduler) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.run([] {
    std::atomic<bool> answered{false};
    const Pid echo = spawn([] {
      const Pid from = receive_value<Pid>().value();
      send(from, 1);
    });
    const auto [hog, hog_ref] = spawn_monitor([&] {
      while (!answered.load()) {
      }
    });
    const auto [client, client_ref] = spawn_monitor([&, echo] {
      send(echo, self());
      receive_value<int>();
      answered.store(true);
    });
    EXPECT_EQ(await_down(client_ref).reason, ExitReason::normal());
    EXPECT_EQ(await_down(hog_ref).reason, ExitReason::normal());
  }),
            ExitReason::normal());
}

TEST(Schedulers, processes_that_never_give_up_their_threads_leave_the_others_theirs) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.run([] {
    std::atomic<bool> answered{false};
    std::atomic<int> spinning{0};
    std::vector<Ref> spinners;
    for (int i = 0; i < 6; ++i) {
      spinners.push_back(spawn_monitor([&] {
                           ++spinning;
                           while (!answered.load()) {
                           }
                         }).second);
    }
    while (spinning.load() < 6) sleep(1ms);
    const Pid echo = spawn([] {
      for (;;) send(receive_value<Pid>().value(), 1);
    });
    for (int i = 0; i < 100; ++i) {
      send(echo, self());
      receive_value<int>();
    }
    answered.store(true);
    for (const Ref ref : spinners) EXPECT_EQ(await_down(ref).reason, ExitReason::normal());
  }),
            ExitReason::normal());
}

TEST(Schedulers, their_number_changes_while_processes_run) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.run([] {
    EXPECT_EQ(schedulers_online(), 2U);
    EXPECT_THROW(set_schedulers_online(0), std::invalid_argument);
    EXPECT_THROW(set_schedulers_online(100'000), std::invalid_argument);
    unsigned last = 2;
    for (const unsigned count : {5U, 1U, 3U, 1U, 8U, 2U}) {
      EXPECT_EQ(set_schedulers_online(count), last);
      EXPECT_EQ(schedulers_online(), count);
      last = count;
      std::vector<Ref> monitors;
      for (int i = 0; i < 200; ++i) {
        monitors.push_back(spawn_monitor([] {
                             for (int turn = 0; turn < 10; ++turn) yield();
                             sleep(1ms);  // its timer may outlive its scheduler's service
                           }).second);
      }
      for (const Ref ref : monitors) EXPECT_EQ(await_down(ref).reason, ExitReason::normal());
    }
  }),
            ExitReason::normal());
}

TEST(Schedulers, a_process_that_computes_does_not_keep_the_timers_it_armed_from_firing) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.run([] {
    std::atomic<bool> fired{false};
    const Pid receiver = spawn([&] {
      receive_value<int>();
      fired.store(true);
    });
    const auto [hog, hog_ref] = spawn_monitor([&] {
      send_after(1ms, receiver, 1);
      while (!fired.load()) {
      }
    });
    EXPECT_EQ(await_down(hog_ref).reason, ExitReason::normal());
  }),
            ExitReason::normal());
}

TEST_P(Processes, blocking_work_leaves_the_schedulers_free) {
  in_process([] {
    std::atomic<int> inside{0};
    std::vector<Ref> monitors;
    for (int i = 0; i < 8; ++i) {
      monitors.push_back(spawn_monitor([&] {
                           blocking([&] {
                             // All eight are inside at once, though there are fewer schedulers.
                             inside.fetch_add(1);
                             while (inside.load() < 8) std::this_thread::yield();
                           });
                         }).second);
    }
    for (const Ref ref : monitors) EXPECT_EQ(await_down(ref).reason, ExitReason::normal());
  });
}

TEST(Mailbox, a_block_that_is_pushed_again_is_told_from_what_was_read) {
  alignas(16) detail::Message message;
  const std::uintptr_t read = detail::Process::on_top(0, &message);
  std::uintptr_t head = read;
  for (int pushes = 0; pushes < 200'000; ++pushes) {  // the count begins anew three times
    head = detail::Process::on_top(head, &message);
    ASSERT_NE(head, read) << "after " << pushes + 1 << " more";
  }
}

TEST_P(Processes, messages_keep_their_order_over_the_count_of_a_mailbox) {
  in_process([] {
    constexpr int many = 200'000;
    send(self(), -1);
    EXPECT_EQ(receive_value<int>(), -1);
    for (int i = 0; i < many; ++i) send(self(), i);
    for (int i = 0; i < many; ++i) ASSERT_EQ(receive_value<int>(), i);
    EXPECT_EQ(receive_value<int>(0s), std::nullopt);
  });
}

TEST(ProcessTable, is_full_at_its_limit_and_what_has_ended_makes_room) {
  Runtime runtime({.schedulers = 2, .max_processes = 20});
  const ExitReason end = runtime.run([] {
    for (int round = 0; round < 3; ++round) {
      std::vector<std::pair<Pid, Ref>> started;
      EXPECT_THROW(for (;;) started.push_back(spawn_monitor([] { sleep(infinity); })),
                   std::length_error);
      EXPECT_EQ(started.size(), 19U);
      for (const auto& [pid, ref] : started) {
        exit(pid, ExitReason::kill());
        EXPECT_EQ(await_down(ref).reason, ExitReason::killed());
      }
    }
  });
  EXPECT_EQ(end, ExitReason::normal());
}

TEST_P(Processes, selective_receive_keeps_the_order_of_what_it_passes_over) {
  in_process([] {
    for (int i = 0; i < 5; ++i) send(self(), i);
    send(self(), std::string("text"));
    EXPECT_EQ(receive_value<std::string>(), "text");
    for (int i = 0; i < 5; ++i) EXPECT_EQ(receive_value<int>(), i);
    EXPECT_EQ(receive_value<int>(0s), std::nullopt);
  });
}

TEST_P(Processes, a_receive_goes_on_when_what_it_passed_over_is_dropped) {
  in_process([] {
    detail::limit_mailbox({.limit = 2, .overflow = Overflow::drop_oldest});
    spawn_link([me = self()] {
      for (int i = 0; i < 200; ++i) {
        send(me, i);
        yield();
      }
      send(me, std::string("last"));
    });
    EXPECT_EQ(receive_value<std::string>(), "last");
  });
}

TEST_P(Processes, a_timer_sends_its_message_and_a_cancelled_one_does_not) {
  in_process([] {
    send_after(5ms, self(), 1);
    const Ref cancelled = send_after(10s, self(), 2);
    EXPECT_TRUE(cancel_timer(cancelled).has_value());
    EXPECT_FALSE(cancel_timer(cancelled).has_value());
    EXPECT_EQ(receive_value<int>(), 1);
  });
}

TEST_P(Processes, a_wait_never_ends_before_its_time) {
  in_process([] {
    for (const auto time : {1ms, 7ms, 30ms}) {
      const auto start = std::chrono::steady_clock::now();
      sleep(time);
      EXPECT_GE(std::chrono::steady_clock::now() - start, time);
    }
  });
}

TEST(Runtime, serves_foreign_threads_and_several_runtimes_at_once) {
  Runtime first({.schedulers = 2});
  Runtime second({.schedulers = 1});
  std::vector<std::jthread> threads;
  std::atomic<int> sum{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      sum += (i % 2 == 0 ? first : second).invoke([i] { return receive_value<int>(0s) ? 0 : i; });
    });
  }
  threads.clear();
  EXPECT_EQ(sum.load(), 28);
}

TEST(Runtime, invoke_hands_the_exception_to_the_caller) {
  Runtime runtime({.schedulers = 1});
  EXPECT_THROW(runtime.invoke([]() -> int { throw std::out_of_range("no"); }), std::out_of_range);
  EXPECT_THROW(runtime.invoke([] { exit(ExitReason("bye")); }), std::runtime_error);
}

TEST(Runtime, operations_outside_a_process_are_refused_by_name) {
  EXPECT_FALSE(in_process());
  EXPECT_THROW(self(), std::logic_error);
  EXPECT_THROW(sleep(1ms), std::logic_error);
}

TEST(Runtime, its_end_stops_what_still_runs) {
  std::atomic<int> stopped{0};
  struct Count {
    std::atomic<int>& count;
    ~Count() { count.fetch_add(1); }
  };
  {
    Runtime runtime({.schedulers = 2});
    runtime.run([&] {
      for (int i = 0; i < 100; ++i) {
        spawn([&, parent = self()] {
          const Count count{stopped};
          send(parent, 1);
          sleep(infinity);
        });
      }
      for (int i = 0; i < 100; ++i) receive_value<int>();
    });
  }
  EXPECT_EQ(stopped.load(), 100);
}

}  // namespace
}  // namespace otp
