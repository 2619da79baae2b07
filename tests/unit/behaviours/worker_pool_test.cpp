// Pools of workers, which OTP does not have: who is lent a worker, who waits, who is replaced.
#include <otp/runtime.h>
#include <otp/testing/simulation.h>
#include <otp/worker_pool.h>

#include <chrono>
#include <expected>
#include <memory>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>

#include "simulated.h"

namespace otp {
namespace {

using namespace std::chrono_literals;

std::expected<StartedChild, StartError> start_idle() {
  return spawn_link([] { sleep(infinity); });
}
WorkerPool pool_of(std::size_t size, std::size_t max_overflow = 0,
                   decltype(ChildSpec::start) start = &start_idle) {
  return WorkerPool::start_link(
             {.worker =
                  [start = std::move(start)] { return ChildSpec{.id = "worker", .start = start}; },
              .size = size,
              .max_overflow = max_overflow})
      .value();
}

TEST(WorkerPools, a_worker_is_lent_to_one_at_a_time) {
  simulated([] {
    const WorkerPool pool = pool_of(2);
    const Pid first = pool.check_out().value();
    const Pid second = pool.check_out().value();
    EXPECT_NE(first, second);
    EXPECT_EQ(pool.check_out(1s).error().reason, ExitReason::timeout());
    pool.check_in(first);
    EXPECT_EQ(pool.check_out().value(), first);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.lent = 2}));
  });
}

TEST(WorkerPools, a_transaction_gives_the_worker_back_in_every_case) {
  simulated([] {
    const WorkerPool pool = pool_of(1);
    EXPECT_EQ(pool.transaction([](Pid) { return 7; }), 7);
    EXPECT_THROW(pool.transaction([](Pid) -> int { throw std::runtime_error("x"); }),
                 std::runtime_error);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.idle = 1}));
  });
}

TEST(WorkerPools, who_waits_is_served_in_turn) {
  simulated([] {
    const WorkerPool pool = pool_of(1);
    const Pid worker = pool.check_out().value();
    for (int i = 0; i < 3; ++i) {
      spawn([pool, i, test = self()] { pool.transaction([&](Pid) { send(test, i); }); });
      sleep(1ms);
    }
    EXPECT_EQ(pool.status().waiting, 3U);
    pool.check_in(worker);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(receive_value<int>(), i);
  });
}

TEST(WorkerPools, overflow_workers_come_and_go) {
  simulated([] {
    const WorkerPool pool = pool_of(1, 1);
    const Pid first = pool.check_out().value();
    const Pid more = pool.check_out().value();
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.lent = 2, .overflow = 1}));
    EXPECT_FALSE(pool.check_out(1s));
    pool.check_in(more);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.lent = 1}));
    EXPECT_FALSE(is_alive(more));
    pool.check_in(first);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.idle = 1}));
  });
}

TEST(WorkerPools, a_worker_that_ends_and_one_whose_borrower_ends_are_replaced) {
  simulated([] {
    const WorkerPool pool = pool_of(1);
    const Pid first = pool.check_out().value();
    pool.check_in(first);
    crash(first);
    sleep(1ms);
    Pid second;
    const Pid borrower = spawn([&] {
      second = pool.check_out().value();
      sleep(infinity);
    });
    sleep(1ms);
    EXPECT_NE(second, first);
    crash(borrower);
    sleep(1ms);
    EXPECT_FALSE(is_alive(second));
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.idle = 1}));
  });
}

// The worker is on its way when the time is over.
TEST(WorkerPools, what_was_lent_to_who_has_given_up_comes_back) {
  testing::Simulation simulation;
  simulation.run([&] {
    const WorkerPool pool = pool_of(1);
    const Pid worker = pool.check_out().value();
    const Pid late = spawn([pool, test = self()] {
      const auto lent = pool.check_out(10ms);
      send(test, lent ? ExitReason::normal() : lent.error().reason);
      sleep(infinity);
    });
    sleep(5ms);
    simulation.delay(late, 20ms);
    pool.check_in(worker);
    EXPECT_EQ(receive_value<ExitReason>(), ExitReason::timeout());
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.idle = 1}));
    EXPECT_EQ(pool.check_out(1ms).value(), worker);
  });
}

