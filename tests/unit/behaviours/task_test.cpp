// Tasks that end before their time, and the ends of who waits for them. What tasks are for is
// tested in tests/conformance.
#include <otp/runtime.h>
#include <otp/task.h>
#include <otp/testing/simulation.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace otp {
namespace {

using namespace std::chrono_literals;

struct GoOn {};

const ExitReason crash("crash");

void with_many_seeds(void (*body)()) {
  testing::for_each_seed(20, [body](testing::Simulation& simulation) {
    SCOPED_TRACE("OTP_SEED=" + std::to_string(simulation.seed()));
    EXPECT_EQ(simulation.run(body), ExitReason::normal());
  });
}
TaskSupervisor start_tasks() { return start_task_supervisor({.name = "tasks"}).value(); }
std::size_t queue_length() { return process_info(self())->message_queue_length; }
void wait_for_messages(std::size_t count) {
  while (queue_length() < count) sleep(1ms);
}
int never() {
  sleep(infinity);
  return 0;
}

// ---- Ends of readers ----

/// Reads a stream of three that never end; each tells `test` who it is.
void read_endless(Pid test, const std::optional<TaskSupervisor>& supervisor) {
  auto stream = async_stream(std::vector<int>(3),
                             [test](const int&) {
                               send(test, self());
                               return never();
                             },
                             {.max_concurrency = 3, .timeout = infinity, .supervisor = supervisor});
  stream.next();
}
struct Watched {
  Pid pid;
  Ref end;
};
std::vector<Watched> watch_elements() {
  std::vector<Watched> elements;
  for (int i = 0; i < 3; ++i) {
    const Pid pid = *receive_value<Pid>();
    elements.push_back({.pid = pid, .end = monitor(pid)});
  }
  return elements;
}

TEST(TaskStream, is_stopped_when_an_element_takes_its_reader_along) {
  with_many_seeds([] {
    const auto [reader, end] = spawn_monitor([test = self()] { read_endless(test, std::nullopt); });
    const auto elements = watch_elements();
    exit(elements[0].pid, crash);
    EXPECT_EQ(detail::await_down(end)->reason, crash);
    EXPECT_EQ(detail::await_down(elements[0].end)->reason, crash);
    EXPECT_EQ(detail::await_down(elements[1].end)->reason, ExitReason::killed());
    EXPECT_EQ(detail::await_down(elements[2].end)->reason, ExitReason::killed());
  });
}

TEST(TaskStream, is_stopped_when_its_reader_is_killed) {
  with_many_seeds([] {
    const auto tasks = start_tasks();
    const auto [reader, end] = spawn_monitor([test = self(), tasks] { read_endless(test, tasks); });
    const auto elements = watch_elements();
    exit(reader, ExitReason::kill());
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::killed());
    for (const Watched& each : elements)
      EXPECT_EQ(detail::await_down(each.end)->reason, ExitReason::killed());
  });
}

// An exception that left the destructor would be its end, and nobody could unwind its stack.
TEST(TaskStream, can_be_destroyed_by_a_reader_that_is_killed_meanwhile) {
  testing::Simulation simulation;
  const ExitReason reason = simulation.run([&] {
    const auto [reader, end] = spawn_monitor([test = self()] {
      {
        auto stream = async_stream(std::vector<int>{0, 1},
                                   [test](const int& n) {
                                     if (n == 0) return n;
                                     send(test, self());
                                     return never();
                                   },
                                   {.max_concurrency = 2});
        stream.next();
        receive_value<GoOn>();
      }
      never();
    });
    const Pid element = *receive_value<Pid>();
    simulation.delay(element, 1h);
    send(reader, GoOn{});
    sleep(1ms);  // now it waits for the end of its element
    exit(reader, ExitReason::kill());
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::killed());
    EXPECT_TRUE(is_alive(element));
    sleep(2h);
    EXPECT_FALSE(is_alive(element));
  });
  EXPECT_EQ(reason, ExitReason::normal());
}

TEST(TaskStream, tells_who_traps_exits_of_no_end) {
  with_many_seeds([] {
    trap_exit(true);
    int sum = 0;
    for (const auto& item : async_stream(std::vector<int>{1, 2, 3, 4, 5},
                                         [](const int& n) { return n; }, {.max_concurrency = 3}))
      sum += *item.result;
    EXPECT_EQ(sum, 15);
    EXPECT_TRUE(process_info(self())->links.empty());
    EXPECT_EQ(queue_length(), 0U);
  });
}

