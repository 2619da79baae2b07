// Who owns what, and what becomes of that when its owner ends.
#include "process/possessions.h"

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <otp/detail/behaviour.h>
#include <otp/process.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include "process/node.h"

namespace otp::detail {
namespace {

struct Thing final : Possession {
  void owner_ended(Node&, Pid, std::uint64_t part) noexcept override {
    const std::lock_guard lock(mutex);
    ended.insert(part);
  }
  std::mutex mutex;
  std::multiset<std::uint64_t> ended;
};

/// A process without a stack.
class Idle final : public Behaviour {
 public:
  Flow start() override { return Flow::wait; }
  Flow handle(std::unique_ptr<Message, MessageDeleter>&) override { return Flow::wait; }
  std::string describe() const override { return "idle"; }
};

using Things = std::vector<std::shared_ptr<Thing>>;

void in_process(std::move_only_function<void()> body) {
  Runtime runtime({.schedulers = 2});
  EXPECT_TRUE(runtime.run(std::move(body)).is_normal());
}
/// Of the calling process.
Things own_many(std::size_t count) {
  Things things;
  for (std::size_t i = 0; i < count; ++i) {
    things.push_back(std::make_shared<Thing>());
    EXPECT_TRUE(possess(self(), things.back()));
  }
  return things;
}

TEST(Possessions, of_who_ends_are_told_once_and_no_others) {
  in_process([] {
    const Things mine = own_many(3);
    Things others;
    const auto [other, end] = spawn_monitor([&] {
      others = own_many(100);
      dispossess(self(), *others.back());
    });
    await_down(end);
    for (const auto& each : others) EXPECT_EQ(each->ended.size(), each == others.back() ? 0U : 1U);
    for (const auto& each : mine) EXPECT_EQ(each->ended.size(), 0U);
  });
}

TEST(Possessions, are_owned_by_parts_and_each_part_once) {
  in_process([] {
    const auto thing = std::make_shared<Thing>();
    const auto other = std::make_shared<Thing>();
    const auto [owner, end] = spawn_monitor([&] {
      for (const std::uint64_t part : {3U, 1U, 3U, 2U}) EXPECT_TRUE(possess(self(), thing, part));
      EXPECT_TRUE(possess(self(), other, 7));
      EXPECT_EQ(parts_of(self(), *thing), (std::vector<std::uint64_t>{3, 1, 2}));
      dispossess(self(), *thing, 1);
      dispossess(self(), *thing, 9);
      EXPECT_EQ(parts_of(self(), *thing), (std::vector<std::uint64_t>{3, 2}));
    });
    await_down(end);
    EXPECT_EQ(thing->ended, (std::multiset<std::uint64_t>{2, 3}));
    EXPECT_EQ(other->ended, (std::multiset<std::uint64_t>{7}));
    EXPECT_EQ(thing.use_count(), 1);
  });
}

TEST(Possessions, are_not_given_to_who_has_ended) {
  in_process([] {
    const auto thing = std::make_shared<Thing>();
    const auto [owner, end] = spawn_monitor([] {});
    await_down(end);
    EXPECT_FALSE(possess(owner, thing));
    EXPECT_FALSE(possess({.id = owner.id, .serial = owner.serial, .node = 1}, thing));
    EXPECT_FALSE(possess({}, thing));
    EXPECT_TRUE(parts_of(owner, *thing).empty());
    EXPECT_EQ(thing.use_count(), 1);
  });
}

TEST(Possessions, given_to_who_ends_meanwhile_are_told_or_refused) {
  in_process([] {
    for (int round = 0; round < 2000; ++round) {
      const auto thing = std::make_shared<Thing>();
      const auto [owner, end] = spawn_monitor([] { yield(); });
      const bool given = possess(owner, thing);
      await_down(end);
      EXPECT_LE(thing->ended.size(), 1U);
      EXPECT_TRUE(!given || thing->ended.size() == 1);
      EXPECT_EQ(thing.use_count(), 1);
    }
  });
}

/// The table of owners shrinks when a peak is over: whoever is left stays.
TEST(Possessions, of_those_who_stay_stay_when_very_many_end) {
  in_process([] {
    constexpr std::size_t owners = 150'000;
    constexpr std::size_t staying = 1000;
    const auto thing = std::make_shared<Thing>();
    std::vector<Pid> pids;
    for (std::size_t i = 0; i < owners; ++i) {
      pids.push_back(current_node()->spawn(std::make_unique<Idle>(), {}, nullptr, nullptr));
      ASSERT_TRUE(possess(pids.back(), thing, i));
    }
    for (std::size_t i = staying; i < owners; ++i) {
      monitor(pids[i]);
      exit(pids[i], ExitReason::kill());
    }
    for (std::size_t i = staying; i < owners; ++i) receive(on([](const Down&) {}));
    EXPECT_EQ(thing->ended.size(), owners - staying);
    for (std::size_t i = 0; i < staying; ++i)
      EXPECT_EQ(parts_of(pids[i], *thing), std::vector<std::uint64_t>{i});
  });
}

}  // namespace
}  // namespace otp::detail
