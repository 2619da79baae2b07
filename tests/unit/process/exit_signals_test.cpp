// Exit signals where C++ has what Erlang has not: exceptions that can be swallowed, destructors
// that run while a process ends, slots of memory that get a next tenant.
#include <otp/detail/behaviour.h>
#include <otp/process.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "core/asymmetric_fence.h"
#include "process/node.h"

namespace otp {
namespace {

using namespace std::chrono_literals;

class ExitSignals : public ::testing::TestWithParam<unsigned> {
 protected:
  void in_process(std::move_only_function<void()> body) {
    Runtime runtime({.schedulers = GetParam()});
    EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
  }
};

INSTANTIATE_TEST_SUITE_P(Schedulers, ExitSignals, ::testing::Values(1U, 2U));

ExitReason reason_of(Ref ref) { return detail::await_down(ref)->reason; }

/// Starts a process that runs `body`, which says when the signal is to come, and sends it.
ExitReason end_of(std::function<void(Pid parent)> body, const ExitReason& signal) {
  const Pid parent = self();
  const auto [pid, ref] = spawn_monitor([parent, body = std::move(body)] { body(parent); });
  receive_value<int>();
  exit(pid, signal);
  return reason_of(ref);
}

TEST_P(ExitSignals, one_that_is_swallowed_ends_the_process_that_returns) {
  in_process([] {
    const auto swallow = [](Pid parent) {
      try {
        send(parent, 1);
        sleep(infinity);
      } catch (...) {  // NOLINT(bugprone-empty-catch): what is tested
      }
    };
    EXPECT_EQ(end_of(swallow, ExitReason::kill()), ExitReason::killed());
    EXPECT_EQ(end_of(swallow, ExitReason("signal")), ExitReason("signal"));
  });
}

TEST_P(ExitSignals, one_that_is_swallowed_counts_more_than_what_is_thrown_after_it) {
  in_process([] {
    const auto throw_another = [](Pid parent) {
      try {
        send(parent, 1);
        sleep(infinity);
      } catch (...) {
        throw std::runtime_error("another");
      }
    };
    EXPECT_EQ(end_of(throw_another, ExitReason::kill()), ExitReason::killed());
    const auto exit_with_another = [](Pid parent) {
      try {
        send(parent, 1);
        sleep(infinity);
      } catch (...) {
        exit(ExitReason("another"));
      }
    };
    EXPECT_EQ(end_of(exit_with_another, ExitReason("signal")), ExitReason("signal"));
  });
}

TEST_P(ExitSignals, one_that_comes_while_an_exception_unwinds_waits_for_its_end) {
  in_process([] {
    struct Waits {
      Pid parent;
      ~Waits() {
        send(parent, 1);
        sleep(infinity);  // until the signal is there; an exception could not leave here
      }
    };
    const auto unwind = [](Pid parent) {
      const Waits waits{parent};
      throw std::runtime_error("first");
    };
    EXPECT_EQ(end_of(unwind, ExitReason("signal")), ExitReason("signal"));
    EXPECT_EQ(end_of(unwind, ExitReason::kill()), ExitReason::killed());
  });
}

TEST_P(ExitSignals, the_first_counts_even_before_kill) {
  in_process([] {
    const auto [pid, ref] = spawn_monitor([] { sleep(infinity); });
    exit(pid, ExitReason("signal"));
    exit(pid, ExitReason::kill());
    EXPECT_EQ(reason_of(ref), ExitReason("signal"));
  });
}

TEST_P(ExitSignals, a_kill_of_the_dead_says_nothing_of_who_has_the_slot_next) {
  in_process([] {
    const detail::ProcessTable& table = detail::current_node()->table();
    const auto [dead, ref] = spawn_monitor([] {});
    EXPECT_EQ(reason_of(ref), ExitReason::normal());
    const detail::Process& slot = *table.slot(dead);
    exit(dead, ExitReason::kill());
    EXPECT_EQ(slot.killed_serial.load(), dead.serial);
    Pid next;
    for (int tries = 0; tries < 1000 && next.id != dead.id; ++tries) {
      const auto [pid, gone] = spawn_monitor([&next, &slot] {
        next = self();
        EXPECT_TRUE(slot.pid() != next || slot.killed_serial.load() != next.serial);
      });
      EXPECT_EQ(reason_of(gone), ExitReason::normal());
    }
    EXPECT_TRUE(next.id == dead.id || GetParam() != 1);
  });
}

TEST_P(ExitSignals, whoever_asks_for_a_process_that_runs_its_destructors_is_told_it_is_none) {
  in_process([] {
    std::atomic<bool> answered{false};
    struct Last {
      explicit Last(std::atomic<bool>& until) : parent(self()), end(until) {}
      Last(const Last&) = delete;
      Last& operator=(const Last&) = delete;
      ~Last() {
        EXPECT_EQ(detail::request_deadline(), 0);
        send(parent, 1);
        while (!end) sleep(0ms);  // it looks at what has come
      }
      Pid parent;
      std::atomic<bool>& end;
    };
    const auto [pid, ref] = spawn_monitor([last = std::make_unique<Last>(answered)] {});
    receive_value<int>();
    EXPECT_FALSE(process_info(pid).has_value());
    answered = true;
    EXPECT_EQ(reason_of(ref), ExitReason::normal());
  });
}

TEST_P(ExitSignals, what_invoke_runs_may_go_on_when_its_process_is_declared_over) {
  if (!detail::has_asymmetric_fence) GTEST_SKIP() << "nobody is declared over here";
  std::atomic<bool> spins{true};
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> whom{0};
  Runtime runtime({.schedulers = GetParam()});
  std::thread killer([&] {
    while (whom == 0) std::this_thread::yield();
    runtime.invoke([&] { exit(detail::unpacked(whom), ExitReason::kill()); });
  });
  const auto spin = [&, text = std::string("its own, and too long for a small string")] {
    whom = detail::packed(self());
    while (spins) std::this_thread::yield();
    over = true;
    return text;
  };
  EXPECT_THROW(runtime.invoke(spin), std::runtime_error);
  killer.join();
  spins = false;
  while (!over) std::this_thread::yield();
}

}  // namespace
}  // namespace otp