TEST(TaskStream, begins_with_the_first_when_several_are_late) {
  with_many_seeds([] {
    std::vector<std::size_t> order;
    for (const auto& item : async_stream(std::vector<int>{0, 1, 2, 3},
                                         [](const int& n) { return n == 3 ? n : never(); },
                                         {.max_concurrency = 3,
                                          .ordered = false,
                                          .timeout = 10ms,
                                          .on_timeout = OnTimeout::kill_task})) {
      order.push_back(item.index);
      EXPECT_EQ(item.result.has_value(), item.index == 3);
    }
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3}));
  });
}

// ---- Shutdown of what has ended ----

TEST(TaskShutdown, gives_the_reason_of_one_that_had_crashed) {
  with_many_seeds([] {
    const auto tasks = start_tasks();
    const auto task = tasks.async_nolink([]() -> int { exit(crash); });
    wait_for_messages(1);
    EXPECT_EQ(shutdown(task)->error(), crash);
    EXPECT_EQ(queue_length(), 0U);
    EXPECT_EQ(shutdown(task)->error(), ExitReason::noproc());  // that was told before

    trap_exit(true);
    const auto linked = async([]() -> int { exit(crash); });
    wait_for_messages(2);
    EXPECT_EQ(shutdown(linked, Shutdown::brutal_kill())->error(), crash);
    EXPECT_EQ(queue_length(), 0U);
  });
}

TEST(TaskShutdown, gives_nothing_of_one_that_had_ended_in_the_same_way) {
  with_many_seeds([] {
    const auto tasks = start_tasks();
    const auto killed = tasks.async_nolink(never);
    exit(killed.pid, ExitReason::kill());
    const auto ended = tasks.async_nolink(never);
    exit(ended.pid, ExitReason::shutdown());
    wait_for_messages(2);
    EXPECT_FALSE(shutdown(killed, Shutdown::brutal_kill()));
    EXPECT_FALSE(shutdown(ended));
    EXPECT_EQ(queue_length(), 0U);
  });
}

// Its Down may be on its way when the answer to the request, that nobody is there, has come.
TEST(TaskShutdown, gives_the_reason_of_one_that_crashes_at_the_same_time) {
  const ExitReason over = ExitReason::shutdown("over");  // is not reported
  Runtime runtime({.schedulers = 2});
  const ExitReason reason = runtime.run([&over] {
    const auto tasks = start_tasks();
    for (int i = 0; i < 1000; ++i) {
      const auto task = tasks.async_nolink([&over]() -> int {
        receive_value<GoOn>();
        exit(over);
      });
      send(task.pid, GoOn{});
      for (int turns = 0; turns < i % 10; ++turns) yield();
      const auto result = shutdown(task, Shutdown::after(1h));
      if (result) {
        EXPECT_EQ(result->error(), over);
      }
      EXPECT_EQ(queue_length(), 0U);
    }
  });
  EXPECT_EQ(reason, ExitReason::normal());
}

// ---- Many at once ----

TEST(AwaitMany, leaves_nothing_when_it_fails) {
  with_many_seeds([] {
    const auto tasks = start_tasks();
    std::vector<Task<int>> several;
    for (int i = 0; i < 3; ++i) several.push_back(tasks.async_nolink([i] { return i; }));
    several.push_back(tasks.async_nolink([]() -> int { exit(crash); }));
    several.push_back(tasks.async_nolink(never));
    wait_for_messages(7);
    send(self(), std::string("foreign"));
    try {
      await_many(several);
      ADD_FAILURE() << "one of them has crashed";
    } catch (const CallExit& exit) {
      EXPECT_EQ(exit.error().reason, crash);
    }
    EXPECT_TRUE(process_info(self())->monitors.empty());
    EXPECT_EQ(receive_value<std::string>(0s), "foreign");
    EXPECT_EQ(queue_length(), 0U);
  });
}

TEST(AwaitMany, names_the_first_that_is_late) {
  with_many_seeds([] {
    const std::vector<Task<int>> several{async([] { return 1; }), async(never), async(never)};
    try {
      await_many(several, 10ms);
      ADD_FAILURE() << "two of them never end";
    } catch (const CallExit& exit) {
      EXPECT_EQ(exit.error().reason, ExitReason::timeout());
      EXPECT_NE(exit.error().call.find(to_string(several[1].pid) + " "), std::string::npos);
    }
    for (const auto& each : several) shutdown(each, Shutdown::brutal_kill());
  });
}

}  // namespace
}  // namespace otp
