// Registries beyond OTP's cases: keys with the same hash, who ends at which moment, and what is
// left of a process whose stack is lost.
#include <otp/receive.h>
#include <otp/registry.h>
#include <otp/runtime.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "simulated.h"

namespace otp {
namespace {

/// Every one has the same hash.
struct Alike {
  int number = 0;
  friend auto operator<=>(const Alike&, const Alike&) = default;
};

}  // namespace
}  // namespace otp

template <>
struct std::hash<otp::Alike> {
  std::size_t operator()(const otp::Alike&) const noexcept { return 0; }
};

namespace otp {
namespace {

using namespace std::chrono_literals;

class RegistryOf : public ::testing::TestWithParam<RegistryKeys> {};
INSTANTIATE_TEST_SUITE_P(Kinds, RegistryOf,
                         ::testing::Values(RegistryKeys::unique, RegistryKeys::duplicate));

TEST_P(RegistryOf, keys_with_the_same_hash_keeps_them_apart) {
  simulated([] {
    const auto registry = Registry<Alike, int>::start_link({.keys = GetParam()}).value();
    const auto [other, end] = spawn_monitor([&, test = self()] {
      for (int i = 10; i < 15; ++i) registry.add({i}, i);
      send(test, 1);
      receive_value<char>();
    });
    receive_value<int>();
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(registry.add({i}, i).has_value());
    registry.remove({2});
    EXPECT_EQ(registry.keys(self()), (std::vector<Alike>{{0}, {1}, {3}, {4}}));
    EXPECT_EQ(registry.keys(other).size(), 5U);
    EXPECT_EQ(registry.whereis({3}), self());
    EXPECT_EQ(registry.whereis({2}), std::nullopt);
    EXPECT_EQ(registry.values({13}, other), std::vector<int>{13});
    for (const int last : {0, 1, 3}) registry.remove_all({last});
    EXPECT_EQ(registry.keys(self()), (std::vector<Alike>{{4}}));
    send(other, 'x');
    detail::await_down(end);
    EXPECT_EQ(registry.count(), 1U);
    EXPECT_EQ(registry.whereis({4}), self());
  });
}

TEST(Registries, have_forgotten_who_ended_when_that_is_told) {
  simulated([] {
    const auto value = std::make_shared<int>(0);
    const auto names =
        Registry<int, std::shared_ptr<int>>::start_link({.keys = RegistryKeys::duplicate}).value();
    const auto [holder, end] = spawn_monitor([&] {
      for (int key = 0; key < 3; ++key) {
        names.add(key, value);
        names.add(key, value);
      }
    });
    detail::await_down(end);
    // Not only hidden: nothing of it is there any more.
    EXPECT_EQ(value.use_count(), 1);
  });
}

/// Also who begins to monitor it while it ends.
TEST(Registries, have_forgotten_who_ends_before_anybody_is_told) {
  Runtime runtime({.schedulers = 2});
  runtime.run([] {
    const auto value = std::make_shared<int>(0);
    const auto names = Registry<int, std::shared_ptr<int>>::start_link().value();
    for (int round = 0; round < 200; ++round) {
      std::atomic<bool> is_here{false};
      std::atomic<bool> ends{false};
      const Pid holder = spawn([&] {
        names.add(1, value);
        is_here = true;
        while (!ends) {  // on another thread than the test, from where it is seen to end
        }
      });
      while (!is_here) yield();
      for (int i = 0; i <= round % 100; ++i) ends = true;  // and a moment passes
      detail::await_down(monitor(holder));
      ASSERT_EQ(value.use_count(), 1) << "round " << round;
    }
  });
}

TEST(Registries, hold_nobody_whatever_thread_it_ends_on) {
  Runtime runtime({.schedulers = 4});
  runtime.run([] {
    const auto value = std::make_shared<int>(0);
    const auto names =
        Registry<int, std::shared_ptr<int>>::start_link({.keys = RegistryKeys::duplicate}).value();
    for (int round = 0; round < 500; ++round) {
      const auto [holder, end] = spawn_monitor([&] { names.add(1, value); });
      std::vector<Ref> others;
      for (int i = 0; i < 3; ++i) {
        others.push_back(spawn_monitor([&, i, held = holder] {
                           names.add_for(held, i, value);
                           if (i == 1) names.remove_all(i);
                         }).second);
      }
      detail::await_down(end);
      for (const Ref other : others) detail::await_down(other);
      // At once, as a rule: unless somebody has held the table up.
      while (value.use_count() != 1) yield();
      ASSERT_EQ(names.count(), 0U);
    }
  });
}

TEST(Registries, are_as_they_were_when_a_function_throws_under_their_lock) {
  simulated([] {
    const auto names = Registry<int, int>::start_link({.keys = RegistryKeys::duplicate}).value();
    for (int value = 0; value < 5; ++value) names.add(1, value);
    EXPECT_THROW(names.remove_matching(1,
                                       [](int value) {
                                         if (value == 3) throw std::runtime_error("three");
                                         return true;
                                       }),
                 std::runtime_error);
    EXPECT_EQ(names.values(1, self()), (std::vector<int>{0, 1, 2, 3, 4}));
    names.remove_matching(1, [](int value) { return value % 2 == 0; });
    EXPECT_EQ(names.values(1, self()), (std::vector<int>{1, 3}));
  });
}

TEST(Registries, have_keys_and_values_of_any_kind) {
  simulated([] {
    const auto flags = Registry<bool, std::deque<int>>::start_link().value();
    flags.add(true, {1, 2});
    flags.add(false, {3});
    EXPECT_EQ(flags.keys(self()), (std::vector<bool>{false, true}));
    EXPECT_EQ(flags.values(true, self()), (std::vector<std::deque<int>>{{1, 2}}));
  });
}

TEST(Registries, hold_nobody_who_was_registered_while_it_ended) {
  testing::for_each_seed(200, [](testing::Simulation& simulation) {
    simulation.run([] {
      const auto value = std::make_shared<int>(0);
      const auto names = Registry<int, std::shared_ptr<int>>::start_link().value();
      const auto [holder, end] = spawn_monitor([] { yield(); });
      const auto [other, others_end] = spawn_monitor([&, held = holder] {
        for (int key = 0; key < 5; ++key) {
          names.add_for(held, key, value);
          yield();
        }
      });
      detail::await_down(end);
      detail::await_down(others_end);
      EXPECT_EQ(value.use_count(), 1);
    });
  });
}

TEST(Registries, refuse_a_process_of_another_node) {
  simulated([] {
    const auto names = Registry<int>::start_link().value();
    const Pid far{.id = self().id, .serial = self().serial, .node = 1, .creation = 1};
    names.add(1);
    try {
      std::ignore = names.add_for(far, 2);
      FAIL();
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()),
                "Registry: " + to_string(far) + " is no process of this node");
    }
    EXPECT_EQ(names.whereis(1), self());
    EXPECT_EQ(names.count(), 1U);
  });
}

