#include "fiber/timer_wheel.h"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace otp::detail {
namespace {

constexpr Nanoseconds ms = 1'000'000;
constexpr Nanoseconds tick = 1 << 20;

std::vector<TimerNode*> expired(TimerWheel& wheel, Nanoseconds now) {
  std::vector<TimerNode*> nodes;
  for (TimerNode* node = wheel.expire(now); node != nullptr; node = node->next)
    nodes.push_back(node);
  return nodes;
}

TEST(TimerWheel, fires_never_early_and_at_most_two_ticks_late_on_every_level) {
  for (const Nanoseconds delay :
       {Nanoseconds{0}, ms, 200 * ms, 300 * ms, 60'000 * ms, 80'000 * ms, 20'000'000 * ms}) {
    TimerWheel wheel(0);
    TimerNode node;
    node.deadline = delay;
    wheel.insert(node);
    EXPECT_TRUE(delay == 0 || expired(wheel, delay - 1).empty()) << delay;
    EXPECT_EQ(expired(wheel, delay + 2 * tick).size(), 1U) << delay;
    EXPECT_TRUE(wheel.empty());
  }
}

TEST(TimerWheel, a_removed_timer_does_not_fire) {
  TimerWheel wheel(0);
  TimerNode kept;
  TimerNode removed;
  kept.deadline = removed.deadline = 50 * ms;
  wheel.insert(kept);
  wheel.insert(removed);
  wheel.remove(removed);
  EXPECT_EQ(expired(wheel, 100 * ms), std::vector<TimerNode*>{&kept});
}

TEST(TimerWheel, agrees_with_an_ordered_map_under_random_use) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random(seed);
    TimerWheel wheel(0);
    std::deque<TimerNode> nodes;
    std::multimap<Nanoseconds, TimerNode*> expected;
    Nanoseconds now = 0;
    for (int step = 0; step < 2000; ++step) {
      const auto choice = random() % 10;
      if (choice < 6) {
        TimerNode& node = nodes.emplace_back();
        node.deadline =
            now + static_cast<Nanoseconds>(random() % (std::uint64_t{1} << (20 + random() % 18)));
        wheel.insert(node);
        expected.emplace(node.deadline, &node);
      } else if (choice < 8 && !expected.empty()) {
        auto victim = std::next(expected.begin(), static_cast<long>(random() % expected.size()));
        wheel.remove(*victim->second);
        expected.erase(victim);
      } else {
        now += static_cast<Nanoseconds>(random() % (std::uint64_t{1} << (18 + random() % 16)));
        for (TimerNode* node : expired(wheel, now)) {
          ASSERT_LT(node->deadline, now) << "seed " << seed;
          auto found = std::find_if(expected.begin(), expected.end(),
                                    [&](auto& each) { return each.second == node; });
          ASSERT_NE(found, expected.end()) << "seed " << seed;
          expected.erase(found);
        }
        ASSERT_TRUE(expected.empty() || expected.begin()->first > now - 2 * tick)
            << "seed " << seed;
      }
    }
    EXPECT_EQ(wheel.empty(), expected.empty());
    while (wheel.drain() != nullptr) {
    }
  }
}

TEST(TimerWheel, next_deadline_is_never_after_the_first_timer) {
  TimerWheel wheel(0);
  EXPECT_EQ(wheel.next_deadline(), never);
  TimerNode node;
  node.deadline = 10'000 * ms;
  wheel.insert(node);
  Nanoseconds now = 0;
  int wakeups = 0;
  while (!wheel.empty()) {
    const Nanoseconds next = wheel.next_deadline();
    ASSERT_LE(next, node.deadline + 2 * tick);
    ASSERT_GT(next, now);
    now = next;
    expired(wheel, now);
    ++wakeups;
  }
  EXPECT_LE(wakeups, 60);
}

}  // namespace
}  // namespace otp::detail
