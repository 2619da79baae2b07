// Mailbox limits, long queues, messages of priority, requests whose callers have given up.
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>
#include <otp/sys.h>
#include <otp/testing/simulation.h>

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mailbox.otp.h"

namespace mailbox {
namespace {

using namespace std::chrono_literals;
using Numbers = std::vector<std::uint32_t>;

template <class Base>
class Keeps : public Base {
  otp::Init init() override { return otp::ok(); }
  otp::NoReply put(std::uint32_t n) override {
    taken_.push_back(n);
    return {};
  }
  otp::Reply<Numbers> taken(otp::From<Numbers>) override { return taken_; }

 protected:
  Numbers taken_;
};

template <class Base>
class KeepsUrgent : public Keeps<Base> {
  otp::NoReply urgent(std::uint32_t n) override {
    this->taken_.push_back(n);
    return {};
  }
};

/// Its handler of `put(0)` is interrupted by nothing, and puts something urgent into its own
/// mailbox.
class UrgentImpl final : public KeepsUrgent<UrgentServer> {
  otp::NoReply put(std::uint32_t n) override {
    taken_.push_back(n);
    if (n == 0) Urgent(otp::self()).urgent(100);
    return {};
  }
  otp::Reply<Numbers> taken_now(otp::From<Numbers>) override { return taken_; }
};

class PatientImpl final : public PatientServer {
  otp::Init init(PatientArgs args) override {
    behind_ = args.behind;
    return otp::ok();
  }
  otp::Reply<std::chrono::nanoseconds> left(otp::From<std::chrono::nanoseconds>) override {
    ++count_;
    return otp::time_left().value;
  }
  otp::Reply<std::chrono::nanoseconds> nested(otp::From<std::chrono::nanoseconds>) override {
    otp::sleep(5s);
    return Patient(behind_).left(otp::time_left());
  }
  otp::Reply<std::uint32_t> count(otp::From<std::uint32_t>) override { return count_; }
  otp::Pid behind_;
  std::uint32_t count_ = 0;
};

class Mailbox : public ::testing::Test {
 protected:
  void simulated(std::move_only_function<void()> body) {
    otp::testing::Simulation simulation;
    EXPECT_EQ(simulation.run(std::move(body)), otp::ExitReason::normal());
  }
  /// Puts 1 to `n` while the server does not look.
  template <class Server>
  static Server filled(std::uint32_t n) {
    const Server server = Server::start_link().value();
    otp::sys::suspend(server);
    for (std::uint32_t i = 1; i <= n; ++i) server.put(i);
    return server;
  }
};

TEST_F(Mailbox, reject_and_drop_newest_lose_what_is_too_much) {
  simulated([] {
    const auto reject = filled<Reject>(5);
    EXPECT_EQ(reject.try_taken().error().reason, otp::ExitReason("overloaded"));
    otp::sys::resume(reject);
    otp::sleep(1ms);
    EXPECT_EQ(reject.taken(), (Numbers{1, 2, 3}));
    const auto newest = filled<DropNewest>(5);
    otp::sys::resume(newest);
    otp::sleep(1ms);
    EXPECT_EQ(newest.taken(), (Numbers{1, 2, 3}));
  });
}

TEST_F(Mailbox, drop_oldest_keeps_the_newest) {
  simulated([] {
    const auto server = filled<DropOldest>(5);
    otp::sys::resume(server);
    otp::sleep(1ms);
    EXPECT_EQ(server.taken(), (Numbers{3, 4, 5}));
  });
}

TEST_F(Mailbox, messages_of_priority_go_before_the_others_and_keep_their_order) {
  simulated([] {
    const auto server = filled<Urgent>(3);
    server.urgent(101);
    server.put(4);
    server.urgent(102);
    otp::sys::resume(server);
    EXPECT_EQ(server.taken(), (Numbers{101, 102, 1, 2, 3, 4}));
  });
}

TEST_F(Mailbox, a_message_of_priority_goes_before_what_the_server_has_looked_at_already) {
  simulated([] {
    const auto server = filled<Urgent>(0);
    server.put(1);
    server.put(0);
    server.put(2);
    server.put(3);
    otp::sys::resume(server);
    EXPECT_EQ(server.taken(), (Numbers{1, 0, 100, 2, 3}));
  });
}

TEST_F(Mailbox, a_call_of_priority_does_not_wait_for_the_casts_before_it) {
  simulated([] {
    const auto server = filled<Urgent>(3);
    otp::spawn_link([server, me = otp::self()] { otp::send(me, server.taken_now()); });
    otp::sleep(1ms);
    otp::sys::resume(server);
    EXPECT_EQ(otp::receive_value<Numbers>(), Numbers{});
    EXPECT_EQ(server.taken(), (Numbers{1, 2, 3}));
  });
}

TEST_F(Mailbox, a_flood_of_priority_keeps_its_order) {
  constexpr std::uint32_t many = 100'000;
  otp::Runtime runtime({.schedulers = 2});
  runtime.run([] {
    const auto server = filled<Urgent>(0);
    server.put(0);
    for (std::uint32_t i = 1; i <= many; ++i) server.urgent(i);
    otp::sys::resume(server);
    const Numbers taken = server.taken();
    ASSERT_EQ(taken.size(), many + 2);
    for (std::uint32_t i = 0; i < many; ++i) ASSERT_EQ(taken[i], i + 1);
    EXPECT_EQ(taken[many], 0U);
  });
}

TEST_F(Mailbox, what_has_priority_counts_and_is_dropped_last) {
  simulated([] {
    const auto oldest = filled<UrgentDropOldest>(3);
    oldest.urgent(101);
    oldest.urgent(102);
    otp::sys::resume(oldest);
    otp::sleep(1ms);
    EXPECT_EQ(oldest.taken(), (Numbers{101, 102, 3}));
    otp::sys::suspend(oldest);
    for (std::uint32_t i = 1; i <= 5; ++i) oldest.urgent(200 + i);
    otp::sys::resume(oldest);
    otp::sleep(1ms);
    EXPECT_EQ(oldest.taken(), (Numbers{101, 102, 3, 203, 204, 205}));
    const auto reject = filled<UrgentReject>(3);
    reject.urgent(101);
    otp::sys::resume(reject);
    otp::sleep(1ms);
    EXPECT_EQ(reject.taken(), (Numbers{1, 2, 3}));
  });
}

TEST_F(Mailbox, block_makes_the_sender_wait_for_room) {
  simulated([] {
    const auto server = filled<Block>(3);
    const otp::Pid sender = otp::spawn([server] {
      for (std::uint32_t i = 4; i <= 9; ++i) server.put(i);
    });
    otp::sleep(1ms);
    EXPECT_TRUE(otp::is_alive(sender));  // waits with the fourth
    otp::sys::resume(server);
    otp::sleep(1ms);
    EXPECT_FALSE(otp::is_alive(sender));
    EXPECT_EQ(server.taken(), (Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  });
}

TEST_F(Mailbox, who_waits_for_room_can_be_killed_and_is_freed_by_the_servers_end) {
  simulated([] {
    const Block server = Block::start().value();
    otp::sys::suspend(server);
    for (std::uint32_t i = 1; i <= 3; ++i) server.put(i);
    const auto [killed, end] = otp::spawn_monitor([server] { server.put(4); });
    const auto [freed, free_end] = otp::spawn_monitor([server] { server.put(5); });
    otp::sleep(1ms);
    otp::exit(killed, otp::ExitReason("enough"));
    EXPECT_EQ(otp::detail::await_down(end)->reason, otp::ExitReason("enough"));
    otp::exit(server.address(), otp::ExitReason::kill());
    EXPECT_EQ(otp::detail::await_down(free_end)->reason, otp::ExitReason::normal());
  });
}

TEST_F(Mailbox, many_blocked_senders_lose_nothing) {
  otp::Runtime runtime({.schedulers = 2});
  runtime.run([] {
    const Block server = Block::start_link().value();
    std::vector<otp::Ref> ends;
    for (std::uint32_t sender = 0; sender < 8; ++sender) {
      ends.push_back(otp::spawn_monitor([server, sender] {
                       for (std::uint32_t i = 0; i < 500; ++i) server.put(sender);
                     }).second);
    }
    for (const otp::Ref end : ends) otp::detail::await_down(end);
    EXPECT_EQ(server.taken().size(), 8U * 500);
  });
}

TEST_F(Mailbox, a_long_queue_is_reported_once) {
  struct Warnings final : otp::ReportSink {
    void write(const otp::Report& report) noexcept override {
      const std::lock_guard lock(mutex);
      if (const auto* warning = std::get_if<otp::WarningReport>(&report))
        texts.push_back(warning->text);
    }
    std::mutex mutex;
    std::vector<std::string> texts;
  };
  const auto warnings = std::make_shared<Warnings>();
  otp::Runtime runtime({.schedulers = 1, .long_message_queue = 100, .reports = warnings});
  runtime.run([] {
    for (int i = 0; i < 200; ++i) otp::send(otp::self(), i);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(otp::receive_value<int>(), i);
  });
  ASSERT_EQ(warnings->texts.size(), 1U);
  EXPECT_TRUE(warnings->texts.front().starts_with("long message queue: "));
}

TEST_F(Mailbox, a_handler_knows_how_long_its_caller_waits) {
  simulated([] {
    const Patient patient = Patient::start_link({.behind = {}}).value();
    EXPECT_EQ(patient.left(7s), 7s);
    EXPECT_EQ(patient.left(otp::infinity), 5s);  // what it asks for, when there is no limit
    EXPECT_EQ(otp::time_left(3s).value, 3s);     // no request is being handled here
    const Patient front = Patient::start_link({.behind = patient.address()}).value();
    EXPECT_EQ(std::chrono::round<std::chrono::seconds>(front.nested(20s)), 15s);
  });
}

TEST_F(Mailbox, a_request_whose_caller_has_given_up_is_skipped_when_asked_for) {
  simulated([] {
    const Patient patient = Patient::start_link({.behind = {}}).value();
    otp::sys::suspend(patient);
    EXPECT_EQ(patient.try_left(1s).error().reason, otp::ExitReason::timeout());
    otp::sys::resume(patient);
    EXPECT_EQ(patient.count(), 0U);
  });
}

}  // namespace

std::unique_ptr<RejectServer> RejectServer::create() {
  return std::make_unique<Keeps<RejectServer>>();
}
std::unique_ptr<DropNewestServer> DropNewestServer::create() {
  return std::make_unique<Keeps<DropNewestServer>>();
}
std::unique_ptr<DropOldestServer> DropOldestServer::create() {
  return std::make_unique<Keeps<DropOldestServer>>();
}
std::unique_ptr<BlockServer> BlockServer::create() {
  return std::make_unique<Keeps<BlockServer>>();
}
std::unique_ptr<UrgentServer> UrgentServer::create() { return std::make_unique<UrgentImpl>(); }
std::unique_ptr<UrgentDropOldestServer> UrgentDropOldestServer::create() {
  return std::make_unique<KeepsUrgent<UrgentDropOldestServer>>();
}
std::unique_ptr<UrgentRejectServer> UrgentRejectServer::create() {
  return std::make_unique<KeepsUrgent<UrgentRejectServer>>();
}
std::unique_ptr<PatientServer> PatientServer::create() { return std::make_unique<PatientImpl>(); }

}  // namespace mailbox
