// What one process owes to many: entries that are found by their key, and kept in order.
#include "process/keyed_list.h"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <otp/detail/behaviour.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include "process/node.h"

namespace otp {
namespace {

struct Entry {
  std::uint64_t number = 0;
  std::uint64_t key() const noexcept { return number; }
};
using Entries = detail::KeyedList<Entry>;

std::vector<std::uint64_t> in_order(Entries& entries) {
  std::vector<std::uint64_t> numbers;
  entries.for_each([&](const Entry& each) { numbers.push_back(each.number); });
  return numbers;
}

TEST(KeyedList, keeps_the_order_of_adding_whatever_is_removed_between) {
  for (const std::uint64_t count : {3U, 31U, 32U, 33U, 1000U}) {
    Entries entries;
    std::vector<std::uint64_t> left;
    for (std::uint64_t i = 0; i < count; ++i) entries.add({i * 7});
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i % 3 == 0)
        EXPECT_TRUE(entries.remove(i * 7)) << i;
      else
        left.push_back(i * 7);
    }
    EXPECT_FALSE(entries.remove(0));
    EXPECT_EQ(entries.last()->number, left.back());
    EXPECT_EQ(in_order(entries), left);
    // It is still found after that, and comes last when it is added again.
    EXPECT_TRUE(entries.remove(7));
    entries.add({7});
    EXPECT_EQ(entries.last()->number, 7U);
    EXPECT_EQ(entries.size(), left.size());
  }
}

TEST(KeyedList, is_as_new_when_the_last_is_gone) {
  Entries entries;
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < 100; ++i) entries.add({i});
    entries.remove_if([](const Entry& each) { return each.number % 2 == 0; });
    EXPECT_EQ(entries.size(), 50U);
    EXPECT_FALSE(entries.remove(2));
    for (std::uint64_t i = 1; i < 100; i += 2) EXPECT_TRUE(entries.remove(i));
    EXPECT_TRUE(entries.empty());
    EXPECT_EQ(entries.last(), nullptr);
  }
}

void in_process(std::move_only_function<void()> body) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
}

struct Never {};

TEST(Monitors, of_one_process_by_the_thousand_end_in_any_order) {
  in_process([] {
    const Pid target = spawn([] { receive_value<Never>(); });
    std::vector<Ref> refs;
    for (int i = 0; i < 1000; ++i) refs.push_back(monitor(target));
    for (std::size_t i = 0; i < refs.size(); i += 3) demonitor(refs[i]);
    exit(target, ExitReason::kill());
    for (std::size_t i = 0; i < refs.size(); ++i) {
      if (i % 3 == 0) continue;
      EXPECT_EQ(receive_value<Down>()->ref, refs[i]);
    }
  });
}

TEST(DeferredRequests, of_callers_that_gave_up_are_forgotten_and_no_others) {
  in_process([] {
    const auto [gone, ref] = spawn_monitor([] {});
    detail::await_down(ref);
    auto& deferred = detail::current_process()->more().deferred;
    detail::CallBase call;
    const auto defer = [&](Pid caller, detail::Nanoseconds deadline, int count) {
      call.caller = caller;
      call.deadline = deadline;
      for (int i = 0; i < count; ++i) {
        ++call.request;
        detail::defer_request(call);
      }
    };
    defer(self(), 0, 10);
    defer(gone, 0, 10'000);
    EXPECT_LT(deferred.size(), 200U);
    defer(self(), 1, 10'000);  // long ago
    EXPECT_LT(deferred.size(), 200U);
    defer(self(), 0, 1000);
    EXPECT_GE(deferred.size(), 1010U);
    for (std::uint64_t i = 1; i <= 10; ++i) EXPECT_TRUE(deferred.remove(Ref{.id = i}));
    deferred.remove_if([](const detail::DeferredRequest&) { return true; });  // nobody waits
  });
}

}  // namespace
}  // namespace otp
