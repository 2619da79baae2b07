// Memory that a peak has needed goes back to the system.
#include <array>
#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <otp/receive.h>
#include <otp/runtime.h>
#include <otp/timer.h>

#include "../program_size.h"

namespace otp {
namespace {

using namespace std::chrono_literals;

constexpr long mebibyte = 1024 * 1024;

/// Waits until no more than so much is resident; false when that takes too long.
bool shrinks_to(long bytes) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (resident() > bytes) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

class MemoryAfterAPeak : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer has its own allocator";
#endif
  }
};

struct Item {
  std::int64_t number;
};
struct Begin {};

/// So many messages wait for one process, which then takes them.
long peak_of_messages(int count) {
  long peak = 0;
  const auto [pid, ref] = spawn_monitor([count, &peak] {
    receive_value<Begin>();
    peak = resident();
    for (int i = 0; i < count; ++i) receive_value<Item>();
  });
  for (int i = 0; i < count; ++i) send(pid, Item{i});
  send(pid, Begin{});
  detail::await_down(ref);
  return peak;
}

TEST_F(MemoryAfterAPeak, of_messages_goes_back_when_the_schedulers_have_nothing_to_do) {
  Runtime runtime({.schedulers = 2});
  runtime.invoke([] { peak_of_messages(1000); });
  const long before = resident();
  const long peak = runtime.invoke([] { return peak_of_messages(500'000); });
  EXPECT_GT(peak, before + 12 * mebibyte);
  EXPECT_TRUE(shrinks_to(before + 6 * mebibyte)) << before << ' ' << peak << ' ' << resident();
}

TEST_F(MemoryAfterAPeak, goes_back_also_while_there_is_a_little_to_do) {
  Runtime runtime({.schedulers = 1});
  runtime.invoke([] { peak_of_messages(1000); });
  const long before = resident();
  const Pid ticking = runtime.invoke([] {
    return spawn([] {
      for (;;) sleep(20ms);
    });
  });
  const long peak = runtime.invoke([] { return peak_of_messages(500'000); });
  EXPECT_GT(peak, before + 12 * mebibyte);
  EXPECT_TRUE(shrinks_to(before + 6 * mebibyte)) << before << ' ' << peak << ' ' << resident();
  runtime.invoke([ticking] { exit(ticking, ExitReason::kill()); });
}

TEST_F(MemoryAfterAPeak, on_threads_of_the_blocking_pool_goes_back) {
  Runtime runtime({.schedulers = 1, .blocking_threads = 1});
  runtime.invoke([] { blocking([] { return peak_of_messages(1000); }); });
  const long before = resident();
  const long peak =
      runtime.invoke([] { return blocking([] { return peak_of_messages(500'000); }); });
  EXPECT_GT(peak, before + 12 * mebibyte);
  EXPECT_TRUE(shrinks_to(before + 6 * mebibyte)) << before << ' ' << peak << ' ' << resident();
}

/// So many processes at once that each stand on a deep stack; then they end.
long peak_of_stacks(int count) {
  std::vector<std::pair<Pid, Ref>> deep;
  for (int i = 0; i < count; ++i) {
    deep.push_back(spawn_monitor([] {
      {
        std::array<volatile char, std::size_t{128} * 1024> room;
        for (std::size_t at = 0; at < room.size(); at += 1024) room[at] = 1;
      }
      receive_value<Begin>();
    }));
  }
  yield();  // each of them is queued before
  const long peak = resident();
  for (const auto& [pid, ref] : deep) send(pid, Begin{});
  for (const auto& [pid, ref] : deep) detail::await_down(ref);
  return peak;
}

TEST_F(MemoryAfterAPeak, of_stacks_goes_back) {
  Runtime runtime({.schedulers = 1});
  runtime.invoke([] { peak_of_stacks(1); });
  const long before = resident();
  for (int i = 0; i < 2; ++i) {  // those that are left serve again
    const long peak = runtime.invoke([] { return peak_of_stacks(200); });
    EXPECT_GT(peak, before + 20 * mebibyte);
    EXPECT_TRUE(shrinks_to(before + 4 * mebibyte)) << before << ' ' << peak << ' ' << resident();
  }
}

}  // namespace
}  // namespace otp
