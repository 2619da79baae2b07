#include "fiber/timer_wheel.h"

#include <map>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "fiber/timer_shard.h"

namespace otp::detail {
namespace {

constexpr Nanoseconds ms = 1'000'000;
constexpr Nanoseconds tick = 1 << 20;
constexpr Nanoseconds day = 86'400'000 * ms;

alignas(16) std::byte payload;

/// A wheel, and where its timers are kept.
struct Timers {
  TimerSlab slab;
  TimerShard memory{slab, 0};
  TimerWheel wheel{slab, 0};

  TimerIndex add(Nanoseconds deadline) {
    if (!memory.has_room()) memory.grow();
    const TimerIndex timer = memory.allocate(&payload, deadline, 0);
    wheel.insert(timer);
    return timer;
  }
  void remove(TimerIndex timer) {
    wheel.remove(timer);
    memory.release(timer);
  }
  std::vector<TimerIndex> expired(Nanoseconds now) {
    std::vector<TimerIndex> timers;
    while (const TimerIndex timer = wheel.take_due(now)) {
      timers.push_back(timer);
      memory.release(timer);
    }
    wheel.tidy();
    return timers;
  }
  bool empty() const { return wheel.next_event() == TimerWheel::no_tick; }
};

TEST(TimerWheel, fires_never_early_and_at_most_two_ticks_late_on_every_level) {
  for (const Nanoseconds delay :
       {Nanoseconds{0}, ms, 200 * ms, 300 * ms, 17'100 * ms, 17'200 * ms, 60'000 * ms, 80'000 * ms,
        280'000 * ms, 20'000'000 * ms, 3 * day, 4 * day, 400 * day}) {
    Timers timers;
    const TimerIndex timer = timers.add(delay);
    EXPECT_TRUE(delay == 0 || timers.expired(delay - 1).empty()) << delay;
    EXPECT_EQ(timers.expired(delay + 2 * tick), std::vector{timer}) << delay;
    EXPECT_TRUE(timers.empty());
  }
}

TEST(TimerWheel, a_removed_timer_does_not_fire_wherever_it_is_in_its_slot) {
  for (std::size_t removed = 0; removed < 3; ++removed) {
    Timers timers;
    std::vector<TimerIndex> kept;
    for (int i = 0; i < 3; ++i) kept.push_back(timers.add(50 * ms));
    timers.remove(kept[removed]);
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(removed));
    kept.push_back(timers.add(50 * ms));
    EXPECT_EQ(timers.expired(100 * ms), kept);
  }
}

TEST(TimerWheel, timers_of_one_tick_fire_in_the_order_of_their_coming) {
  Timers timers;
  std::vector<TimerIndex> expected;
  for (int i = 0; i < 1000; ++i) expected.push_back(timers.add(40'000 * ms));
  EXPECT_EQ(timers.expired(50'000 * ms), expected);
}

TEST(TimerWheel, agrees_with_an_ordered_map_under_random_use) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    const unsigned longest = 20 + seed % 3 * 12;  // to a level of its own each
    Timers timers;
    std::map<TimerIndex, Nanoseconds> outstanding;
    std::multiset<Nanoseconds> deadlines;
    const auto forget = [&](auto found) {
      deadlines.erase(deadlines.find(found->second));
      outstanding.erase(found);
    };
    Nanoseconds now = 0;
    for (int step = 0; step < 2000; ++step) {
      const auto choice = random() % 10;
      if (choice < 6) {
        const Nanoseconds deadline =
            now +
            static_cast<Nanoseconds>(random() % (std::uint64_t{1} << (longest + random() % 12)));
        outstanding.emplace(timers.add(deadline), deadline);
        deadlines.insert(deadline);
      } else if (choice < 8 && !outstanding.empty()) {
        auto victim =
            std::next(outstanding.begin(), static_cast<long>(random() % outstanding.size()));
        timers.remove(victim->first);
        forget(victim);
      } else {
        now += static_cast<Nanoseconds>(random() %
                                        (std::uint64_t{1} << (longest - 2 + random() % 12)));
        for (const TimerIndex timer : timers.expired(now)) {
          const auto found = outstanding.find(timer);
          ASSERT_NE(found, outstanding.end()) << "seed " << seed;
          ASSERT_LT(found->second, now) << "seed " << seed;
          forget(found);
        }
        ASSERT_TRUE(deadlines.empty() || *deadlines.begin() > now - 2 * tick) << "seed " << seed;
      }
    }
    EXPECT_EQ(timers.empty(), outstanding.empty());
  }
}

TEST(TimerWheel, the_next_event_is_never_after_the_first_timer) {
  for (const Nanoseconds delay : {10'000 * ms, 100'000 * ms, 1'000'000 * ms, day, 30 * day}) {
    Timers timers;
    timers.add(delay);
    Nanoseconds now = 0;
    int wakeups = 0;
    while (!timers.empty()) {
      const Nanoseconds next = TimerWheel::time_of(timers.wheel.next_event());
      ASSERT_LE(next, delay + 2 * tick);
      ASSERT_GT(next, now);
      now = next;
      timers.expired(now);
      ++wakeups;
    }
    EXPECT_LE(wakeups, 15) << delay;
  }
}

TEST(TimerWheel, a_crowd_moves_nearer_in_portions_before_its_time) {
  Timers timers;
  constexpr int crowd = 10'000;
  constexpr Nanoseconds due = 60'000 * ms;
  for (int i = 0; i < crowd; ++i) timers.add(due);
  int wakeups = 0;
  Nanoseconds now = 0;
  while (TimerWheel::time_of(timers.wheel.next_event()) < due) {
    const Nanoseconds next = TimerWheel::time_of(timers.wheel.next_event());
    ASSERT_GE(next, now);
    now = next;
    ASSERT_TRUE(timers.expired(now).empty());
    ++wakeups;
  }
  EXPECT_LT(now, due - 10'000 * ms);
  EXPECT_GT(wakeups, 10);
  EXPECT_EQ(timers.expired(due + 2 * tick).size(), static_cast<std::size_t>(crowd));
}

}  // namespace
}  // namespace otp::detail