TEST(WorkerPools, who_waits_for_a_worker_is_told_that_the_pool_has_ended) {
  simulated([] {
    trap_exit(true);
    const WorkerPool pool = pool_of(1);
    pool.check_out().value();
    for (int i = 0; i < 2; ++i)
      spawn([pool, test = self()] { send(test, pool.check_out(infinity).error().reason); });
    while (pool.status().waiting != 2) sleep(1ms);
    exit(pool.address(), ExitReason::kill());
    for (int i = 0; i < 2; ++i) EXPECT_EQ(receive_value<ExitReason>(), ExitReason::killed());
  });
}

// Its request is neither in the mailbox nor in the queue.
TEST(WorkerPools, who_waits_for_the_start_of_a_worker_is_told_that_the_pool_has_ended) {
  simulated([] {
    trap_exit(true);
    const auto starts = std::make_shared<int>(0);
    const WorkerPool pool = pool_of(1, 1, [starts] {
      if (++*starts == 2) sleep(infinity);
      return start_idle();
    });
    pool.check_out().value();
    spawn([pool, test = self()] { send(test, pool.check_out(infinity).error().reason); });
    while (*starts != 2) sleep(1ms);
    exit(pool.address(), ExitReason::kill());
    EXPECT_EQ(receive_value<ExitReason>(), ExitReason::killed());
  });
}

TEST(WorkerPools, who_waits_is_told_why_no_worker_can_be_started) {
  simulated([] {
    const auto starts = std::make_shared<int>(0);
    const WorkerPool pool = pool_of(1, 1, [starts]() -> std::expected<StartedChild, StartError> {
      if (++*starts != 2) return start_idle();
      return std::unexpected(
          StartError{.kind = StartError::Kind::error, .reason = ExitReason("no_more"), .pid = {}});
    });
    pool.check_out().value();
    EXPECT_EQ(pool.check_out(infinity).error().reason, ExitReason("no_more"));
    EXPECT_TRUE(pool.check_out(infinity));
  });
}

TEST(WorkerPools, who_has_ended_or_given_up_is_passed_over) {
  simulated([] {
    const WorkerPool pool = pool_of(1);
    const Pid worker = pool.check_out().value();
    const auto borrower = [pool, test = self()](Timeout timeout) {
      const Pid pid = spawn([=] {
        send(test, pool.check_out(timeout).has_value());
        sleep(infinity);
      });
      sleep(1ms);
      return pid;
    };
    const Pid dead = borrower(infinity);
    borrower(10ms);
    const Pid waiting = borrower(infinity);
    const Pid last = borrower(20ms);
    crash(dead);
    EXPECT_EQ(receive_value<bool>(), false);
    EXPECT_EQ(receive_value<bool>(), false);
    pool.check_in(worker);
    EXPECT_EQ(receive_value<bool>(), true);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.lent = 1}));
    crash(last);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.lent = 1}));
    crash(waiting);
    EXPECT_NE(pool.check_out().value(), worker);
  });
}

TEST(WorkerPools, a_worker_that_ends_while_it_is_lent_is_replaced) {
  simulated([] {
    const WorkerPool pool = pool_of(1, 1);
    const Pid first = pool.check_out().value();
    const Pid more = pool.check_out().value();
    crash(more);
    while (pool.status().overflow != 0) sleep(1ms);
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.lent = 1}));
    crash(first);
    while (pool.status().idle == 0) sleep(1ms);
    pool.check_in(first);  // nobody's business
    EXPECT_EQ(pool.status(), (WorkerPoolStatus{.idle = 1}));
  });
}

}  // namespace
}  // namespace otp
