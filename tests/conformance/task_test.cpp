// TASK-001 to TASK-031 and PROC-048: tasks.
#include <otp/task.h>

#include <atomic>
#include <numeric>

#include "proc_support.h"

namespace otp::conformance {
namespace {

struct GoOn {};

class Tasks : public Proc {};

Task<int> endless() {
  return async([] {
    stay();
    return 0;
  });
}
/// Waits until the task's process is gone, whose answer so is in the mailbox.
template <class T>
void settle(const Task<T>& task) {
  end_of(task.pid);
}
template <class F>
std::optional<CallError> failure_of(F f) {
  try {
    f();
    return std::nullopt;
  } catch (const CallExit& exit) {
    return exit.error();
  }
}
const ExitReason boom = ExitReason::error("std::runtime_error", "boom");

TEST_F(Tasks, TASK_001_async_links_answers_and_leaves_nothing) {
  in_process([] {
    const Task<std::string> task = async([] {
      receive_value<GoOn>();
      return std::string("done");
    });
    EXPECT_EQ(process_info(self())->links, std::vector<Pid>{task.pid});
    EXPECT_EQ(process_info(self())->monitors, std::vector<Pid>{task.pid});
    send(task.pid, GoOn{});
    EXPECT_EQ(await(task), "done");
    end_of(task.pid);
    EXPECT_TRUE(mailbox_is_empty());
    EXPECT_TRUE(process_info(self())->monitors.empty());
    await(async([] {}));
  });
}

TEST_F(Tasks, TASK_002_a_started_task_answers_nobody) {
  in_process([] {
    const Pid test = self();
    const auto body = [test] {
      send(test, 1);
      receive_value<GoOn>();
    };
    for (const bool linked : {false, true}) {
      const Pid pid = linked ? start_task_link(body) : start_task(body);
      EXPECT_EQ(next<int>(), 1);
      EXPECT_EQ(process_info(pid)->links.size(), linked ? 1U : 0U);
      send(pid, GoOn{});
      end_of(pid);
    }
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Tasks, a_named_task_has_its_name_when_its_start_returns) {
  in_process([] {
    const auto task = detail::start_task_process([] { stay(); }, {.name = "the_task"}).value();
    EXPECT_EQ(whereis("the_task"), task.address());
    unlink(task.address());
    exit(task.address(), ExitReason::kill());
  });
}

TEST_F(Tasks, TASK_003_a_task_is_a_temporary_child) {
  in_process([] {
    const auto runs = std::make_shared<std::atomic<int>>(0);
    const ChildSpec spec = task_child_spec("t", [runs] { ++*runs; });
    EXPECT_EQ(spec.restart, Restart::temporary);
    const auto supervisor = start_supervisor({.name = "S", .children = {spec}}).value();
    EXPECT_TRUE(eventually([&] { return supervisor.which_children().empty(); }));
    EXPECT_EQ(*runs, 1);
    supervisor.stop();
  });
}

TEST_F(Tasks, TASK_004_a_completed_task_has_no_process) {
  in_process([] {
    const auto task = completed_task(std::string("done"));
    EXPECT_FALSE(task.pid);
    EXPECT_EQ(await(task), "done");
    EXPECT_EQ(ignore(task)->value(), "done");
    EXPECT_EQ(shutdown(task)->value(), "done");
    EXPECT_EQ(await_many<std::string>({task, async([] { return std::string("x"); })}),
              (std::vector<std::string>{"done", "x"}));
  });
}

TEST_F(Tasks, TASK_005_await_fails_at_its_time_limit) {
  in_process([] {
    const Task<int> task = endless();
    const auto failure = failure_of([&] { await(task, 0ms); });
    EXPECT_EQ(failure->reason, ExitReason::timeout());
    EXPECT_EQ(failure->call, "Task.await of " + to_string(task.pid) + " within 0 ms");
    shutdown(task, Shutdown::brutal_kill());
  });
}

TEST_F(Tasks, TASK_006_nothing_of_a_task_arrives_after_a_time_out) {
  in_process([] {
    const Task<int> task = async([] {
      receive_value<GoOn>();
      return 1;
    });
    EXPECT_TRUE(failure_of([&] { await(task, 0ms); }).has_value());
    send(task.pid, GoOn{});
    settle(task);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Tasks, TASK_007_await_fails_with_the_tasks_reason) {
  in_process([] {
    trap_exit(true);
    const auto reason_of = [](auto body) {
      const auto failure = failure_of([&] { await(async(body)); });
      EXPECT_NE(failure->call.find("within 5000 ms"), std::string::npos);
      return failure->reason;
    };
    EXPECT_EQ(reason_of([]() -> int { exit(ExitReason("unknown")); }), ExitReason("unknown"));
    EXPECT_EQ(reason_of([]() -> int { throw 7; }), ExitReason::error("int", ""));
    EXPECT_EQ(reason_of([]() -> int { throw std::runtime_error("boom"); }), boom);
  });
}

TEST_F(Tasks, TASK_008_await_fails_when_the_task_exits_without_a_value) {
  in_process([] {
    EXPECT_EQ(failure_of([] { await(async([]() -> int { exit(ExitReason::normal()); })); })->reason,
              ExitReason::normal());
  });
}

TEST_F(Tasks, TASK_010_only_the_owner_may_ask) {
  in_process([] {
    const Task<int> task = endless();
    const auto [other, ref] = spawn_monitor([task] {
      EXPECT_THROW(await(task), std::invalid_argument);
      EXPECT_THROW(yield(task, 0s), std::invalid_argument);
      EXPECT_THROW(shutdown(task), std::invalid_argument);
      EXPECT_THROW(ignore(task), std::invalid_argument);
      EXPECT_THROW(await_many<int>({task}), std::invalid_argument);
      EXPECT_THROW(yield_many<int>({task}), std::invalid_argument);
    });
    EXPECT_EQ(down_of(ref).reason, ExitReason::normal());
    EXPECT_TRUE(is_alive(task.pid));
    shutdown(task, Shutdown::brutal_kill());
    static_cast<void>(other);
  });
}

TEST_F(Tasks, TASK_011_await_many_gives_values_in_task_order) {
  in_process([] {
    std::vector<Task<int>> tasks;
    for (int i = 1; i <= 3; ++i) {
      tasks.push_back(async([i] {
        receive_value<GoOn>();
        return i;
      }));
    }
    for (const std::size_t i : {1U, 2U, 0U}) {
      send(tasks[i].pid, GoOn{});
      end_of(tasks[i].pid);
    }
    EXPECT_EQ(await_many(tasks), (std::vector<int>{1, 2, 3}));
    EXPECT_TRUE(await_many(std::vector<Task<int>>{}).empty());
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Tasks, TASK_012_await_many_fails_with_the_first_that_fails) {
  in_process([] {
    trap_exit(true);
    const std::vector<std::pair<std::function<int()>, ExitReason>> ends{
        {[]() -> int { exit(ExitReason::normal()); }, ExitReason::normal()},
        {[]() -> int { exit(ExitReason("unknown")); }, ExitReason("unknown")},
        {[]() -> int { throw std::runtime_error("boom"); }, boom}};
    for (const auto& [body, reason] : ends) {
      const std::vector<Task<int>> tasks{endless(), async(body)};
      EXPECT_EQ(failure_of([&] { await_many(tasks, infinity); })->reason, reason);
      shutdown(tasks[0], Shutdown::brutal_kill());
    }
  });
}

TEST_F(Tasks, TASK_013_await_many_touches_nothing_foreign) {
  in_process([] {
    send(self(), std::string("foreign"));
    const Task<int> foreign = async([] { return 1; });
    settle(foreign);
    const auto [pid, ref] = spawn_monitor([] {});
    EXPECT_EQ(await_many<int>({async([] { return 2; }), async([] { return 3; })}),
              (std::vector<int>{2, 3}));
    EXPECT_EQ(next<std::string>(), "foreign");
    EXPECT_EQ(await(foreign), 1);
    EXPECT_EQ(down_of(ref).pid, pid);
  });
}

TEST_F(Tasks, TASK_014_yield_says_what_there_is) {
  in_process([] {
    const Task<int> finished = async([] { return 5; });
    EXPECT_EQ(yield(finished, infinity)->value(), 5);
    const Task<int> running = endless();
    EXPECT_FALSE(yield(running, 0ms).has_value());
    shutdown(running, Shutdown::brutal_kill());
    const Task<int> silent = async([]() -> int { exit(ExitReason::normal()); });
    EXPECT_EQ(yield(silent, infinity)->error(), ExitReason::normal());
  });
}

TEST_F(Tasks, TASK_015_yield_many_gives_each_its_outcome) {
  in_process([] {
    trap_exit(true);
    const std::vector<Task<int>> tasks{async([] { return 1; }), endless(),
                                       async([]() -> int { exit(ExitReason("r")); })};
    settle(tasks[0]);
    settle(tasks[2]);
    const auto results = yield_many(tasks, {.timeout = 0ms});
    ASSERT_EQ(results.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(results[i].first, tasks[i]);
    EXPECT_EQ(results[0].second->value(), 1);
    EXPECT_FALSE(results[1].second.has_value());
    EXPECT_EQ(results[2].second->error(), ExitReason("r"));
    shutdown(tasks[1], Shutdown::brutal_kill());
  });
}

TEST_F(Tasks, TASK_016_yield_many_may_kill_or_ignore_the_late) {
  in_process([] {
    trap_exit(true);
    const Task<int> killed = endless();
    EXPECT_FALSE(yield_many<int>({killed}, {.timeout = 0ms, .on_timeout = OnTimeout::kill_task})
                     .at(0)
                     .second.has_value());
    EXPECT_FALSE(is_alive(killed.pid));
    const Task<int> ignored = async([] {
      receive_value<GoOn>();
      return 1;
    });
    EXPECT_FALSE(yield_many<int>({ignored}, {.timeout = 0ms, .on_timeout = OnTimeout::ignore})
                     .at(0)
                     .second.has_value());
    EXPECT_TRUE(is_alive(ignored.pid));
    send(ignored.pid, GoOn{});
    settle(ignored);
    EXPECT_FALSE(yield(ignored, 0ms).has_value());
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Tasks, TASK_017_a_running_task_is_shut_down_without_a_trace) {
  in_process([] {
    EXPECT_FALSE(shutdown(endless()).has_value());
    const Task<int> trapping = async([test = self()] {
      trap_exit(true);
      send(test, GoOn{});
      receive_value<int>();
      return 0;
    });
    next<GoOn>();
    EXPECT_FALSE(shutdown(trapping, Shutdown::brutal_kill()).has_value());
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Tasks, TASK_018_an_answer_that_is_there_outlives_the_shutdown) {
  in_process([] {
    trap_exit(true);
    for (const Shutdown how : {Shutdown::after(5s), Shutdown::brutal_kill()}) {
      const Task<int> task = async([] { return 3; });
      settle(task);
      EXPECT_EQ(shutdown(task, how)->value(), 3);
      EXPECT_TRUE(mailbox_is_empty());
    }
  });
}

TEST_F(Tasks, TASK_019_a_stubborn_task_is_killed) {
  in_process([] {
    const Task<int> task = async([test = self()] {
      trap_exit(true);
      send(test, GoOn{});
      receive_value<int>();
      return 0;
    });
    next<GoOn>();
    EXPECT_EQ(shutdown(task, Shutdown::after(1ms))->error(), ExitReason::killed());
  });
}

TEST_F(Tasks, TASK_020_ignore_lets_a_task_go) {
  in_process([] {
    trap_exit(true);
    const Task<int> finished = async([] { return 3; });
    settle(finished);
    EXPECT_EQ(ignore(finished)->value(), 3);
    const Task<int> failed = async([]() -> int { exit(ExitReason("oops")); });
    settle(failed);
    EXPECT_EQ(ignore(failed)->error(), ExitReason("oops"));
    EXPECT_EQ(next<Exit>().reason, ExitReason::normal());
    EXPECT_EQ(next<Exit>().reason, ExitReason("oops"));
    const Task<int> running = async([]() -> int {
      receive_value<GoOn>();
      exit(ExitReason("late"));
    });
    EXPECT_FALSE(ignore(running).has_value());
    send(running.pid, GoOn{});
    settle(running);
    EXPECT_TRUE(mailbox_is_empty());
    EXPECT_EQ(failure_of([&] { await(running, 0ms); })->reason, ExitReason::timeout());
  });
}

/// The values of a stream; failures as negative numbers.
template <class Stream>
std::vector<int> values_of(Stream&& stream) {
  std::vector<int> values;
  for (const auto& item : stream) {
    values.push_back(item.result ? *item.result : -static_cast<int>(item.index) - 1);
  }
  return values;
}
const std::vector<int> one_to_four{1, 2, 3, 4};

TEST_F(Tasks, TASK_021_a_stream_keeps_the_order_of_its_inputs) {
  in_process([] {
    const auto slowest_first = [](const int& n) {
      sleep(std::chrono::milliseconds(4 * (4 - n)));
      return n;
    };
    for (const std::size_t concurrency : {2U, 4U, 8U}) {
      EXPECT_EQ(
          values_of(async_stream(one_to_four, slowest_first, {.max_concurrency = concurrency})),
          one_to_four);
      EXPECT_TRUE(eventually([] { return process_info(self())->links.empty(); }));
      EXPECT_TRUE(mailbox_is_empty());
    }
    EXPECT_TRUE(values_of(async_stream(std::vector<int>{}, slowest_first)).empty());
  });
}

TEST_F(Tasks, TASK_022_an_unordered_stream_gives_what_is_ready) {
  in_process([] {
    const Pid test = self();
    // Each waits for its successor: completed in the order 4, 3, 2, 1 whatever the machine does.
    const auto after_the_next = [test](const int& n) {
      register_name("task_022_" + std::to_string(n), self());
      send(test, GoOn{});
      if (n != 4) receive_value<GoOn>();
      if (n != 1) {
        const Name former("task_022_" + std::to_string(n - 1));
        eventually([&] { return whereis(former).has_value(); });
        // The result leaves when the body returns: the former goes on once this one is gone.
        spawn([me = self(), former = *whereis(former)] {
          end_of(me);
          send(former, GoOn{});
        });
      }
      return n;
    };
    EXPECT_EQ(
        values_of(async_stream(one_to_four, after_the_next,
                               {.max_concurrency = 4, .ordered = false, .timeout = infinity})),
        (std::vector<int>{4, 3, 2, 1}));
    EXPECT_EQ(values_of(async_stream(one_to_four, [](const int& n) { return n; },
                                     {.max_concurrency = 1, .ordered = false})),
              one_to_four);
  });
}

TEST_F(Tasks, TASK_023_a_failing_element_is_a_result) {
  in_process([] {
    trap_exit(true);
    std::vector<ExitReason> reasons;
    for (const auto& item : async_stream(
             one_to_four, [](const int& n) -> int { exit(ExitReason(std::to_string(n))); })) {
      reasons.push_back(item.result.error());
    }
    EXPECT_EQ(reasons, (std::vector<ExitReason>{ExitReason("1"), ExitReason("2"), ExitReason("3"),
                                                ExitReason("4")}));
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Tasks, TASK_024_a_late_element_fails_the_caller) {
  in_process([] {
    trap_exit(true);
    const auto failure = failure_of([] {
      values_of(async_stream(one_to_four,
                             [](const int& n) {
                               stay();
                               return n;
                             },
                             {.timeout = 0ms}));
    });
    EXPECT_EQ(failure->reason, ExitReason::timeout());
    EXPECT_TRUE(mailbox_is_empty());
    EXPECT_TRUE(process_info(self())->links.empty());
  });
}

TEST_F(Tasks, TASK_025_a_late_element_may_be_killed_alone) {
  in_process([] {
    trap_exit(true);
    const auto odd_ones_stay = [](const int& n) {
      if (n % 2 == 1) stay();
      return n;
    };
    EXPECT_EQ(values_of(async_stream(
                  one_to_four, odd_ones_stay,
                  {.max_concurrency = 4, .timeout = 500ms, .on_timeout = OnTimeout::kill_task})),
              (std::vector<int>{-1, 2, -3, 4}));
    EXPECT_TRUE(process_info(self())->links.empty());  // nor will an Exit come
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Tasks, TASK_026_a_stream_that_is_left_early_stops_its_tasks) {
  in_process([] {
    {
      auto stream = async_stream(std::vector<int>{0, 1, 2, 3},
                                 [](const int& n) {
                                   if (n != 0) stay();
                                   return n;
                                 },
                                 {.max_concurrency = 4});
      EXPECT_EQ(stream.next()->result.value(), 0);
    }
    EXPECT_TRUE(eventually([] { return process_info(self())->links.empty(); }));
    EXPECT_TRUE(process_info(self())->monitors.empty());
    EXPECT_TRUE(mailbox_is_empty());
  });
}

// Zero takes the default here, and other values than these do not compile.
TEST_F(Tasks, TASK_027_options_that_mean_nothing_are_refused) {
  in_process([] {
    EXPECT_THROW(async_stream(one_to_four, [](const int& n) { return n; },
                              {.on_timeout = OnTimeout::ignore}),
                 std::invalid_argument);
  });
}

TEST_F(Tasks, TASK_028_supervised_tasks_are_children_and_linked) {
  in_process([] {
    const auto supervisor = start_task_supervisor({.name = "T"}).value();
    const auto waiting = [] {
      receive_value<GoOn>();
      return 7;
    };
    const Task<int> task = supervisor.async(waiting);
    ASSERT_EQ(supervisor.which_children().size(), 1U);
    EXPECT_EQ(supervisor.which_children()[0].pid, task.pid);
    const auto links = process_info(task.pid)->links;
    EXPECT_NE(std::ranges::find(links, self()), links.end());
    send(task.pid, GoOn{});
    EXPECT_EQ(await(task), 7);
    const Pid child = supervisor.start_child([] { receive_value<GoOn>(); }).value();
    EXPECT_EQ(process_info(child)->links, std::vector<Pid>{supervisor.address()});
    EXPECT_EQ(values_of(async_stream(one_to_four, [](const int& n) { return n; },
                                     {.supervisor = supervisor})),
              one_to_four);
    supervisor.stop();
  });
}

TEST_F(Tasks, TASK_029_a_nolink_tasks_failure_is_an_answer) {
  in_process([] {
    const auto supervisor = start_task_supervisor({.name = "T"}).value();
    const auto task = supervisor.async_nolink([]() -> int { throw std::runtime_error("boom"); });
    EXPECT_EQ(yield(task, infinity)->error(), boom);
    const auto again = supervisor.async_nolink([]() -> int { throw std::runtime_error("boom"); });
    EXPECT_EQ(failure_of([&] { await(again); })->reason, boom);
    supervisor.stop();
  });
}

TEST_F(Tasks, TASK_030_limits_and_termination) {
  in_process([] {
    const auto supervisor = start_task_supervisor({.name = "T", .max_children = 1}).value();
    const Task<int> task = supervisor.async_nolink([] {
      stay();
      return 0;
    });
    EXPECT_THROW(supervisor.async([] { return 0; }), std::runtime_error);
    EXPECT_TRUE(supervisor.terminate_child(task.pid).has_value());
    EXPECT_EQ(supervisor.terminate_child(task.pid).error().kind, ChildError::Kind::not_found);
    EXPECT_EQ(yield(task, infinity)->error(), ExitReason::shutdown());
    supervisor.stop();
  });
}

TEST_F(Tasks, TASK_031_restart_and_shutdown_of_a_supervised_task) {
  in_process([] {
    const Pid test = self();
    const auto supervisor = start_task_supervisor({.name = "T"}).value();
    const auto body = [test] {
      send(test, self());
      stay();
    };
    const Pid first = supervisor.start_child(body, {.restart = Restart::permanent}).value();
    EXPECT_EQ(next<Pid>(), first);
    exit(first, ExitReason::shutdown());
    const Pid second = next<Pid>();
    EXPECT_NE(second, first);
    const Pid brutal = supervisor.start_child(body, {.shutdown = Shutdown::brutal_kill()}).value();
    next<Pid>();
    const Ref end = monitor(brutal);
    supervisor.stop();
    EXPECT_EQ(down_of(end).reason, ExitReason::killed());
  });
}

TEST_F(Tasks, PROC_048_a_task_knows_its_callers) {
  in_process([] {
    const Pid test = self();
    const auto outer = async([test] {
      const Pid me = self();
      EXPECT_EQ(callers(), std::vector<Pid>{test});
      EXPECT_EQ(process_info(me)->callers, std::vector<Pid>{test});
      await(async([me, test] { EXPECT_EQ(callers(), (std::vector<Pid>{me, test})); }));
    });
    await(outer);
    EXPECT_TRUE(callers().empty());
  });
}

TEST_F(Tasks, an_owner_that_ends_before_its_task_begins_takes_it_along) {
  in_process([] {
    const Pid test = self();
    for (int i = 0; i < 100; ++i) {
      const Pid owner = spawn([test] {
        const Pid pid = spawn([test, owner = self()] {
          detail::run_task(owner, {}, std::make_shared<detail::TaskBody>([](const Alias&) {}));
        });
        send(test, pid);
      });
      end_of(next<Pid>());
      end_of(owner);
    }
    const auto [owner, end] = spawn_monitor([] {});
    down_of(end);
    const auto late = spawn_monitor([owner] {
      detail::run_task(owner, {}, std::make_shared<detail::TaskBody>([](const Alias&) {}));
    });
    EXPECT_EQ(down_of(late.second).reason, ExitReason::shutdown("noproc"));
  });
  EXPECT_TRUE(reports->crashes().empty());
}

}  // namespace
}  // namespace otp::conformance
