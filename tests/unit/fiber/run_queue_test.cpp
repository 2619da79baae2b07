#include "fiber/run_queue.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace otp::detail {
namespace {

TEST(RunQueue, the_one_just_woken_runs_next_and_the_rest_in_order) {
  RunQueue queue;
  Runnable a;
  Runnable b;
  Runnable c;
  EXPECT_EQ(queue.push_next(a), nullptr);
  EXPECT_EQ(queue.push_next(b), nullptr);  // a moves to the ring
  EXPECT_TRUE(queue.push_last(c));
  EXPECT_EQ(queue.pop(), &b);
  EXPECT_EQ(queue.pop(), &a);
  EXPECT_EQ(queue.pop(), &c);
  EXPECT_EQ(queue.pop(), nullptr);
}

TEST(RunQueue, a_full_ring_says_so) {
  RunQueue queue;
  std::vector<Runnable> many(RunQueue::capacity + 2);
  for (std::uint32_t i = 0; i < RunQueue::capacity; ++i) ASSERT_TRUE(queue.push_last(many[i]));
  EXPECT_FALSE(queue.push_last(many[RunQueue::capacity]));
  EXPECT_EQ(queue.push_next(many[RunQueue::capacity]), nullptr);
  EXPECT_EQ(queue.push_next(many[RunQueue::capacity + 1]), &many[RunQueue::capacity]);
}

TEST(RunQueue, thieves_and_owner_take_each_process_exactly_once) {
  constexpr int count = 200'000;
  struct Counted : Runnable {
    std::atomic<int> taken{0};
  };
  const auto processes = std::make_unique<Counted[]>(count);
  RunQueue queue;
  std::atomic<int> taken{0};
  const auto take = [&](Runnable* runnable) {
    static_cast<Counted*>(runnable)->taken.fetch_add(1);
    taken.fetch_add(1);
  };
  std::vector<std::jthread> thieves;
  for (int i = 0; i < 2; ++i) {
    thieves.emplace_back([&] {
      while (taken.load() < count) {
        RunnableList loot = queue.steal();
        while (Runnable* runnable = loot.pop()) take(runnable);
        if (Runnable* next = queue.take_next()) take(next);
      }
    });
  }
  for (int i = 0; i < count; ++i) {
    Runnable* left = i % 3 == 0                      ? queue.push_next(processes[i])
                     : queue.push_last(processes[i]) ? nullptr
                                                     : &processes[i];
    if (left != nullptr) take(left);
    if (i % 5 == 0) {
      if (Runnable* runnable = queue.pop()) take(runnable);
    }
  }
  while (taken.load() < count) {
    if (Runnable* runnable = queue.pop()) take(runnable);
  }
  thieves.clear();
  for (int i = 0; i < count; ++i) ASSERT_EQ(processes[i].taken.load(), 1) << i;
}

}  // namespace
}  // namespace otp::detail
