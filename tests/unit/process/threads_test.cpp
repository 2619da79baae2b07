// How many threads a runtime has, and when one is started or ends.
#include <otp/process.h>
#include <otp/runtime.h>
#include <otp/task.h>

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "fiber/processors.h"

namespace otp {
namespace {

using namespace std::chrono_literals;

int threads_named(const std::string& begin) {
  int count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    if (std::getline(std::ifstream(task.path() / "comm"), name) && name.starts_with(begin)) ++count;
  }
  return count;
}

/// Within a minute; looked at now and then.
bool becomes(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

TEST(Threads, one_that_computes_has_another_beside_it) {
  Runtime runtime({.schedulers = 1});
  std::atomic<bool> over{false};
  runtime.invoke([&over] {
    spawn([&over] {
      while (!over) {
      }
    });
  });
  EXPECT_TRUE(becomes([] { return threads_named("otp_sched") == 2; }));
  over = true;
}

TEST(Threads, one_that_is_held_up_by_the_kernel_has_another_beside_it) {
  Runtime runtime({.schedulers = 1});
  std::binary_semaphore over{0};
  runtime.invoke([&over] { spawn([&over] { over.acquire(); }); });
  EXPECT_TRUE(becomes([] { return threads_named("otp_sched") == 2; }));
  over.release();
}

bool stays_on(int processor) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(processor, &only);
  return pthread_setaffinity_np(pthread_self(), sizeof only, &only) == 0;
}

std::chrono::nanoseconds own_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// A further thread would only wait beside it.
TEST(Threads, one_that_waits_for_a_processor_has_no_other_beside_it) {
  Runtime runtime({.schedulers = 1});
  const int processor = sched_getcpu();
  std::atomic<bool> computes{false};
  std::atomic<bool> waits{false};
  std::atomic<bool> over{false};
  std::thread busy([&] {  // on the processor that the process is to have
    if (!stays_on(processor)) over = true;
    computes = true;
    while (!waits && !over) {
    }
    // More than twice what makes a turn a long one; and so little that the other has not computed
    // for long either when these tests run at a low priority, whose share is near to its own.
    const auto end = own_cpu_time() + 25ms;
    while (own_cpu_time() < end && !over) {
    }
    over = true;
  });
  const bool yields = runtime.invoke([&] {
    while (!computes) yield();
    const sched_param none{};
    const bool is_last =
        stays_on(processor) && pthread_setschedparam(pthread_self(), SCHED_IDLE, &none) == 0;
    if (!is_last) over = true;
    waits = true;
    while (!over) {
    }
    return is_last;
  });
  busy.join();
  if (!yields) GTEST_SKIP() << "a thread cannot be made to wait for a processor here";
  EXPECT_EQ(threads_named("otp_sched"), 1);
}

/// The processors that each thread of that name may run on.
std::vector<std::string> processors_of_threads(const std::string& begin) {
  std::vector<std::string> all;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    constexpr std::string_view name = "Name:\t";
    constexpr std::string_view list = "Cpus_allowed_list:\t";
    bool wanted = false;
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(name)) wanted = line.substr(name.size()).starts_with(begin);
      if (line.starts_with(list) && wanted) all.push_back(line.substr(list.size()));
    }
  }
  std::ranges::sort(all);
  return all;
}

TEST(Threads, are_bound_to_a_processor_each_when_that_is_wanted) {
  std::vector<std::string> each;
  for (const detail::Processor& processor : detail::usable_processors())
    each.push_back(std::to_string(processor.number));
  std::ranges::sort(each);
  Runtime runtime({.scheduler_bind_type = SchedulerBindType::processor});
  if (runtime.invoke([] { return schedulers_online(); }) < each.size())
    GTEST_SKIP() << "a part of the machine";
  EXPECT_TRUE(becomes([&] { return processors_of_threads("otp_sched") == each; }));
  EXPECT_EQ(runtime.invoke([] { return blocking([] { return 7; }); }), 7);
  EXPECT_EQ(processors_of_threads("otp_blocking").front(),
            processors_of_threads("process_test").front());
}

TEST(Threads, run_anywhere_unless_it_is_said) {
  Runtime runtime({.scheduler_bind_type = SchedulerBindType::unbound});
  runtime.invoke([] { blocking([] {}); });
  const std::string own = processors_of_threads("process_test").front();
  for (const std::string& each : processors_of_threads("otp_")) EXPECT_EQ(each, own);
}

TEST(Threads, of_schedulers_that_are_not_needed_end_and_come_again) {
  Runtime runtime({.schedulers = 1});
  for (int round = 0; round < 2; ++round) {
    runtime.invoke([] { set_schedulers_online(4); });
    EXPECT_TRUE(becomes([] { return threads_named("otp_sched") == 4; }));
    std::latch inside(4);
    runtime.invoke([&inside] {
      std::vector<Task<void>> tasks;
      for (int i = 0; i < 4; ++i)  // each holds up a scheduler of its own
        tasks.push_back(async([&inside] { inside.arrive_and_wait(); }));
      for (auto& each : tasks) await(each);
      set_schedulers_online(1);
    });
    EXPECT_TRUE(becomes([] { return threads_named("otp_sched") == 1; }));
    EXPECT_EQ(runtime.invoke([] { return await(async([] { return 7; })); }), 7);
  }
}

TEST(Threads, of_the_blocking_pool_end_when_there_is_no_work_for_them_and_come_again) {
  Runtime runtime({.schedulers = 1, .blocking_threads = 3});
  const auto all_at_once = [&runtime] {
    std::atomic<int> inside{0};
    runtime.invoke([&inside] {
      std::vector<Task<int>> tasks;
      for (int i = 0; i < 3; ++i) {
        tasks.push_back(async([&inside] {
          return blocking([&inside] {
            ++inside;
            while (inside < 3) ::usleep(1000);  // what blocks a thread
            return 1;
          });
        }));
      }
      for (auto& each : tasks) await(each);
    });
    return inside.load();
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(all_at_once(), 3);
    EXPECT_TRUE(becomes([] { return threads_named("otp_blocking") == 0; }));
  }
}

TEST(Threads, stay_the_same_for_who_yields_on_the_blocking_pool) {
  for (const unsigned schedulers : {1U, 2U, 4U}) {
    Runtime runtime({.schedulers = schedulers});
    runtime.invoke([] {
      blocking([] {
        const auto here = ::gettid();
        for (int i = 0; i < 1000; ++i) {
          yield();
          ASSERT_EQ(::gettid(), here);
        }
        EXPECT_EQ(threads_named("otp_blocking"), 1);
      });
    });
  }
}

}  // namespace
}  // namespace otp
