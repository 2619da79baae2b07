// Timers between threads: who cancels, who fires, and who dies at the same moment. What timers do
// is in tests/conformance/timer_test.cpp.
#include <otp/receive.h>
#include <otp/runtime.h>
#include <otp/timer.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "process/node.h"

namespace otp {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_THREAD__)
constexpr int many = 2'000;
#else
constexpr int many = 20'000;
#endif
constexpr int crowd = 200'000;

/// A chunk stays with each scheduler when nothing is outstanding. There may be more schedulers than
/// asked for, while some seem stuck on a busy machine.
constexpr std::size_t kept_bytes = std::size_t{16} * 4096 * sizeof(detail::TimerEntry);
static_assert(kept_bytes < crowd * sizeof(detail::TimerEntry) / 2);

struct Tick {
  int number = 0;
};
struct Go {};

class TimerThreads : public ::testing::Test {
 protected:
  void in_process(std::move_only_function<void()> body) {
    Runtime runtime({.schedulers = 4});
    EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
  }
};

std::size_t slab_bytes() { return detail::current_node()->schedulers().timer_slab().bytes(); }

void await_down(Ref ref) {
  receive(on_if([ref](const Down& down) { return down.ref == ref; }, [](Down) {}));
}

TEST_F(TimerThreads, memory_goes_back_when_timers_are_cancelled_or_their_process_dies) {
  in_process([] {
    std::vector<Ref> refs;
    for (int i = 0; i < crowd; ++i) refs.push_back(send_after(1h, self(), i));
    EXPECT_GE(slab_bytes(), crowd * sizeof(detail::TimerEntry));
    for (const Ref ref : refs) EXPECT_TRUE(cancel_timer(ref).has_value());
    EXPECT_LE(slab_bytes(), kept_bytes);

    const Pid test = self();
    const auto [mortal, down] = spawn_monitor([test] {
      for (int i = 0; i < crowd; ++i) send_after(1h, self(), i);
      EXPECT_GE(slab_bytes(), crowd * sizeof(detail::TimerEntry));
    });
    await_down(down);
    EXPECT_LE(slab_bytes(), kept_bytes);
  });
}

TEST_F(TimerThreads, a_stale_reference_never_reaches_another_timer) {
  in_process([] {
    std::set<Ref> stale;
    for (int round = 0; round < 5; ++round) {
      std::vector<Ref> refs;
      for (int i = 0; i < many / 4; ++i) refs.push_back(send_after(1h, self(), Tick{i}));
      for (const Ref ref : stale) {
        ASSERT_EQ(read_timer(ref), std::nullopt);
        ASSERT_EQ(cancel_timer(ref), std::nullopt);
      }
      for (const Ref ref : refs) {
        ASSERT_TRUE(cancel_timer(ref).has_value());
        ASSERT_TRUE(stale.insert(ref).second);
      }
    }
    EXPECT_EQ(cancel_timer(Ref{.id = UINT64_MAX}), std::nullopt);
    EXPECT_EQ(cancel_timer(Ref{}), std::nullopt);
  });
}

TEST_F(TimerThreads, a_timer_is_either_cancelled_or_delivered) {
  in_process([] {
    const Pid test = self();
    constexpr int armers = 4;
    constexpr int each = many / 8;
    struct Done {
      int cancelled = 0;
    };
    std::vector<std::atomic<bool>> cancelled(armers * each);
    for (int a = 0; a < armers; ++a) {
      spawn([=, &cancelled] {
        // The refs go to a process of another scheduler, perhaps, which reads and cancels them
        // while they fire.
        const Pid canceller = spawn([=, &cancelled] {
          int count = 0;
          for (int i = 0; i < each; ++i) {
            const auto [number, ref] = *receive_value<std::pair<int, Ref>>();
            read_timer(ref);
            if (i % 2 == 0) yield();
            if (!cancel_timer(ref)) continue;
            cancelled[static_cast<std::size_t>(number)] = true;
            ++count;
          }
          send(test, Done{count});
        });
        for (int i = 0; i < each; ++i) {
          const int number = a * each + i;
          const Ref ref = send_after(std::chrono::microseconds(i % 7 * 400), test, Tick{number});
          send(canceller, std::pair(number, ref));
        }
      });
    }
    int missing = armers * each;
    for (int a = 0; a < armers; ++a) missing -= receive_value<Done>()->cancelled;
    for (; missing != 0; --missing) {
      const Tick tick = *receive_value<Tick>();
      EXPECT_FALSE(cancelled[static_cast<std::size_t>(tick.number)]);
    }
    EXPECT_EQ(receive_value<Tick>(3ms), std::nullopt);
  });
}

