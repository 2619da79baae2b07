#include "fiber/timer_slab.h"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "fiber/timer_shard.h"

namespace otp::detail {
namespace {

constexpr std::size_t chunk_bytes = 4096 * sizeof(TimerEntry);

alignas(16) std::byte payload;

TimerIndex allocate(TimerShard& shard, Nanoseconds deadline = 0) {
  if (!shard.has_room()) shard.grow();
  shard.lock();
  const TimerIndex timer = shard.allocate(&payload, deadline, 7);
  shard.unlock();
  return timer;
}
void release(TimerShard& shard, TimerIndex timer) {
  shard.lock();
  shard.release(timer);
  shard.unlock();
}
bool is_outstanding(const TimerSlab& slab, std::uint64_t id) {
  return slab.owner(TimerSlab::index_of(id)) != nullptr && slab.holds(id);
}

TEST(TimerSlab, an_entry_keeps_what_it_is_given_beside_its_generation) {
  TimerEntry entry{};
  const auto far = reinterpret_cast<void*>((std::uintptr_t{1} << 48) - 16);  // NOLINT
  for (const std::uint32_t generation : {0U, 1U, 0x7ffU, 0x800U, TimerSlab::last_generation}) {
    entry.vacate(generation);
    EXPECT_EQ(entry.payload(), nullptr);
    entry.set_payload(far);
    entry.set_deadline(never - 5000);
    EXPECT_EQ(entry.payload(), far);
    EXPECT_EQ(entry.deadline() >> 10, (never - 5000) >> 10);
    EXPECT_EQ(entry.generation(), generation);
    entry.set_deadline(-1);
    EXPECT_EQ(entry.deadline(), 0);
    EXPECT_EQ(entry.generation(), generation);
  }
}

TEST(TimerSlab, its_memory_goes_back_after_a_peak) {
  TimerSlab slab;
  TimerShard shard(slab, 0);
  for (int round = 0; round < 3; ++round) {
    std::vector<TimerIndex> timers;
    for (int i = 0; i < 100'000; ++i) timers.push_back(allocate(shard));
    EXPECT_GE(slab.bytes(), timers.size() * sizeof(TimerEntry));
    EXPECT_LE(slab.bytes(), timers.size() * sizeof(TimerEntry) + 2 * chunk_bytes);
    std::shuffle(timers.begin(), timers.end(), std::mt19937_64(1));
    for (const TimerIndex timer : timers) release(shard, timer);
    EXPECT_LE(slab.bytes(), chunk_bytes);
  }
}

TEST(TimerSlab, no_id_ever_comes_again_though_entries_and_chunks_do) {
  TimerSlab slab;
  TimerShard one(slab, 0);
  TimerShard other(slab, 0);
  std::mt19937_64 random(1);
  std::set<std::uint64_t> former;
  std::vector<std::pair<TimerShard*, std::uint64_t>> outstanding;
  for (int round = 0; round < 20; ++round) {
    const std::size_t peak = random() % 2 == 0 ? 10 : 9'000;
    while (outstanding.size() < peak) {
      TimerShard& shard = random() % 2 == 0 ? one : other;
      const std::uint64_t id = slab.id_of(allocate(shard));
      ASSERT_TRUE(former.insert(id).second);
      ASSERT_TRUE(is_outstanding(slab, id));
      outstanding.emplace_back(&shard, id);
    }
    std::ranges::shuffle(outstanding, random);
    while (outstanding.size() > random() % 10) {
      const auto [shard, id] = outstanding.back();
      outstanding.pop_back();
      release(*shard, TimerSlab::index_of(id));
      ASSERT_FALSE(is_outstanding(slab, id));
    }
  }
  for (const auto& [shard, id] : outstanding) former.erase(id);
  for (const std::uint64_t id : former) ASSERT_FALSE(is_outstanding(slab, id));
}

TEST(TimerSlab, an_entry_whose_generations_are_used_up_is_not_given_again) {
  constexpr std::uint32_t last = 3;
  TimerSlab slab(last);
  TimerShard shard(slab, 0);
  const TimerIndex keeps_the_chunk = allocate(shard);
  std::set<std::uint64_t> ids;
  TimerIndex timer = 0;
  for (std::uint32_t i = 0; i <= last; ++i) {
    timer = allocate(shard);
    EXPECT_TRUE(ids.insert(slab.id_of(timer)).second);
    release(shard, timer);
  }
  const TimerIndex next = allocate(shard);
  EXPECT_NE(next, timer);
  release(shard, next);
  release(shard, keeps_the_chunk);
  for (const std::uint64_t id : ids) EXPECT_FALSE(is_outstanding(slab, id));
}

TEST(TimerSlab, a_chunk_whose_generations_are_used_up_goes_back_for_ever) {
  constexpr std::uint32_t last = 2;
  TimerSlab slab(last);
  TimerShard shard(slab, 0);
  std::set<std::uint64_t> ids;
  for (int round = 0; round < 10; ++round) {
    std::vector<TimerIndex> timers;
    for (int i = 0; i < 3 * 4096; ++i) {
      timers.push_back(allocate(shard));
      ASSERT_TRUE(ids.insert(slab.id_of(timers.back())).second);
    }
    for (const TimerIndex timer : timers) release(shard, timer);
    EXPECT_LE(slab.bytes(), chunk_bytes);
  }
}

}  // namespace
}  // namespace otp::detail