#if defined(__SANITIZE_THREAD__)
constexpr bool thread_sanitizer = true;
#else
constexpr bool thread_sanitizer = false;
#endif

TEST(Registries, let_processes_end_while_one_spins_inside_of_their_lock) {
  std::atomic<bool> spinning{true};
  std::atomic<bool> inside{false};
  Runtime runtime({.schedulers = 2});
  runtime.run([&] {
    const auto names = Registry<std::int64_t>::start_link().value();
    constexpr std::int64_t locks = detail::RegistryTable<std::int64_t, NoValue>::locks_in_partition;
    const auto [other, others_end] = spawn_monitor([&, test = self()] {
      names.add(1 + locks);  // under the same lock as the other
      send(test, 1);
      receive_value<char>();
    });
    receive_value<int>();
    const auto [lost, end] = spawn_monitor([&] {
      names.add(1);
      names.remove_matching(1, [&](NoValue) {
        inside = true;
        while (spinning) {
        }
        return false;
      });
    });
    while (!inside) yield();
    send(other, 'x');
    EXPECT_EQ(detail::await_down(others_end)->reason, ExitReason::normal());
    if (!thread_sanitizer) {  // where no zombie is taken over, for want of membarrier(2)
      exit(lost, ExitReason::kill());
      EXPECT_EQ(detail::await_down(end)->reason, ExitReason::killed());
    }
    spinning = false;
    // Soon, by the registry's process, which has to wait.
    while (names.count() != 0) yield();
    for (const std::int64_t key : {std::int64_t{1}, 1 + locks})
      EXPECT_TRUE(names.add(key).has_value());
  });
}

TEST(Registries, keep_a_lock_that_its_lost_holder_gives_back_too_late) {
  if (thread_sanitizer) GTEST_SKIP() << "a zombie is taken over by membarrier(2)";
  std::atomic<bool> spinning{true};
  std::atomic<bool> comes_back{false};
  std::atomic<bool> inside{false};
  Runtime runtime({.schedulers = 2});
  runtime.run([&] {
    const auto names = Registry<std::string>::start_link().value();
    const auto [lost, end] = spawn_monitor([&, test = self()] {
      names.lock("a", [&] {
        send(test, 1);
        while (spinning) {
        }
        comes_back = true;
      });
    });
    receive_value<int>();
    exit(lost, ExitReason::kill());
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::killed());
    const Pid second = spawn([&, test = self()] {
      names.lock("a", [&] {
        inside = true;
        send(test, 2);
        receive_value<char>();
        inside = false;
      });
    });
    receive_value<int>();
    const auto [third, third_end] =
        spawn_monitor([&] { names.lock("a", [&] { EXPECT_FALSE(inside); }); });
    spinning = false;
    while (!comes_back) yield();
    sleep(10ms);  // for what it must not do
    send(second, 'x');
    EXPECT_TRUE(detail::await_down(third_end)->reason.is_normal());
  });
}

}  // namespace
}  // namespace otp