TEST_F(TimerThreads, timers_for_a_process_that_dies_go_whoever_arms_them) {
  in_process([] {
    constexpr int lives = many / 40;
    std::vector<Pid> armers;
    for (int a = 0; a < 4; ++a) {
      armers.push_back(spawn([test = self()] {
        for (int life = 0; life < lives; ++life) {
          const Pid target = *receive_value<Pid>();
          std::vector<Ref> refs;
          for (int i = 0; i < 60; ++i)
            refs.push_back(send_after(i % 3 == 0 ? Duration(0s) : 1h, target, Tick{i}));
          send(test, std::move(refs));
        }
      }));
    }
    for (int life = 0; life < lives; ++life) {
      const auto [target, down] = spawn_monitor([] {  // it dies while others are being armed
        for (int i = 0; i < 30; ++i) receive_value<Tick>();
      });
      for (const Pid armer : armers) send(armer, target);
      await_down(down);
      for (std::size_t i = 0; i < armers.size(); ++i) {
        const auto refs = receive_value<std::vector<Ref>>();
        for (const Ref ref : *refs) ASSERT_EQ(read_timer(ref), std::nullopt);
      }
    }
    EXPECT_LE(slab_bytes(), kept_bytes);
  });
}

/// Cannot be copied twice.
struct Brittle {
  Brittle() = default;
  Brittle(const Brittle& other) : copies(other.copies + 1) {
    if (copies > 2) throw std::runtime_error("no more of it");
  }
  Brittle(Brittle&&) noexcept = default;
  Brittle& operator=(const Brittle&) = default;
  Brittle& operator=(Brittle&&) noexcept = default;
  ~Brittle() = default;
  int copies = 0;
};

// It is copied where there is no process that could crash.
TEST_F(TimerThreads, an_interval_whose_value_cannot_be_copied_ends_nothing) {
  in_process([] {
    const Ref brittle = send_interval(1ms, self(), Brittle{});
    const Ref sound = send_interval(1ms, self(), Tick{});
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(receive_value<Tick>());
    cancel_timer(brittle);
    cancel_timer(sound);
  });
}

TEST_F(TimerThreads, an_interval_is_cancelled_while_it_fires) {
  in_process([] {
    for (int i = 0; i < 40; ++i) {
      const Ref sends = send_interval(1ms, self(), Tick{i});
      const Ref applies = apply_interval(1ms, [test = self()] { send(test, Go{}); });
      EXPECT_EQ(receive_value<Tick>()->number, i);
      receive_value<Go>();
      EXPECT_TRUE(read_timer(sends).has_value());
      const auto [canceller, down] = spawn_monitor([=] {
        EXPECT_TRUE(cancel_timer(sends).has_value());
        EXPECT_TRUE(cancel_timer(applies).has_value());
      });
      await_down(down);
      EXPECT_EQ(cancel_timer(sends), std::nullopt);
      EXPECT_EQ(cancel_timer(applies), std::nullopt);
      while (receive_value<Tick>(0s)) {
      }
    }
  });
}

TEST_F(TimerThreads, a_timer_that_is_armed_where_its_target_has_others_wakes_that_scheduler) {
  in_process([] {
    constexpr int rounds = 20;
    std::atomic<int> seen{0};
    const auto [target, down] = spawn_monitor([&] {
      for (int i = 0; i < rounds; ++i) seen = receive_value<Tick>()->number;
    });
    // The first timer makes the scheduler it is armed on the home of the target's timers.
    const Ref far = send_after(1h, target, Tick{});
    blocking([&, target] {
      for (int i = 1; i <= rounds; ++i) {
        send_after(1ms, target, Tick{i});
        while (seen != i) std::this_thread::yield();  // the schedulers have nothing to do and sleep
      }
    });
    await_down(down);
    EXPECT_EQ(read_timer(far), std::nullopt);
  });
}

TEST_F(TimerThreads, what_a_process_arms_for_itself_finds_room_in_a_full_mailbox) {
  in_process([] {
    std::atomic<bool> full{false};
    const auto [pid, ref] = spawn_monitor([&full, parent = self()] {
      detail::limit_mailbox({.limit = 1});
      send(parent, self());
      while (!full) sleep(1ms);
      send_after(0ms, self(), Tick{1});
      const Ref every = send_interval(1ms, self(), Tick{2});
      receive(on_if([](const Tick& tick) { return tick.number == 1; }, [](Tick) {}));
      for (int i = 0; i < 3; ++i)
        receive(on_if([](const Tick& tick) { return tick.number == 2; }, [](Tick) {}));
      cancel_timer(every);
    });
    receive_value<Pid>();
    for (int i = 0; i < 1000; ++i) send(pid, 0);
    full = true;
    await_down(ref);
  });
}

TEST(Timers, none_starts_a_process_that_the_end_of_the_runtime_would_leave_behind) {
  std::atomic<int> started{0};
  std::atomic<int> ended{0};
  {
    Runtime runtime({.schedulers = 2});
    runtime.run([&] {
      struct Counts {
        std::atomic<int>& count;
        ~Counts() { ++count; }
      };
      for (int i = 0; i < 10; ++i) {  // a few, so that a slow machine can end all that have begun
        apply_interval(5ms + std::chrono::microseconds(i), [&] {
          ++started;
          const Counts counts{ended};
          sleep(1h);
        });
      }
      while (started < 100) sleep(1ms);
    });
  }
  EXPECT_EQ(started, ended);
}

}  // namespace
}  // namespace otp
